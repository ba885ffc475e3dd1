#include "edits.h"

#include <cmath>
#include <stdexcept>

namespace headlight {

bool HeadEdit::changes_weights() const {
  return temperature != 1.0f || !mask.is_full() || !masked_cells.empty();
}

Edits normalized(Edits edits) {
  std::erase_if(edits, [](const auto& entry) { return entry.second.is_identity(); });
  return edits;
}

void check(const Edits& edits, const ModelConfig& config) {
  for (const auto& [id, edit] : edits) {
    if (id.layer < 0 || id.layer >= config.layers || id.head < 0 || id.head >= config.heads) {
      throw std::invalid_argument("[edits] there is no head " + to_string(id) + ": the model has " +
                                  std::to_string(config.layers) + " layers of " +
                                  std::to_string(config.heads) + " heads, counted from 0");
    }
    if (!std::isfinite(edit.gain)) {
      throw std::invalid_argument("[edits] " + to_string(id) + ": the gain must be a finite number");
    }
    // Below 1e-4 the scaled scores of ordinary models leave the range of float32.
    if (!std::isfinite(edit.temperature) || edit.temperature < 1e-4f) {
      throw std::invalid_argument("[edits] " + to_string(id) +
                                  ": the temperature must be a finite number of at least 0.0001");
    }
    try {
      check(edit.mask);
    } catch (const std::invalid_argument& error) {
      throw std::invalid_argument("[edits] " + to_string(id) + ": " + error.what());
    }
    for (const Cell& cell : edit.masked_cells) {
      if (cell.query < 0 || cell.key < 0) {
        throw std::invalid_argument("[edits] " + to_string(id) +
                                    ": a masked cell has a negative position");
      }
    }
  }
}

int first_difference(const Edits& a, const Edits& b, int layers) {
  const Edits left = normalized(a);
  const Edits right = normalized(b);
  for (int layer = 0; layer < layers; ++layer) {
    const auto part = [layer](const Edits& edits) {
      return Edits(edits.lower_bound({layer, 0}), edits.lower_bound({layer + 1, 0}));
    };
    if (part(left) != part(right)) return layer;
  }
  return layers;
}

}  // namespace headlight
