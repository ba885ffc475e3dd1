#pragma once

#include <cstdint>

#include "head_rule.h"

namespace headlight {

/// What one head pays for its attention, when the cells that it may not look at are not computed at
/// all (Child et al. 2019; Beltagy et al. 2020). Queries and keys are the same tokens.
struct MaskCost {
  int tokens = 0;
  std::int64_t cells = 0;       ///< Pairs that are scored.
  std::int64_t full_cells = 0;  ///< Without any mask: n(n + 1) / 2 of a causal head, else n².
  std::int64_t all_cells = 0;   ///< n².
  /// q k^T and weights · v each take d_head multiplications a pair (Vaswani et al. 2017, section
  /// 3.2.1): 2 * cells * d_head.
  double multiplications = 0.0;
  double full_multiplications = 0.0;  ///< 2 * full_cells * d_head.
  double bytes = 0.0;        ///< Weights of the scored pairs as float32: 4 * cells.
  double dense_bytes = 0.0;  ///< Of the whole map: 4 * n².
};

/// Pairs that a head may look at by its masks, window and pool; cells that were masked one by one do
/// not count. Exact, without a look at each pair: in time that grows with the tokens, for random
/// keys and a few unusual intersections with the pairs that are allowed.
std::int64_t rule_cells(const HeadRule& rule, int tokens);

/// Throws std::invalid_argument for fewer than 1 token.
MaskCost mask_cost(const HeadRule& rule, int tokens, int d_head);

}  // namespace headlight
