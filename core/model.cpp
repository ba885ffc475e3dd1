#include "model.h"

#include <algorithm>
#include <cmath>
#include <cstdint>

namespace headlight {
namespace {

std::size_t count(const Norm& norm) { return norm.gain.size() + norm.bias.size(); }

std::size_t count(const Linear& linear) {
  return static_cast<std::size_t>(linear.weight.in()) *
             static_cast<std::size_t>(linear.weight.out()) +
         linear.bias.size();
}

std::size_t count(const Embedding& embedding) {
  return embedding.token.size() + embedding.position.size() + embedding.type.size() +
         count(embedding.norm);
}

// Uniform numbers from splitmix64 (Steele et al. 2014): the same on every platform, unlike the
// distributions of <random>, and fast enough for the 124 million of GPT-2 small.
class Uniform {
 public:
  explicit Uniform(unsigned seed) : state_(seed) {}

  // Mean 0 and this standard deviation.
  std::vector<float> operator()(std::size_t size, float deviation) {
    const float scale = deviation * std::sqrt(12.0f) / 16777216.0f;  // 2^24
    std::vector<float> values(size);
    for (float& value : values) value = (static_cast<float>(next() >> 40) - 8388607.5f) * scale;
    return values;
  }

 private:
  std::uint64_t next() {
    std::uint64_t z = state_ += 0x9E3779B97F4A7C15u;
    z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9u;
    z = (z ^ (z >> 27)) * 0x94D049BB133111EBu;
    return z ^ (z >> 31);
  }
  std::uint64_t state_;
};

}  // namespace

bool output_is_zero(const Model& model, HeadId head) {
  check_head(model.config, head, "output_is_zero");
  if (model.recorded) return false;
  const auto block = static_cast<std::size_t>(model.config.block_of(head.kind, head.layer));
  const PackedMatrix& w_o = model.weights.blocks.at(block).attention_out.weight;
  const auto rows = static_cast<std::size_t>(model.config.d_head_of(head.kind)) * kPanelWidth;
  const auto panel = static_cast<std::size_t>(w_o.in()) * kPanelWidth;
  // A panel has the head's rows side by side.
  for (const float* at = w_o.data() + static_cast<std::size_t>(head.head) * rows;
       at < w_o.data() + w_o.bytes() / sizeof(float); at += panel) {
    if (std::any_of(at, at + rows, [](float value) { return value != 0.0f; })) return false;
  }
  return true;
}

std::size_t Model::parameters() const {
  std::size_t total = count(weights.encoder_embedding) + count(weights.encoder_norm) +
                      count(weights.embedding) + count(weights.final_norm) +
                      count(weights.head.dense) + count(weights.head.norm) +
                      weights.head.output_embedding.size() + weights.head.bias.size();
  for (const Block& block : weights.blocks) {
    for (const Norm* norm : {&block.attention_norm, &block.query_norm, &block.key_norm,
                             &block.mlp_norm}) {
      total += count(*norm);
    }
    for (const Linear* linear : {&block.qkv, &block.source_kv, &block.router,
                                 &block.router_balance, &block.attention_out, &block.mlp_in,
                                 &block.mlp_out}) {
      total += count(*linear);
    }
    total += block.temperature.size() + block.convolution.size();
  }
  return total;
}

Model random_model(const ModelConfig& config, unsigned seed) {
  check(config);
  Uniform uniform(seed);
  const auto width = static_cast<std::size_t>(config.d_model);
  const bool bias = config.norm == NormKind::layer_norm;  // The families go together so.
  const auto norm = [&] {
    Norm made{uniform(width, 0.1f), {}};
    for (float& gain : made.gain) gain += 1.0f;
    if (bias) made.bias = uniform(width, 0.1f);
    return made;
  };
  // Deviation 1/sqrt(in) keeps the rows' size from layer to layer.
  const auto linear = [&](int in, int out) {
    const std::size_t size = static_cast<std::size_t>(in) * static_cast<std::size_t>(out);
    const std::vector<float> weight = uniform(size, 1.0f / std::sqrt(static_cast<float>(in)));
    Linear made{PackedMatrix::from_in_out(weight.data(), in, out), {}};
    if (bias) made.bias = uniform(static_cast<std::size_t>(out), 0.1f);
    return made;
  };

  Model model;
  model.name = "random";
  model.config = config;
  Weights& weights = model.weights;
  weights.embedding.token = uniform(static_cast<std::size_t>(config.vocabulary) * width, 1.0f);
  if (config.position == PositionKind::learned) {
    weights.embedding.position = uniform(static_cast<std::size_t>(config.context) * width, 0.5f);
  }
  for (int i = 0; i < config.layers; ++i) {
    Block& block = weights.blocks.emplace_back();
    block.attention_norm = norm();
    block.qkv = linear(config.d_model, config.qkv_width());
    if (config.convolution > 0) {
      block.convolution = uniform(static_cast<std::size_t>(config.qkv_width()) *
                                      static_cast<std::size_t>(config.convolution),
                                  0.5f);
    }
    if (config.routing.any()) {
      block.router = linear(config.d_model, config.heads);
      block.router_balance = linear(config.d_model, 2);
    }
    block.attention_out = linear(config.query_width(), config.d_model);
    block.mlp_norm = norm();
    block.mlp_in = linear(config.d_model, (gated(config.mlp) ? 2 : 1) * config.d_ff);
    block.mlp_out = linear(config.d_ff, config.d_model);
  }
  weights.final_norm = norm();
  return model;
}

ModelConfig gpt2_small_config() {
  ModelConfig config;
  config.family = "gpt2";
  config.layers = 12;
  config.heads = config.key_value_heads = 12;
  config.d_model = 768;
  config.d_head = 64;
  config.d_ff = 3072;
  config.vocabulary = 50257;
  config.context = 1024;
  return config;
}

}  // namespace headlight
