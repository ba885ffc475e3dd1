#pragma once

#include <cstdint>
#include <memory>
#include <vector>
#include <xtensor/xtensor_forward.hpp>  // probe.h has the whole: it costs seconds a file

#include "attention.h"
#include "edits.h"
#include "input.h"
#include "model.h"

namespace headlight {

/// What one block of a pass computed, row-major, one row for each token of its stack.
struct BlockTrace {
  std::vector<float> input;      // [tokens, d_model] residual stream before the block
  std::vector<float> qkv;        // [tokens, qkv_width] queries, keys (both with their positions),
                                 // values; of cross-attention queries only: [tokens, query_width]
  std::vector<float> source_kv;  // [source, 2 * query_width] cross-attention's keys, values; or []
  std::vector<float> gates;      // [tokens, heads] the router's, or []
  std::vector<float> z;          // [tokens, query_width] heads' outputs, times the router's gates,
                                 // before gain and W_O
};

/// Everything that a run computed. A value that never changes; copies share their blocks.
/// It keeps queries and keys instead of weights, so memory grows with the tokens and not their
/// square. The model must outlive it. A HeadId that the model lacks is a std::invalid_argument
/// everywhere. Of a model that only has recorded attention (Model::recorded) there are weights and
/// tokens; all else is a std::invalid_argument.
class Trace {
 public:
  const Model& model() const { return *model_; }
  /// The tokens of the only stack, or of the decoder.
  const std::vector<Token>& tokens() const { return input_.tokens; }
  const std::vector<Token>& source() const { return input_.source; }  ///< The encoder's, or none.
  const Input& input() const { return input_; }
  const Edits& edits() const { return edits_; }
  int size() const { return static_cast<int>(tokens().size()); }  ///< Number of tokens().

  /// The tokens that look, and those that are looked at, in maps of this kind.
  const std::vector<Token>& query_tokens(AttentionKind kind) const;
  const std::vector<Token>& key_tokens(AttentionKind kind) const;
  int queries(AttentionKind kind) const { return static_cast<int>(query_tokens(kind).size()); }
  int keys(AttentionKind kind) const { return static_cast<int>(key_tokens(kind).size()); }

  /// Attention weights of one head, by the function that the pass itself used. Rows sum to 1, or
  /// are 0 where every key was masked.
  xt::xtensor<float, 2> weights(HeadId id) const;  // [query, key]
  /// The same, written to memory of queries * keys floats.
  void weights(HeadId id, float* out, AttentionScratch& scratch) const;

  /// Scores after scale and temperature and before the mask, for every pair.
  xt::xtensor<float, 2> scores(HeadId id) const;  // [query, key]
  /// One of these scores.
  float score(HeadId id, Cell cell) const;

  xt::xtensor<float, 2> q(HeadId id) const;  // [query, d_head]
  xt::xtensor<float, 2> k(HeadId id) const;  // [key, d_head]
  xt::xtensor<float, 2> v(HeadId id) const;  // [key, d_head]
  xt::xtensor<float, 2> z(HeadId id) const;  // [query, d_head] before gain and replacement

  /// Residual stream before a layer's attention of this kind; for `self` and `encoder`, `layer` =
  /// the number of layers gives what the last one left.
  xt::xtensor<float, 2> residual(int layer, AttentionKind kind = AttentionKind::self) const;
  // [tokens, d_model]

  /// What one block (ModelConfig::blocks) computed, for code that goes on from it.
  const BlockTrace& block(int index) const;
  /// Residual stream after the last block.
  const std::vector<float>& output() const;  // [tokens, d_model]
  /// What cross-attention reads, its norm included; empty for a model of one stack.
  const std::vector<float>& encoder_output() const;  // [source, d_model]

  /// Logits of the token that follows `position` (or stands there, for a masked language model).
  /// Throws std::invalid_argument for a model that predicts nothing.
  std::vector<float> logits(int position) const;  // [vocabulary]

 private:
  friend class Pass;
  void refuse_recorded(const char* what) const;
  const BlockTrace& block_of(HeadId id) const;
  HeadInput head_input_of(HeadId id) const;
  HeadRule rule_of(HeadId id) const;
  xt::xtensor<float, 2> rows_of(const float* first, std::size_t stride, int rows, int width) const;

  const Model* model_ = nullptr;
  Input input_;
  Edits edits_;
  std::vector<std::shared_ptr<const BlockTrace>> blocks_;
  std::shared_ptr<const std::vector<float>> encoder_output_;  // [source, d_model] or null
  std::shared_ptr<const std::vector<float>> output_;  // [tokens, d_model] after the last block
};

/// 1 for each cell that the head may not look at, because it is causal, for its window, or for a mask
/// of the trace's edits; else 0. Such a weight is exactly 0.
std::vector<std::uint8_t> masked_cells(const Trace& trace, HeadId head);  // [query, key]

}  // namespace headlight
