#include "info_command.h"

#include <cstdio>
#include <nlohmann/json.hpp>
#include <string>

#include "assets_path.h"
#include "model.h"

namespace headlight {
namespace {

const char* name_of(NormKind norm) { return norm == NormKind::rms_norm ? "RMSNorm" : "LayerNorm"; }
const char* name_of(NormPlace place) { return place == NormPlace::post ? "post" : "pre"; }

const char* name_of(PositionKind position) {
  return position == PositionKind::rotary ? "rotary" : "learned";
}

const char* name_of(MlpKind mlp) {
  switch (mlp) {
    case MlpKind::gelu_erf:
      return "GELU (erf)";
    case MlpKind::swiglu:
      return "SwiGLU";
    default:
      return "GELU (tanh)";
  }
}

nlohmann::ordered_json describe(const Model& model) {
  const ModelConfig& config = model.config;
  return {{"name", model.name},
          {"path", model.path.string()},
          {"family", config.family},
          {"layers", config.layers},
          {"heads", config.heads},
          {"key_value_heads", config.key_value_heads},
          {"d_model", config.d_model},
          {"d_head", config.d_head},
          {"d_ff", config.d_ff},
          {"vocabulary", config.vocabulary},
          {"context", config.context},
          {"positions", name_of(config.position)},
          {"norm", name_of(config.norm)},
          {"norm_place", name_of(config.norm_place)},
          {"mlp", name_of(config.mlp)},
          {"causal", config.causal},
          {"parameters", model.parameters()},
          {"tokenizer", model.tokenizer.has_value()}};
}

// A value as one would say it: yes for true, no quotes.
std::string spoken(const nlohmann::ordered_json& value) {
  if (value.is_boolean()) return value.get<bool>() ? "yes" : "no";
  return value.is_string() ? value.get<std::string>() : value.dump();
}

}  // namespace

int run_info(const InfoOptions& options) {
  const Model model = load_model(model_folder(options.model));
  const nlohmann::ordered_json json = describe(model);
  if (options.json) {
    const auto replace = nlohmann::ordered_json::error_handler_t::replace;
    std::printf("%s\n", json.dump(2, ' ', false, replace).c_str());
    return 0;
  }
  for (const auto& [key, value] : json.items()) {
    std::string label = key == "key_value_heads" ? "key-value heads" : key;
    if (label == "norm_place") label = "norm place";
    std::printf("%-16s %s\n", label.c_str(), spoken(value).c_str());
  }
  return 0;
}

}  // namespace headlight
