#pragma once

#include <cstdint>
#include <vector>

#include "trace.h"

namespace headlight {

/// What one head of a decoder computes when a token is appended: its query meets the keys of all
/// tokens before it, which a key-value cache has kept, and its own.
struct CacheWalk {
  HeadId head;
  int cached = 0;  ///< Tokens before the appended one.
  int d_head = 0;
  std::vector<float> q;        // [d_head] the appended token's
  std::vector<float> k, v;     // [cached + 1, d_head], the last row the appended token's
  std::vector<float> scores;   // [cached + 1] after the scale, before the mask
  std::vector<float> weights;  // [cached + 1]
  std::vector<std::uint8_t> allowed;  // [cached + 1] 0: the head's mask forbids this key
  std::vector<float> z;        // [d_head] the blend of values, times the router's gate
  bool operator==(const CacheWalk&) const = default;
};

/// Of a run: the token at position `cached` is appended to those before it. The rows are those of
/// the run itself, whatever came after, bit for bit. Throws std::invalid_argument for recorded
/// attention, a model that is not a causal one of one stack, and a position outside the text.
CacheWalk cache_walk(const Trace& trace, HeadId head, int cached);

/// Multiplications.
struct AppendCost {
  double attention = 0.0;  ///< Scores and sums of values, of all heads that the router uses.
  double others = 0.0;     ///< Projections, MLP, the logits of the last token.
  double total() const { return attention + others; }
};

/// What a decoder of one stack pays for a token that is appended, as model_cost counts.
class CacheCost {
 public:
  /// Throws std::invalid_argument as cache_walk. The model must outlive it.
  explicit CacheCost(const Model& model);

  /// The token that makes the text `tokens` long, with the keys and values before it kept.
  AppendCost with_cache(int tokens) const;
  /// The same prediction with nothing kept: all tokens again.
  AppendCost without(int tokens) const;
  /// The most that the cache takes after so many tokens, 2 bytes a number.
  double bytes(int tokens) const;

 private:
  double attention(int tokens) const;  // Of a whole text

  const Model& model_;
  double linear_ = 0.0, logits_ = 0.0;  // Of a token; of a prediction
  double bytes_per_token_ = 0.0, bytes_fixed_ = 0.0;
};

}  // namespace headlight
