#include "model_cost.h"

#include <algorithm>
#include <optional>
#include <stdexcept>

#include "mask_cost.h"

namespace headlight {
namespace {

// How many tokens a head of this rule has to keep keys of; none: all of them.
std::optional<double> kept_tokens(const HeadRule& rule) {
  std::optional<double> kept;
  if (rule.window > 0) kept = rule.window;
  if (rule.built_in == nullptr) return kept;
  double reach = 0.0, global = 0.0;
  for (const MaskPart& part : rule.built_in->parts) {
    switch (part.kind) {
      case MaskKind::local:
        reach = std::max(reach, static_cast<double>(part.a));
        break;
      case MaskKind::dilated:
        reach = std::max(reach, static_cast<double>(part.a) * part.b);
        break;
      case MaskKind::block:
        reach = std::max(reach, part.a - 1.0);
        break;
      case MaskKind::global:
        global += part.a;
        break;
      default:
        return kept;
    }
  }
  const double own = reach + 1.0 + global;
  return kept ? std::min(*kept, own) : own;
}

}  // namespace

ModelCost model_cost(const Model& model, int tokens, int bytes) {
  const ModelConfig& config = model.config;
  if (config.encoder_decoder() || model.recorded) {
    throw std::invalid_argument("[model_cost] expected a model of one stack");
  }
  if (tokens < 1) throw std::invalid_argument("[model_cost] expected at least 1 token");
  ModelCost cost;
  cost.parameters = model.parameters();
  const double width = config.d_model, d_head = config.d_head;
  const double inner = (gated(config.mlp) ? 3.0 : 2.0) * width * config.d_ff;
  const int routed = config.heads - config.routing.shared_heads;
  for (int layer = 0; layer < config.layers; ++layer) {
    const int group = config.heads / config.key_value_heads;
    for (int shared = 0; shared < config.key_value_heads; ++shared) {
      std::optional<double> kept = 0.0;  // the most that any head of the group needs
      int pool = 1;
      for (int head = shared * group; head < (shared + 1) * group; ++head) {
        const HeadRule rule = head_rule(model, {}, {layer, head});
        const std::optional<double> needs = kept_tokens(rule);
        kept = kept && needs ? std::optional(std::max(*kept, *needs)) : std::nullopt;
        pool = rule.pool;
        const double used = config.routing.any() && head >= config.routing.shared_heads
                                ? static_cast<double>(config.routing.top_k) / routed
                                : 1.0;
        const double cells = static_cast<double>(rule_cells(rule, tokens)) / tokens;
        cost.multiplications_per_token += used * (2.0 * d_head * cells + 2.0 * width * d_head);
      }
      const double pair = 2.0 * d_head * bytes / pool;
      if (kept) {
        cost.cache_bytes_fixed += pair * *kept;
      } else {
        cost.cache_bytes_per_token += pair;
      }
      cost.multiplications_per_token += 2.0 * width * d_head;  // its key and value
    }
    if (config.convolution > 0) {
      const double columns = config.qkv_width();
      cost.multiplications_per_token += columns * config.convolution;
      cost.cache_bytes_fixed += columns * (config.convolution - 1) * bytes;
    }
    if (config.routing.any()) cost.multiplications_per_token += width * (config.heads + 2);
    cost.multiplications_per_token += inner;
  }
  cost.multiplications_per_token += width * config.vocabulary;
  return cost;
}

}  // namespace headlight
