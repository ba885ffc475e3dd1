#pragma once

#include <cstdint>
#include <memory>
#include <vector>
#include <xtensor/xtensor_forward.hpp>  // probe.h has the whole: it costs seconds a file

#include "attention.h"
#include "edits.h"
#include "model.h"

namespace headlight {

/// What one layer of a pass computed, row-major, one row for each token.
struct LayerTrace {
  std::vector<float> input;  // [tokens, d_model] residual stream before the layer
  std::vector<float> qkv;    // [tokens, qkv_width] queries, keys (both with their positions), values
  std::vector<float> z;      // [tokens, query_width] heads' outputs before gain and W_O
};

/// Everything that a run computed. A value that never changes; copies share their layers.
/// It keeps queries and keys instead of weights, so memory grows with the tokens and not their square.
/// The model must outlive it. A HeadId that the model lacks is a std::invalid_argument everywhere.
class Trace {
 public:
  const Model& model() const { return *model_; }
  const std::vector<Token>& tokens() const { return tokens_; }
  const Edits& edits() const { return edits_; }
  int size() const { return static_cast<int>(tokens_.size()); }  ///< Number of tokens.

  /// Attention weights of one head, by the function that the pass itself used. Rows sum to 1, or are 0
  /// where every key was masked.
  xt::xtensor<float, 2> weights(HeadId id) const;  // [query, key]
  /// The same, written to memory of size() * size() floats.
  void weights(HeadId id, float* out, AttentionScratch& scratch) const;

  /// Scores after scale and temperature and before the mask, for every pair.
  xt::xtensor<float, 2> scores(HeadId id) const;  // [query, key]
  /// One of these scores.
  float score(HeadId id, Cell cell) const;

  xt::xtensor<float, 2> q(HeadId id) const;  // [query, d_head]
  xt::xtensor<float, 2> k(HeadId id) const;  // [key, d_head]
  xt::xtensor<float, 2> v(HeadId id) const;  // [key, d_head]
  xt::xtensor<float, 2> z(HeadId id) const;  // [query, d_head] before gain and replacement

  /// Residual stream before layer `layer`; `layer` = layers gives what the last layer left.
  xt::xtensor<float, 2> residual(int layer) const;  // [tokens, d_model]

  /// Logits of the token that follows `position` (or stands there, for a bidirectional model).
  std::vector<float> logits(int position) const;  // [vocabulary]

 private:
  friend class Pass;
  const LayerTrace& layer_of(HeadId id) const;
  HeadInput input_of(HeadId id) const;
  HeadRule rule_of(HeadId id) const;
  xt::xtensor<float, 2> columns(const std::vector<float>& rows, int stride, int first, int width) const;

  const Model* model_ = nullptr;
  std::vector<Token> tokens_;
  Edits edits_;
  std::vector<std::shared_ptr<const LayerTrace>> layers_;
  std::shared_ptr<const std::vector<float>> output_;  // [tokens, d_model] after the last layer
};

/// 1 for each cell that the head may not look at, because it is causal or for a mask of the trace's
/// edits; else 0. Such a weight is exactly 0.
std::vector<std::uint8_t> masked_cells(const Trace& trace, HeadId head);  // [query, key]

}  // namespace headlight
