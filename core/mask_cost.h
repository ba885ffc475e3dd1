#pragma once

#include <cstdint>

#include "mask.h"

namespace headlight {

/// What one head pays for its attention under a mask, when the cells that the mask forbids are not
/// computed at all (Child et al. 2019; Beltagy et al. 2020). Queries and keys are the same tokens.
struct MaskCost {
  int tokens = 0;
  std::int64_t cells = 0;       ///< Pairs that are scored.
  std::int64_t full_cells = 0;  ///< The same without a mask: n(n + 1) / 2 of a causal head, else n².
  std::int64_t all_cells = 0;   ///< n².
  /// q k^T and weights · v each take d_head multiplications a pair (Vaswani et al. 2017, section
  /// 3.2.1): 2 * cells * d_head.
  double multiplications = 0.0;
  double full_multiplications = 0.0;  ///< 2 * full_cells * d_head.
  double bytes = 0.0;        ///< Weights of the scored pairs as float32: 4 * cells.
  double dense_bytes = 0.0;  ///< Of the whole map: 4 * n².
};

/// Pairs that a head may look at: exact, without a look at each pair. `window` as in HeadRule: keys
/// this many tokens away, or more, are forbidden; 0: none are. Takes time in proportion to the
/// tokens, but tokens² steps on bytes for unions with random keys and for kinds of mask that it has
/// no formula for.
std::int64_t mask_cells(const Mask& mask, int tokens, bool causal, int window = 0);

/// Throws std::invalid_argument for fewer than 1 token, and for a mask that check() refuses.
MaskCost mask_cost(const Mask& mask, int tokens, int d_head, bool causal, int window = 0);

}  // namespace headlight
