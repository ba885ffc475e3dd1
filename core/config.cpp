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

}  // namespace

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
  if (config.position == PositionKind::rotary &&
      (!std::isfinite(config.rotary_base) || config.rotary_base <= 0.0f)) {
    refuse("rotary_base is " + std::to_string(config.rotary_base) + ", expected more than 0");
  }
}

}  // namespace headlight
