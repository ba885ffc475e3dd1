#pragma once

#include <vector>

#include "edits.h"
#include "mean_outputs.h"
#include "model.h"
#include "thread_pool.h"

namespace headlight {

/// Memory that blocks reuse, one after the other.
struct RowMemory {
  std::vector<float> normed;   // [rows, d_model]
  std::vector<float> hidden;   // [rows, d_ff or 2 d_ff]
  std::vector<float> product;  // [rows, d_ff] of gate and input
};

/// The work of one block (ModelConfig::blocks) that is done row by row: all but the attention
/// itself. A row comes out the same, bit for bit, however many others are computed with it, so the
/// rows of several runs may be computed together.
class BlockRows {
 public:
  BlockRows(const Model& model, int block, ThreadPool& pool, RowMemory& memory);

  AttentionKind kind() const { return kind_; }
  std::size_t heads_width() const;  ///< Width of a row of z.
  std::size_t qkv_width() const;    ///< Width of a row of BlockTrace::qkv.

  /// Queries, keys and values of rows of the residual stream, before their positions.
  ///   x: [rows, d_model]; qkv: [rows, qkv_width]
  void project(const float* x, int rows, float* qkv);
  /// The gates of a router (routing.h), where the model has one.
  ///   x: [rows, d_model]; gates: [rows, heads]
  bool routes() const { return kind_ == AttentionKind::self && config_.routing.any(); }
  void route(const float* x, int rows, float* gates);
  /// What the block does along the tokens of one text (token_mixing.h).
  bool mixes() const;
  void mix(float* qkv, int rows, int start) const;
  int mixing_start(int first) const;
  /// Rotary positions, where the model has them; the first row stands at `first_position`.
  void rotate(float* qkv, int rows, int first_position) const;
  /// Keys and values of the source, in cross-attention.
  ///   encoder_output: [rows, d_model]; source_kv: [rows, 2 * heads_width]
  void project_source(const float* encoder_output, int rows, float* source_kv) const;
  /// Adds what W_O makes of the heads' outputs to the stream, and then the MLP.
  ///   z: [rows, heads_width]; x: [rows, d_model]
  void add(const float* z, int rows, float* x);

 private:
  bool pre() const { return config_.norm_place == NormPlace::pre; }
  void norm_heads(const Norm& norm, float* rows, int count, int heads) const;
  void mlp(float* x, int rows);

  const ModelConfig& config_;
  const Block& weights_;
  AttentionKind kind_;
  int layer_;
  ThreadPool& pool_;
  RowMemory& memory_;
};

/// Whether the edits change the output of a head in this block by their gain.
bool edits_output(const Edits& edits, const ModelConfig& config, int block);

/// Turns the z of this block's edited heads into gain * z + (1 - gain) * replacement.
///   z: [rows, heads_width]; means may be null where needs_means() is false
void edit_output(const Edits& edits, const ModelConfig& config, int block,
                 const MeanOutputs* means, float* z, int rows);

}  // namespace headlight
