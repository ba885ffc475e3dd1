#include "figure_metadata.h"

#include <nlohmann/json.hpp>

#include "figure_words.h"
#include "session.h"

namespace headlight {
namespace {

const char* name_of(Shown shown) {
  return shown == Shown::baseline ? "baseline" : shown == Shown::edited ? "edited" : "difference";
}

}  // namespace

std::string json_string(const std::string& text) {
  return nlohmann::json(text).dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
}

FigureMetadata figure_metadata(const Trace& edited, const FigureRequest& request) {
  const Model& model = edited.model();
  const std::string text = text_of(edited);
  FigureMetadata metadata;
  metadata.title = request.title.empty() ? default_title(model.config, model.name, request.heads)
                                         : valid_utf8(request.title);
  const std::string edits = edits_sentence(edited.edits(), model.config);
  metadata.description = "Attention weights, rows are queries and columns are keys. Model " +
                         model.name + ". Text: " + text +
                         ". Shown: " + name_of(request.display.shown) +
                         ". Edits: " + (edits.empty() ? "none" : edits) + ".";

  std::string heads;
  for (HeadId id : request.heads) heads += (heads.empty() ? "" : ",") + json_string(to_string(id));
  std::string ids;
  for (const Token& token : edited.tokens())
    ids += (ids.empty() ? "" : ",") + std::to_string(token.id);
  metadata.json = "{\"program\":\"Headlight\",\"model\":" + json_string(model.name) +
                  ",\"text\":" + json_string(text) + ",\"token_ids\":[" + ids + "],\"heads\":[" +
                  heads + "],\"shown\":\"" + name_of(request.display.shown) +
                  "\",\"edits\":" + edits_json(edited.edits()) + "}";
  return metadata;
}

}  // namespace headlight
