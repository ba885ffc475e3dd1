#include "config.h"

#include <cmath>
#include <stdexcept>

namespace headlight {
namespace {

[[noreturn]] void refuse(const std::string& what) {
  throw std::invalid_argument("[check] " + what);
}

void in_range(const char* name, int value, int largest) {
  if (value >= 1 && value <= largest) return;
  refuse(std::string(name) + " is " + std::to_string(value) + ", expected 1 to " +
         std::to_string(largest));
}

constexpr double largest_frequency = 1e6;

}  // namespace

bool ModelConfig::has(HeadId id) const {
  if (id.kind != AttentionKind::self && !encoder_decoder()) return false;
  return id.layer >= 0 && id.layer < layers_of(id.kind) && id.head >= 0 &&
         id.head < heads_of(id.kind);
}

std::vector<AttentionKind> ModelConfig::kinds() const {
  if (!encoder_decoder()) return {AttentionKind::self};
  return {AttentionKind::encoder, AttentionKind::self, AttentionKind::cross};
}

int ModelConfig::block_of(AttentionKind kind, int layer) const {
  if (!encoder_decoder() || kind == AttentionKind::encoder) return layer;
  return encoder_layers + 2 * layer + (kind == AttentionKind::cross ? 1 : 0);
}

AttentionKind ModelConfig::kind_of(int block) const {
  if (!encoder_decoder()) return AttentionKind::self;
  if (block < encoder_layers) return AttentionKind::encoder;
  return (block - encoder_layers) % 2 == 0 ? AttentionKind::self : AttentionKind::cross;
}

int ModelConfig::layer_of(int block) const {
  return block < encoder_layers ? block
                                : (block - encoder_layers) / (encoder_decoder() ? 2 : 1);
}

std::vector<double> rotary_frequencies(int dimensions, double base) {
  std::vector<double> frequencies;
  for (int i = 0; i < dimensions / 2; ++i) {
    frequencies.push_back(std::pow(base, -2.0 * i / dimensions));
  }
  return frequencies;
}

std::string head_name(const ModelConfig& config, HeadId id) {
  const bool plain = config.encoder_decoder() && id.kind == AttentionKind::self;
  return (plain ? to_string(id.kind) + " " : "") + to_string(id);
}

void check_head(const ModelConfig& config, HeadId id, const char* place) {
  if (config.has(id)) return;
  const bool known = id.kind == AttentionKind::self || config.encoder_decoder();
  throw std::invalid_argument(
      std::string("[") + place + "] there is no head " + to_string(id) + ": the model has " +
      (known ? std::to_string(config.layers_of(id.kind)) + " layers of " +
                   std::to_string(config.heads_of(id.kind)) + " heads, counted from 0"
             : "one stack, with self-attention only"));
}

void check(const ModelConfig& config) {
  // The largest values keep every width and every product of two widths within int64, and single
  // widths, the fused ones too, within int.
  in_range("layers", config.layers, 4096);
  in_range("heads", config.heads, 4096);
  in_range("key_value_heads", config.key_value_heads, config.heads);
  in_range("d_model", config.d_model, 1 << 20);
  in_range("d_head", config.d_head, 1 << 14);
  in_range("d_ff", config.d_ff, 1 << 24);
  in_range("vocabulary", config.vocabulary, 1 << 24);
  in_range("context", config.context, 1 << 24);
  if (config.heads % config.key_value_heads != 0) {
    refuse("heads is " + std::to_string(config.heads) + " and key_value_heads " +
           std::to_string(config.key_value_heads) + ", expected a divisor");
  }
  if (config.position == PositionKind::rotary && config.d_head % 2 != 0) {
    refuse("d_head is " + std::to_string(config.d_head) +
           ", expected an even number, because rotary positions turn pairs");
  }
  if (!std::isfinite(config.norm_epsilon) || config.norm_epsilon < 0.0f) {
    refuse("norm_epsilon is " + std::to_string(config.norm_epsilon) + ", expected 0 or more");
  }
  if (config.position_offset < 0 || config.position_offset > 1 << 24) {
    refuse("position_offset is " + std::to_string(config.position_offset) +
           ", expected 0 to 16777216");
  }
  if (config.without_position >= 0 && config.position_offset == 0) {
    refuse("padding needs a row of its own before the first position");
  }
  if (!std::isfinite(config.embedding_scale)) refuse("embedding_scale is not a finite number");
  if (config.position == PositionKind::rotary) {
    // Fewer pairs than the head has: the others do not turn.
    if (config.rotary_frequencies.empty() ||
        config.rotary_frequencies.size() > static_cast<std::size_t>(config.d_head) / 2) {
      refuse("rotary positions have " + std::to_string(config.rotary_frequencies.size()) +
             " frequencies, expected 1 to " + std::to_string(config.d_head / 2));
    }
    for (double frequency : config.rotary_frequencies) {
      if (!std::isfinite(frequency) || frequency < 0.0 || frequency > largest_frequency) {
        refuse("a rotary frequency is " + std::to_string(frequency) + ", expected 0 to 1000000");
      }
    }
    if (!std::isfinite(config.rotary_scale)) refuse("rotary_scale is not a finite number");
  }
  if (config.encoder_decoder()) {
    in_range("encoder_layers", config.encoder_layers, 4096);
    in_range("encoder_heads", config.encoder_heads, 4096);
    in_range("encoder_d_ff", config.encoder_d_ff, 1 << 24);
    if (config.d_model % config.encoder_heads != 0) {
      refuse("d_model is " + std::to_string(config.d_model) + " and encoder_heads " +
             std::to_string(config.encoder_heads) + ", expected a divisor");
    }
    if (config.decoder_start < 0) refuse("an encoder-decoder has no decoder start token");
  }
  for (int id : {config.decoder_start, config.forced_first, config.never_decoded}) {
    if (id >= config.vocabulary) {
      refuse("a special token has the id " + std::to_string(id) + ", but the vocabulary has " +
             std::to_string(config.vocabulary));
    }
  }
  const bool designed = !config.head_designs.empty() || config.convolution != 0 ||
                        config.routing != Routing{};
  if (designed && (config.encoder_decoder() || !config.causal)) {
    refuse("heads built differently are for causal models of one stack");
  }
  if (!config.head_designs.empty() &&
      config.head_designs.size() != static_cast<std::size_t>(config.layers * config.heads)) {
    refuse(std::to_string(config.head_designs.size()) + " heads are described, but the model has " +
           std::to_string(config.layers * config.heads));
  }
  for (const HeadDesign& design : config.head_designs) {
    check(design.mask);
    if (design.pool < 1 || design.pool > 1 << 24) {
      refuse("a pool is " + std::to_string(design.pool) + ", expected 1 to 16777216");
    }
    if (!(design.temperature > 0.0f) || !std::isfinite(design.temperature)) {
      refuse("a temperature is " + std::to_string(design.temperature) +
             ", expected a finite number above 0");
    }
  }
  if (config.convolution < 0 || config.convolution > ModelConfig::most_taps) {
    refuse("convolution is " + std::to_string(config.convolution) + ", expected 0 to " +
           std::to_string(ModelConfig::most_taps) + " taps");
  }
  if (config.routing != Routing{} &&
      (config.routing.shared_heads < 0 || config.routing.top_k < 1 ||
       config.routing.top_k > config.heads - config.routing.shared_heads)) {
    refuse("a token is sent to " + std::to_string(config.routing.shared_heads) + " shared heads and " +
           std::to_string(config.routing.top_k) + " of the others, but a layer has " +
           std::to_string(config.heads));
  }
  if (!config.windows.empty() && static_cast<int>(config.windows.size()) != config.layers) {
    refuse("sliding windows are given for " + std::to_string(config.windows.size()) + " of " +
           std::to_string(config.layers) + " layers");
  }
}

}  // namespace headlight
