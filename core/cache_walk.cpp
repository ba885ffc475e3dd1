#include "cache_walk.h"

#include <algorithm>
#include <map>
#include <stdexcept>

#include "attention.h"
#include "layer_parts.h"
#include "mask_cost.h"
#include "model_cost.h"
#include "parameter_counts.h"

namespace headlight {
namespace {

void check_decoder(const Model& model, const char* place) {
  if (model.recorded || model.config.encoder_decoder() || !model.config.causal) {
    throw std::invalid_argument(std::string("[") + place +
                                "] expected a causal model of one stack");
  }
}

std::vector<float> rows_of(const float* first, std::size_t stride, int rows, int width) {
  std::vector<float> out;
  out.reserve(static_cast<std::size_t>(rows) * width);
  for (int row = 0; row < rows; ++row) {
    const float* at = first + static_cast<std::size_t>(row) * stride;
    out.insert(out.end(), at, at + width);
  }
  return out;
}

}  // namespace

CacheWalk cache_walk(const Trace& trace, HeadId head, int cached) {
  const Model& model = trace.model();
  check_decoder(model, "cache_walk");
  check_head(model.config, head, "cache_walk");
  if (cached < 0 || cached >= trace.size()) {
    throw std::invalid_argument("[cache_walk] expected a position of the text");
  }
  const BlockTrace& block = trace.block(model.config.block_of(head.kind, head.layer));
  const int keys = cached + 1;
  HeadInput in = head_input(model.config, block, head, trace.size(), keys);
  in.q += static_cast<std::size_t>(cached) * in.q_stride;
  in.queries = 1;
  in.first_query = cached;
  CacheWalk walk;
  walk.head = head;
  walk.cached = cached;
  walk.d_head = in.d_head;
  walk.q = rows_of(in.q, in.q_stride, 1, in.d_head);
  walk.k = rows_of(in.k, in.k_stride, keys, in.d_head);
  walk.v = rows_of(in.v, in.v_stride, keys, in.d_head);
  const HeadRule rule = head_rule(model, trace.edits(), head);
  AttentionScratch scratch;
  walk.scores.resize(static_cast<std::size_t>(keys));
  walk.weights.resize(static_cast<std::size_t>(keys));
  walk.z.resize(static_cast<std::size_t>(in.d_head));
  attention_scores(in, rule.scale, walk.scores.data(), walk.scores.size(), scratch);
  attention_output(in, rule, walk.z.data(), walk.z.size(), walk.weights.data(), walk.weights.size(),
                   scratch);
  if (!block.gates.empty()) {
    const auto at = static_cast<std::size_t>(cached) * model.config.heads + head.head;
    for (float& value : walk.z) value *= block.gates[at];
  }
  std::vector<Cell> cells = rule.masked_cells ? *rule.masked_cells : std::vector<Cell>{};
  std::sort(cells.begin(), cells.end());
  std::vector<KeyRange> ranges;
  allowed_keys(rule, cells, cached, keys, ranges);
  walk.allowed.assign(static_cast<std::size_t>(keys), 0);
  for (const KeyRange& range : ranges) {
    std::fill(walk.allowed.begin() + range.begin, walk.allowed.begin() + range.end, 1);
  }
  return walk;
}

CacheCost::CacheCost(const Model& model) : model_(model) {
  check_decoder(model, "cache_cost");
  const ModelCost one = model_cost(model, 1);
  logits_ = static_cast<double>(model.config.d_model) * model.config.vocabulary;
  linear_ = one.multiplications_per_token - attention(1) - logits_;
  bytes_per_token_ = one.cache_bytes_per_token;
  bytes_fixed_ = one.cache_bytes_fixed;
}

double CacheCost::attention(int tokens) const {
  if (tokens < 1) return 0.0;
  const ModelConfig& config = model_.config;
  const int routed = config.heads - config.routing.shared_heads;
  std::map<int, double> by_window;  // Heads of no design differ by their layers' windows alone.
  double sum = 0.0;
  for (int layer = 0; layer < config.layers; ++layer) {
    for (int head = 0; head < config.heads; ++head) {
      const HeadRule rule = head_rule(model_, {}, {layer, head});
      double cells = 0.0;
      if (rule.built_in == nullptr && rule.pool == 1) {
        const auto [place, is_new] = by_window.try_emplace(rule.window);
        if (is_new) place->second = static_cast<double>(rule_cells(rule, tokens));
        cells = place->second;
      } else {
        cells = static_cast<double>(rule_cells(rule, tokens));
      }
      const double used = config.routing.any() && head >= config.routing.shared_heads
                              ? static_cast<double>(config.routing.top_k) / routed
                              : 1.0;
      sum += used * 2.0 * config.d_head * cells;
    }
  }
  return sum;
}

AppendCost CacheCost::with_cache(int tokens) const {
  return {attention(tokens) - attention(tokens - 1), linear_ + logits_};
}

AppendCost CacheCost::without(int tokens) const {
  return {attention(tokens), linear_ * tokens + logits_};
}

double CacheCost::bytes(int tokens) const {
  const ModelConfig& config = model_.config;
  const double all = cache_bytes(config.layers, config.key_value_heads, config.d_head, tokens);
  return std::min(bytes_per_token_ * tokens + bytes_fixed_, all);
}

}  // namespace headlight
