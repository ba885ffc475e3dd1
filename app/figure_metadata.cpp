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

std::string xml_text(const std::string& text) {
  std::string escaped;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const auto byte = static_cast<unsigned char>(text[i]);
    // U+FFFE and U+FFFF are no characters of XML either.
    const bool nonchar = byte == 0xEF && i + 2 < text.size() && text[i + 1] == '\xBF' &&
                         (text[i + 2] == '\xBE' || text[i + 2] == '\xBF');
    if (nonchar) {
      escaped += "\uFFFD";
      i += 2;
    } else if (byte < 0x20 && byte != '\t' && byte != '\n') {
      escaped += "\uFFFD";
    } else if (byte == '&') {
      escaped += "&amp;";
    } else if (byte == '<') {
      escaped += "&lt;";
    } else if (byte == '>') {
      escaped += "&gt;";
    } else if (byte == '"') {
      escaped += "&quot;";
    } else if (byte == '\'') {
      escaped += "&apos;";
    } else {
      escaped += text[i];
    }
  }
  return escaped;
}

std::string with_sharp_images(std::string svg) {
  // Viewers know the one or the other word; each takes the last that it knows.
  const std::string style = "style=\"image-rendering:optimizeSpeed;image-rendering:pixelated\" ";
  const std::string image = "<image ";
  for (std::size_t at = svg.find(image); at != std::string::npos; at = svg.find(image, at + 1))
    svg.insert(at + image.size(), style);
  return svg;
}

std::string with_metadata(const std::string& svg, const FigureMetadata& metadata) {
  const std::size_t root = svg.find("<svg");
  const std::size_t end = root == std::string::npos ? root : svg.find('>', root);
  if (end == std::string::npos) return svg;
  return svg.substr(0, end + 1) + "\n<title>" + xml_text(metadata.title) + "</title>\n<desc>" +
         xml_text(metadata.description) + "</desc>\n<metadata>" + xml_text(metadata.json) +
         "</metadata>" + svg.substr(end + 1);
}

}  // namespace headlight
