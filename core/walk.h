#pragma once

#include <compare>
#include <string>

namespace headlight {

/// The steps of a walk through one layer's attention, in their order.
enum class WalkStep {
  embed,        ///< Tokens and positions become rows X.
  project,      ///< Q, K, V = X W + b.
  split,        ///< [tokens, heads * d_head] to [heads, tokens, d_head].
  scores,       ///< Q K^T.
  scale,        ///< Divided by sqrt(d_head), and by temperatures.
  mask,         ///< Forbidden cells become minus infinity.
  softmax,      ///< Rows become weights.
  blend,        ///< Weights V.
  concatenate,  ///< Heads side by side.
  mix,          ///< W_O.
  residual,     ///< What the layer changed; the prediction.
};
inline constexpr int walk_steps = 11;

/// The tensors that a walk shows (LayerWalk). A head's are those of the walk's head.
enum class WalkTensor {
  token_rows,     ///< [tokens, d_model] embedding of each token; of the first layer only
  position_rows,  ///< [tokens, d_model] what is added to them; of the first layer only
  x,              ///< [queries, d_model] the residual stream before the layer
  normed,         ///< [queries, d_model] what the projections read, where it is not x
  source,         ///< [keys, d_model] what keys and values are made of, in cross-attention
  w_q,            ///< [d_model, heads * d_head]
  w_k,            ///< [d_model, key-value heads * d_head]
  w_v,            ///< [d_model, key-value heads * d_head]
  all_q,          ///< [queries, heads * d_head] X W_q + b_q
  all_k,          ///< [keys, key-value heads * d_head]
  all_v,          ///< [keys, key-value heads * d_head]
  q,              ///< [queries, d_head] the head's, as the scores read it (turned by its position, ...)
  k,              ///< [keys, d_head]
  v,              ///< [keys, d_head]
  products,       ///< [queries, keys] q k^T
  scores,         ///< [queries, keys] products * 1 / (sqrt(d_head) * temperature)
  masked,         ///< [queries, keys] scores, or minus infinity
  weights,        ///< [queries, keys]
  dropped,        ///< [queries, keys] weights after dropout, when it is on
  z,              ///< [queries, d_head] the blend of values; of the dropped weights when dropout is on
  concatenated,   ///< [queries, heads * d_head] what W_O reads, edits included
  w_o,            ///< [heads * d_head, d_model]
  contribution,   ///< [queries, d_model] the head's part of mixed, without the bias
  mixed,          ///< [queries, d_model] concatenated W_O + b_o
  stream,         ///< [queries, d_model] x + mixed, normed in post-norm models
  output,         ///< [queries, d_model] what the layer leaves: stream and its MLP
};
inline constexpr int walk_tensors = 26;

/// One number of a walk.
struct WalkCell {
  WalkTensor tensor = WalkTensor::x;
  int row = 0;
  int column = 0;
  auto operator<=>(const WalkCell&) const = default;
};

/// "embed", "scores", ...; "all_q", ... as sessions, files and exported scripts write them.
const char* to_string(WalkStep step);
const char* to_string(WalkTensor tensor);

/// Dropout on the weights, as training does it: each becomes 0 with probability `p`, the others are
/// divided by 1 - p (Srivastava et al. 2014). The same seed drops the same cells.
struct Dropout {
  float p = 0.0f;  ///< 0: off; below 1.
  unsigned seed = 1;
  bool operator==(const Dropout&) const = default;
};

}  // namespace headlight
