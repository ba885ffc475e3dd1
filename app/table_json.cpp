#include "figure_metadata.h"
#include "figure_words.h"
#include "head_summary.h"
#include "session.h"
#include "table.h"

namespace headlight {
namespace {

// "[a,b]" of what `print` appends for each element.
template <typename List, typename Print>
void append_list(std::string& json, const List& list, Print print) {
  json += '[';
  bool first = true;
  for (const auto& element : list) {
    if (!first) json += ',';
    first = false;
    print(element);
  }
  json += ']';
}

void append_head(std::string& json, const Trace& baseline, const Trace& edited, HeadId id,
                 const Display& display) {
  const Trace& run = display.shown == Shown::baseline ? baseline : edited;
  const auto tokens = static_cast<std::size_t>(run.size());
  const std::vector<float> weights = shown_weights(baseline, edited, id, display);
  json += "\n  {\"layer\":" + std::to_string(id.layer) + ",\"head\":" + std::to_string(id.head) +
          ",\"weights\":[";
  for (std::size_t query = 0; query < tokens; ++query) {
    if (query > 0) json += ',';
    const std::span<const float> row(weights.data() + query * tokens, tokens);
    append_list(json, row, [&](float weight) { append_number(json, weight); });
  }
  std::vector<float> plain(tokens * tokens);
  AttentionScratch scratch;
  run.weights(id, plain.data(), scratch);
  const HeadStats stats = head_stats(plain.data(), run.size());
  const auto number = [&](const char* name, float value) {
    json += std::string(",\"") + name + "\":";
    append_number(json, value);
  };
  json += ']';
  number("entropy", stats.entropy);
  number("mean_distance", stats.distance);
  number("maximum", stats.maximum);
  number("sink_share", stats.sink_share);
  json += '}';
}

}  // namespace

std::string json_table(const Trace& baseline, const Trace& edited, const FigureRequest& request) {
  const Display& display = request.display;
  const char* shown = display.shown == Shown::baseline ? "baseline"
                      : display.shown == Shown::edited ? "edited"
                                                       : "difference";
  std::string json = "{\"model\":" + json_string(edited.model().name) +
                     ",\n \"text\":" + json_string(text_of(edited)) + ",\n \"tokens\":";
  append_list(json, edited.tokens(), [&](const Token& token) { json += json_string(token.text); });
  json += ",\n \"token_ids\":";
  append_list(json, edited.tokens(), [&](const Token& token) { json += std::to_string(token.id); });
  json += ",\n \"edits\":" + edits_json(edited.edits()) + ",\n \"shown\":\"" + shown +
          "\",\n \"hide_first\":" + (display.hide_first ? "true" : "false") + ",\n \"heads\":";
  append_list(json, request.heads,
              [&](HeadId id) { append_head(json, baseline, edited, id, display); });
  return json + "}\n";
}

}  // namespace headlight
