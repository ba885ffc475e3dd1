#include "table.h"

namespace headlight {
namespace {

std::string quoted(const std::string& text) {
  std::string field = "\"";
  for (char c : text) {
    if (c == '"') field += '"';
    field += c;
  }
  return field + '"';
}

}  // namespace

std::string csv_table(const Trace& baseline, const Trace& edited, const FigureRequest& request) {
  const std::vector<Token>& tokens = edited.tokens();
  std::vector<std::string> names;
  for (const Token& token : tokens) names.push_back(quoted(token.text));

  std::string csv = "layer,head,query,key,query_token,key_token,weight\r\n";
  for (HeadId id : request.heads) {
    const std::vector<float> weights = shown_weights(baseline, edited, id, request.display);
    const std::string place = std::to_string(id.layer) + ',' + std::to_string(id.head) + ',';
    for (std::size_t query = 0; query < tokens.size(); ++query) {
      for (std::size_t key = 0; key < tokens.size(); ++key) {
        csv += place;
        csv += std::to_string(query);
        csv += ',';
        csv += std::to_string(key);
        csv += ',';
        csv += names[query];
        csv += ',';
        csv += names[key];
        csv += ',';
        append_number(csv, weights[query * tokens.size() + key]);
        csv += "\r\n";
      }
    }
  }
  return csv;
}

}  // namespace headlight
