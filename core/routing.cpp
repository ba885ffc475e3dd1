#include "routing.h"

#include <algorithm>
#include <cmath>
#include <numeric>

#include "kernels.h"

namespace headlight {
namespace {

void softmax(float* x, int count) {
  const float max = *std::max_element(x, x + count);
  double sum = 0.0;
  for (int i = 0; i < count; ++i) sum += x[i] = std::exp(x[i] - max);
  for (int i = 0; i < count; ++i) x[i] = static_cast<float>(x[i] / sum);
}

}  // namespace

void router_gates(const ModelConfig& config, const Block& block, const float* x, int rows,
                  float* gates, ThreadPool& pool) {
  const auto width = static_cast<std::size_t>(config.d_model);
  const auto heads = static_cast<std::size_t>(config.heads);
  const int shared = config.routing.shared_heads;
  const int routed = config.heads - shared;
  std::vector<float> balance(static_cast<std::size_t>(rows) * 2);
  linear(x, width, rows, block.router.weight, {}, gates, heads, pool);
  linear(x, width, rows, block.router_balance.weight, {}, balance.data(), 2, pool);
  std::vector<int> order(static_cast<std::size_t>(routed));
  for (int row = 0; row < rows; ++row) {
    float* gate = gates + static_cast<std::size_t>(row) * heads;
    float* share = balance.data() + static_cast<std::size_t>(row) * 2;
    softmax(share, 2);
    if (shared > 0) softmax(gate, shared);
    float* others = gate + shared;
    softmax(others, routed);
    std::iota(order.begin(), order.end(), 0);
    std::stable_sort(order.begin(), order.end(),
                     [&](int a, int b) { return others[a] > others[b]; });
    const auto active = static_cast<float>(config.routing.active());
    for (int i = 0; i < shared; ++i) gate[i] *= share[0] * active;
    for (int i = 0; i < routed; ++i) {
      float& other = others[order[static_cast<std::size_t>(i)]];
      other = i < config.routing.top_k ? other * share[1] * active : 0.0f;
    }
  }
}

void apply_gates(const ModelConfig& config, const float* gates, int rows, float* z) {
  for (int head = 0; head < config.heads; ++head) apply_gate(config, gates, head, rows, z);
}

void apply_gate(const ModelConfig& config, const float* gates, int head, int rows, float* z) {
  for (int row = 0; row < rows; ++row) {
    const std::size_t at = static_cast<std::size_t>(row) * config.heads + head;
    float* values = z + at * config.d_head;
    for (int c = 0; c < config.d_head; ++c) {
      values[c] = gates[at] == 0.0f ? 0.0f : gates[at] * values[c];
    }
  }
}

}  // namespace headlight
