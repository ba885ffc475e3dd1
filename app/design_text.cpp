#include "design_text.h"

#include <cstdio>
#include <utility>
#include <vector>

namespace headlight {
namespace {

std::string head_text(const HeadDesign& design) {
  std::string text;
  const auto add = [&](const std::string& part) { text += (text.empty() ? "" : " ") + part; };
  if (!design.mask.is_full()) add(to_string(design.mask));
  if (design.pool > 1) add("pool " + std::to_string(design.pool));
  if (design.temperature != 1.0f) {
    char temperature[32];
    std::snprintf(temperature, sizeof temperature, "temperature %g", design.temperature);
    add(temperature);
  }
  return text.empty() ? "plain" : text;
}

}  // namespace

std::string design_text(const Model& model) {
  const ModelConfig& config = model.config;
  std::vector<std::pair<std::string, int>> kinds;  // of the first layer, in the heads' order
  for (int head = 0; head < config.heads && !config.head_designs.empty(); ++head) {
    const std::string text = head_text(*config.design_of({0, head}));
    if (kinds.empty() || kinds.back().first != text) kinds.emplace_back(text, 0);
    ++kinds.back().second;
  }
  std::string text;
  const auto add = [&](const std::string& part) { text += (text.empty() ? "" : ", ") + part; };
  for (const auto& [kind, count] : kinds) add(std::to_string(count) + " " + kind);
  if (kinds.empty()) {
    add(std::to_string(config.heads) + (config.key_value_heads < config.heads ? " query" : "") +
        " heads");
  }
  if (config.key_value_heads < config.heads) {
    add(std::to_string(config.key_value_heads) + " key-value head" +
        (config.key_value_heads == 1 ? "" : "s"));
  }
  if (!model.weights.blocks.empty() && !model.weights.blocks.front().temperature.empty()) {
    add("learned temperatures");
  }
  if (config.convolution > 0) {
    add("convolution of " + std::to_string(config.convolution) + " taps");
  }
  if (config.routing.any()) {
    add("router: " + std::to_string(config.routing.shared_heads) + " shared, top " +
        std::to_string(config.routing.top_k) + " of " +
        std::to_string(config.heads - config.routing.shared_heads));
  }
  return text;
}

}  // namespace headlight
