#include "head_design_file.h"

#include <cmath>
#include <stdexcept>

namespace headlight {
namespace {

HeadDesign read_design(const ConfigFile& file) {
  file.refuse_unknown({"mask", "temperature", "pool"});
  HeadDesign design;
  if (file.has("mask")) {
    try {
      design.mask = parse_mask(file.text("mask"));
    } catch (const std::invalid_argument& error) {
      file.refuse("mask", error.what());
    }
  }
  design.temperature = file.number("temperature", 1.0f);
  if (!(design.temperature > 0.0f)) file.refuse("temperature", "expected a number above 0");
  design.pool = file.integer("pool", 1);
  if (design.pool < 1 || design.pool > 1 << 24) file.refuse("pool", "expected 1 to 16777216");
  return design;
}

void read_layer(const ConfigFile& file, const std::vector<ConfigFile>& heads, ModelConfig& config) {
  if (static_cast<int>(heads.size()) != config.heads) {
    file.refuse("heads", "describes " + std::to_string(heads.size()) + " heads, but a layer has " +
                             std::to_string(config.heads));
  }
  for (const ConfigFile& head : heads) config.head_designs.push_back(read_design(head));
  const auto layer = config.head_designs.end() - config.heads;
  const int group = config.heads / config.key_value_heads;
  for (int head = 0; head < config.heads; ++head) {
    if (layer[head].pool == layer[head / group * group].pool) continue;
    file.refuse("heads", "heads " + std::to_string(head / group * group) + " and " +
                             std::to_string(head) +
                             " share keys and values, but have different pools");
  }
}

}  // namespace

void read_designs(const ConfigFile& file, ModelConfig& config) {
  // check(config) comes later, and says what is wrong with these.
  const bool countable = config.heads >= 1 && config.heads <= 4096 && config.layers >= 1 &&
                         config.layers <= 4096 && config.key_value_heads >= 1 &&
                         config.heads % config.key_value_heads == 0;
  // A short list may stand for all layers: not for more than any model has.
  constexpr int most_heads = 1 << 16;
  if (file.has("heads") && countable && config.layers > most_heads / config.heads) {
    file.refuse("heads", "describes " + std::to_string(config.layers) + " layers of " +
                             std::to_string(config.heads) + " heads, more than " +
                             std::to_string(most_heads) + " in all");
  }
  if (file.has("heads") && countable) {
    const std::vector<std::vector<ConfigFile>> layers = file.nested_sections("heads");
    if (layers.size() != 1 && static_cast<int>(layers.size()) != config.layers) {
      file.refuse("heads", "describes " + std::to_string(layers.size()) + " layers of " +
                               std::to_string(config.layers));
    }
    for (int layer = 0; layer < config.layers; ++layer) {
      read_layer(file, layers[layers.size() == 1 ? 0 : static_cast<std::size_t>(layer)], config);
    }
  }
  config.convolution = file.integer("convolution", 0);
  if (config.convolution > ModelConfig::most_taps) {
    file.refuse("convolution", "expected at most " + std::to_string(ModelConfig::most_taps) +
                                   " taps, got " + std::to_string(config.convolution));
  }
  if (!file.has("router")) return;
  const ConfigFile router = file.section("router");
  router.refuse_unknown({"shared_heads", "top_k"});
  config.routing = {router.integer("shared_heads", 0), router.integer("top_k")};
  if (config.routing.top_k < 1) router.refuse("top_k", "expected at least 1");
  if (config.routing.shared_heads > config.heads ||
      config.routing.top_k > config.heads - config.routing.shared_heads) {
    router.refuse("top_k", std::to_string(config.routing.shared_heads) + " shared heads and " +
                               std::to_string(config.routing.top_k) + " more are " +
                               "more than the " + std::to_string(config.heads) + " of a layer");
  }
}

void read_design_weights(const ModelConfig& config, const ConfigFile& file,
                         const std::string& attention, WeightReader& reader, Block& block) {
  if (file.flag("learned_temperature", false)) {
    block.temperature = reader.vector(attention + "temperature", config.heads);
    for (float temperature : block.temperature) {
      if (temperature > 0.0f && std::isfinite(temperature)) continue;
      throw load_error(file.file().parent_path(), attention + "temperature",
                       "holds " + std::to_string(temperature) + ", expected numbers above 0");
    }
  }
  if (config.convolution > 0) {
    block.convolution =
        reader.matrix(attention + "conv.weight", config.qkv_width(), config.convolution);
  }
  if (config.routing.any()) {
    block.router =
        reader.out_in({{attention + "router", config.heads}}, config.d_model, false);
    block.router_balance = reader.out_in({{attention + "router_balance", 2}}, config.d_model, false);
  }
}

}  // namespace headlight
