#include "token_mixing.h"

#include <algorithm>

namespace headlight {
namespace {

int pool_of(const ModelConfig& config, int layer, int key_value_head) {
  const int group = config.heads / config.key_value_heads;
  const HeadDesign* design = config.design_of({layer, key_value_head * group});
  return design ? design->pool : 1;
}

int largest_pool(const ModelConfig& config, int layer) {
  int largest = 1;
  for (int head = 0; head < config.key_value_heads; ++head) {
    largest = std::max(largest, pool_of(config, layer, head));
  }
  return largest;
}

// y[t, c] = sum over taps i of weight[c, i] * x[t - (taps - 1) + i, c], with zeros before the text.
void convolve(const std::vector<float>& weight, int taps, float* x, int rows, std::size_t width) {
  for (int row = rows - 1; row >= 0; --row) {  // From the end, so that x is read before it is lost
    float* out = x + static_cast<std::size_t>(row) * width;
    for (std::size_t c = 0; c < width; ++c) {
      const float* tap = weight.data() + c * static_cast<std::size_t>(taps);
      float sum = 0.0f;
      for (int i = std::max(0, taps - 1 - row); i < taps; ++i) {
        const float* source = out - static_cast<std::size_t>(taps - 1 - i) * width;
        sum += tap[i] * source[c];
      }
      out[c] = sum;
    }
  }
}

// Each row's mean with the rows of its pool before it. `rows` begin where a pool begins.
void pool_rows(int pool, float* first, std::size_t stride, int rows, int width) {
  std::vector<float> sum(static_cast<std::size_t>(width));
  for (int row = 0; row < rows; ++row) {
    if (row % pool == 0) std::fill(sum.begin(), sum.end(), 0.0f);
    float* x = first + static_cast<std::size_t>(row) * stride;
    for (int i = 0; i < width; ++i) {
      sum[static_cast<std::size_t>(i)] += x[i];
      x[i] = sum[static_cast<std::size_t>(i)] / static_cast<float>(row % pool + 1);
    }
  }
}

}  // namespace

bool mixes_tokens(const ModelConfig& config, int layer) {
  return config.convolution > 0 || largest_pool(config, layer) > 1;
}

int mixing_start(const ModelConfig& config, int layer, int first) {
  int start = first;
  for (int head = 0; head < config.key_value_heads; ++head) {
    const int pool = pool_of(config, layer, head);
    start = std::min(start, first / pool * pool);
  }
  return std::max(0, start - std::max(0, config.convolution - 1));
}

void mix_tokens(const ModelConfig& config, const Block& block, int layer, int start, float* qkv,
                int rows) {
  const auto width = static_cast<std::size_t>(config.qkv_width());
  if (config.convolution > 0) convolve(block.convolution, config.convolution, qkv, rows, width);
  for (int head = 0; head < config.key_value_heads; ++head) {
    const int pool = pool_of(config, layer, head);
    if (pool == 1) continue;
    const int skipped = (start + pool - 1) / pool * pool - start;  // to where a pool begins
    if (skipped >= rows) continue;
    float* keys = qkv + static_cast<std::size_t>(skipped) * width + config.query_width() +
                  static_cast<std::size_t>(head) * config.d_head;
    pool_rows(pool, keys, width, rows - skipped, config.d_head);
    pool_rows(pool, keys + config.key_value_width(), width, rows - skipped, config.d_head);
  }
}

}  // namespace headlight
