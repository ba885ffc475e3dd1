#include "figure_words.h"

#include <algorithm>
#include <map>
#include <set>

#include "edit_words.h"
#include "token_label.h"

namespace headlight {
namespace {

// "all heads", "layer 2", "L0 H1", joined; long lists end with a count.
std::string heads_words(const std::vector<HeadId>& heads, const ModelConfig& config) {
  if (static_cast<int>(heads.size()) == config.layers * config.heads && heads.size() > 1)
    return "all heads";
  constexpr std::size_t most = 8;
  std::map<int, std::vector<HeadId>> layers;
  for (HeadId id : heads) layers[id.layer].push_back(id);
  std::vector<std::string> names;
  for (const auto& [layer, ids] : layers) {
    if (config.heads > 1 && static_cast<int>(ids.size()) == config.heads)
      names.push_back("layer " + std::to_string(layer));
    else
      for (HeadId id : ids) names.push_back(to_string(id));
  }
  std::string text;
  for (std::size_t i = 0; i < std::min(names.size(), most); ++i)
    text += (text.empty() ? "" : ", ") + names[i];
  if (names.size() > most) text += " and " + std::to_string(names.size() - most) + " more";
  return text;
}

}  // namespace

std::string figure_label(const Token& token) {
  const std::string label = token_label(token, 40);
  // U+2068 and U+2069 isolate the label: Arabic stays in its place among other labels.
  return "\u2068" + label + "\u2069";
}

std::string text_of(const Trace& trace) {
  const Model& model = trace.model();
  if (!model.tokenizer) return {};
  std::vector<int> ids;
  for (const Token& token : trace.tokens()) ids.push_back(token.id);
  return valid_utf8(model.tokenizer->decode(ids));
}

std::string default_title(const ModelConfig& config, const std::string& name,
                          const std::vector<HeadId>& heads) {
  std::string what;
  if (heads.size() == 1) {
    what = to_string(heads[0]);
  } else if (static_cast<int>(heads.size()) == config.layers * config.heads) {
    what = "all heads";
  } else {
    std::set<int> layers;
    for (HeadId id : heads) layers.insert(id.layer);
    const bool one = layers.size() == 1;
    what = std::to_string(heads.size()) + " heads";
    if (one && static_cast<int>(heads.size()) == config.heads)
      what = "layer " + std::to_string(*layers.begin());
  }
  return name + "  " + what;
}

std::string head_label(HeadId head, const Trace& edited, Shown shown) {
  const auto found = edited.edits().find(head);
  if (found == edited.edits().end() || shown == Shown::baseline) return to_string(head);
  const HeadEdit& edit = found->second;
  if (edit.gain == 0.0f) return to_string(head) + " pruned";
  return to_string(head) + (edit.is_identity() ? "" : " edited");
}

std::string edits_sentence(const Edits& edits, const ModelConfig& config) {
  std::vector<std::pair<std::string, std::vector<HeadId>>> groups;
  for (const auto& [id, edit] : normalized(edits)) {
    const std::string words = edit_words(edit);
    const auto group = std::find_if(groups.begin(), groups.end(),
                                    [&](const auto& entry) { return entry.first == words; });
    if (group == groups.end())
      groups.push_back({words, {id}});
    else
      group->second.push_back(id);
  }
  std::string text;
  for (const auto& [words, heads] : groups)
    text += (text.empty() ? "" : "; ") + heads_words(heads, config) + " " + words;
  return text;
}

std::vector<std::string> subtitle_lines(const Trace& edited, const FigureRequest& request) {
  const Display& display = request.display;
  const std::string edits = edits_sentence(edited.edits(), edited.model().config);
  std::vector<std::string> lines;
  if (display.shown == Shown::baseline && !edits.empty())
    lines.push_back("baseline, without the edits");
  if (display.shown == Shown::edited && !edits.empty()) lines.push_back(edits);
  if (display.shown == Shown::difference)
    lines.push_back("edited \u2212 baseline: " + (edits.empty() ? "no edits" : edits));
  std::string notices;
  const auto add = [&](const char* notice) {
    notices += (notices.empty() ? "" : " \u00B7 ") + std::string(notice);
  };
  if (display.hide_first) add("first token hidden, the rest of each row scaled to sum to 1");
  if (display.scale == Scale::log) add("log scale");
  if (display.range == Range::row) add("each row scaled to its own largest");
  if (!notices.empty()) lines.push_back(notices);
  return lines;
}

}  // namespace headlight
