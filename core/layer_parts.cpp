#include "layer_parts.h"

#include <cmath>
#include <vector>

#include "kernels.h"

namespace headlight {

HeadRule head_rule(const ModelConfig& config, const Edits& edits, HeadId id) {
  HeadRule rule;
  rule.causal = config.causal;
  float temperature = 1.0f;
  if (const auto found = edits.find(id); found != edits.end()) {
    const HeadEdit& edit = found->second;
    temperature = edit.temperature;
    if (!edit.mask.is_full()) rule.mask = &edit.mask;
    if (!edit.masked_cells.empty()) rule.masked_cells = &edit.masked_cells;
  }
  rule.scale = 1.0f / (std::sqrt(static_cast<float>(config.d_head)) * temperature);
  return rule;
}

void norm_rows(const ModelConfig& config, const Norm& norm, const float* x, int rows, float* y,
               ThreadPool& pool) {
  const int width = config.d_model;
  if (config.norm == NormKind::rms_norm) {
    rms_norm(x, width, rows, width, norm.gain.data(), config.norm_epsilon, y, width, pool);
  } else {
    layer_norm(x, width, rows, width, norm.gain.data(), norm.bias.data(), config.norm_epsilon, y,
               width, pool);
  }
}

void rotate_rows(const ModelConfig& config, float* rows, std::size_t stride, int count,
                 int first_position, int heads) {
  const int half = config.d_head / 2;
  std::vector<double> frequency(half);
  for (int i = 0; i < half; ++i) {
    frequency[i] = std::pow(static_cast<double>(config.rotary_base), -2.0 * i / config.d_head);
  }
  std::vector<float> cosine(half), sine(half);
  for (int row = 0; row < count; ++row) {
    for (int i = 0; i < half; ++i) {
      const double angle = (first_position + row) * frequency[i];
      cosine[i] = static_cast<float>(std::cos(angle));
      sine[i] = static_cast<float>(std::sin(angle));
    }
    for (int head = 0; head < heads; ++head) {
      float* x = rows + row * stride + static_cast<std::size_t>(head) * config.d_head;
      for (int i = 0; i < half; ++i) {
        const float a = x[i];
        const float b = x[i + half];
        x[i] = a * cosine[i] - b * sine[i];
        x[i + half] = b * cosine[i] + a * sine[i];
      }
    }
  }
}

}  // namespace headlight
