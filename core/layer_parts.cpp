#include "layer_parts.h"

#include <cmath>
#include <vector>

#include "kernels.h"

namespace headlight {

HeadInput head_input(const ModelConfig& config, const BlockTrace& block, HeadId id, int queries,
                     int keys) {
  const auto d_head = static_cast<std::size_t>(config.d_head_of(id.kind));
  const auto heads = static_cast<std::size_t>(config.heads_of(id.kind));
  const bool grouped = id.kind == AttentionKind::self;  // the others have keys of their own
  const auto head = static_cast<std::size_t>(id.head);
  const std::size_t kv_head = grouped ? config.key_value_head(id.head) : head;
  const std::size_t kv_heads = grouped ? config.key_value_heads : heads;
  HeadInput in;
  in.q = block.qkv.data() + head * d_head;
  if (id.kind == AttentionKind::cross) {
    in.k = block.source_kv.data() + kv_head * d_head;
    in.q_stride = heads * d_head;
    in.k_stride = in.v_stride = 2 * heads * d_head;
  } else {
    in.k = block.qkv.data() + (heads + kv_head) * d_head;
    in.q_stride = in.k_stride = in.v_stride = (heads + 2 * kv_heads) * d_head;
  }
  in.v = in.k + kv_heads * d_head;
  in.queries = queries;
  in.keys = keys;
  in.d_head = static_cast<int>(d_head);
  return in;
}

void norm_rows(const ModelConfig& config, const Norm& norm, const float* x, int rows, float* y,
               ThreadPool& pool) {
  if (norm.gain.empty() && x == y) return;
  const int width = static_cast<int>(norm.gain.size());
  const auto stride = static_cast<std::size_t>(width);
  if (config.norm == NormKind::rms_norm) {
    rms_norm(x, stride, rows, width, norm.gain.data(), config.norm_epsilon, y, stride, pool);
  } else {
    layer_norm(x, stride, rows, width, norm.gain.data(), norm.bias.data(), config.norm_epsilon, y,
               stride, pool);
  }
}

void rotate_rows(const ModelConfig& config, float* rows, std::size_t stride, int count,
                 int first_position, int heads) {
  const std::vector<double>& frequency = config.rotary_frequencies;
  const std::size_t half = frequency.size();
  std::vector<float> cosine(half), sine(half);
  for (int row = 0; row < count; ++row) {
    for (std::size_t i = 0; i < half; ++i) {
      const double angle = (first_position + row) * frequency[i];
      cosine[i] = static_cast<float>(config.rotary_scale * std::cos(angle));
      sine[i] = static_cast<float>(config.rotary_scale * std::sin(angle));
    }
    for (int head = 0; head < heads; ++head) {
      float* x = rows + row * stride + static_cast<std::size_t>(head) * config.d_head;
      for (std::size_t i = 0; i < half; ++i) {
        const float a = x[i];
        const float b = x[i + half];
        x[i] = a * cosine[i] - b * sine[i];
        x[i + half] = b * cosine[i] + a * sine[i];
      }
    }
  }
}

Activation activation_of(MlpKind mlp) {
  switch (mlp) {
    case MlpKind::gelu_tanh:
      return Activation::gelu_tanh;
    case MlpKind::gelu_erf:
      return Activation::gelu_erf;
    case MlpKind::relu:
      return Activation::relu;
    case MlpKind::silu:
      return Activation::silu;
    default:
      return Activation::none;
  }
}

}  // namespace headlight
