#pragma once

#include "mask.h"

namespace headlight {

/// How one head was built, where that differs from plain multi-head attention.
struct HeadDesign {
  Mask mask = {};            ///< Keys that it was trained to look at; intersected with causal.
  float temperature = 1.0f;  ///< Scores are divided by it, beside 1 / sqrt(d_head).
  /// Its key and value at token j are the mean of those of the tokens from j / pool * pool to j. A
  /// query sees the last token of every whole pool before it, and its own. 1: no pooling.
  int pool = 1;
  bool operator==(const HeadDesign&) const = default;
};

/// A router that sends each token to some of the heads (mixture-of-heads, Jin et al. 2024). No
/// routing: both 0.
struct Routing {
  int shared_heads = 0;  ///< The first heads of a layer, which every token is sent to.
  int top_k = 0;         ///< Heads among the others that a token is sent to.

  bool any() const { return top_k > 0; }
  int active() const { return shared_heads + top_k; }  ///< Heads that work on a token.
  bool operator==(const Routing&) const = default;
};

}  // namespace headlight
