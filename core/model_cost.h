#pragma once

#include <cstddef>

#include "model.h"

namespace headlight {

/// What a decoder of one stack costs while it reads a text from left to right.
struct ModelCost {
  std::size_t parameters = 0;
  /// Of the key-value cache: what each further token adds, by heads that look back without limit.
  double cache_bytes_per_token = 0.0;
  /// What the other heads, and a convolution, keep however long the text is.
  double cache_bytes_fixed = 0.0;
  /// Multiplications of a prediction, as a mean over the tokens of a text: all products (Vaswani et
  /// al. 2017), scores and sums of values for the cells that each head's rule leaves.
  double multiplications_per_token = 0.0;
};

/// `tokens`: the text's length; `bytes`: of one number in the cache. A pooled key counts once for its
/// tokens. Of routed heads only those that a token is sent to are counted, as a router is meant to
/// save them; Headlight's own pass computes all. Throws std::invalid_argument for an encoder-decoder,
/// recorded attention, and fewer than 1 token.
ModelCost model_cost(const Model& model, int tokens, int bytes = 2);

}  // namespace headlight
