#pragma once

namespace headlight {

struct Model;

/// A fresh attention layer of beginner's size: every number fits on the screen.
struct TinyLayer {
  int d_in = 8;    ///< d_model: numbers of a token's row.
  int d_out = 8;   ///< heads * d_head: numbers of all heads' outputs of a token.
  int heads = 2;
  int tokens = 4;  ///< The first tokens of the text, at the most.
  bool bias = false;  ///< Of Q, K and V.
  unsigned seed = 1;
  bool operator==(const TinyLayer&) const = default;
};

inline constexpr int most_tiny_width = 16, most_tiny_tokens = 8;

/// Throws std::invalid_argument, in one sentence, for sizes below 1 or above the most, and for heads
/// that do not divide d_out.
void check(const TinyLayer& layer);

/// A causal model of one such layer, without norm and MLP, that the engine runs like any other: tokens
/// 0, 1, ... are the vocabulary, its embeddings and weights tenths from -1 to 1, drawn from the seed.
/// W_O leads from d_out back to d_in, because its result is added to the row. Throws as check().
Model tiny_model(const TinyLayer& layer);

}  // namespace headlight
