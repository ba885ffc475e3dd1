#include "tiny_layer.h"

#include <random>
#include <stdexcept>
#include <string>

#include "model.h"

namespace headlight {
namespace {

void check_range(const char* what, int value, int most) {
  if (value >= 1 && value <= most) return;
  throw std::invalid_argument("[tiny_layer] " + std::string(what) + " is " + std::to_string(value) +
                              ": expected 1 to " + std::to_string(most));
}

// Tenths from -1 to 1. The generator's own numbers are used, because distributions differ from library
// to library.
class Tenths {
 public:
  explicit Tenths(unsigned seed) : random_(seed) {}
  std::vector<float> draw(int count) {
    std::vector<float> values;
    for (int i = 0; i < count; ++i) values.push_back((static_cast<float>(random_() % 21) - 10.0f) / 10.0f);
    return values;
  }
  Linear linear(int in, int out, bool bias) {
    Linear result;
    result.weight = PackedMatrix::from_in_out(draw(in * out).data(), in, out);
    if (bias) result.bias = draw(out);
    return result;
  }

 private:
  std::mt19937 random_;
};

}  // namespace

void check(const TinyLayer& layer) {
  check_range("d_in", layer.d_in, most_tiny_width);
  check_range("d_out", layer.d_out, most_tiny_width);
  check_range("the number of tokens", layer.tokens, most_tiny_tokens);
  check_range("the number of heads", layer.heads, layer.d_out);
  if (layer.d_out % layer.heads != 0) {
    throw std::invalid_argument("[tiny_layer] d_out " + std::to_string(layer.d_out) +
                                " is no multiple of " + std::to_string(layer.heads) + " heads");
  }
}

Model tiny_model(const TinyLayer& layer) {
  check(layer);
  Model model;
  model.name = "tiny layer";
  ModelConfig& config = model.config;
  config.family = "tiny";
  config.layers = 1;
  config.heads = config.key_value_heads = layer.heads;
  config.d_model = layer.d_in;
  config.d_head = layer.d_out / layer.heads;
  config.vocabulary = config.context = most_tiny_tokens;
  config.norm_place = NormPlace::post;  // and none there
  config.predicts = ModelConfig::Predicts::nothing;
  Tenths tenths(layer.seed);
  // Tokens first, so that the same seed keeps them when another size is changed.
  model.weights.embedding.token = tenths.draw(most_tiny_tokens * layer.d_in);
  Block& block = model.weights.blocks.emplace_back();
  block.qkv = tenths.linear(layer.d_in, 3 * layer.d_out, layer.bias);
  block.attention_out = tenths.linear(layer.d_out, layer.d_in, false);
  return model;
}

}  // namespace headlight
