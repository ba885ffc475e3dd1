#pragma once

#include <vector>

#include "model.h"
#include "thread_pool.h"

namespace headlight {

/// Multi-head self-attention as a first course writes it: one small attention for each head, with
/// matrices of its own, its outputs put side by side. The same numbers as the pass, which projects
/// all heads in one product; kept to show that, and what it costs.
class NaiveAttention {
 public:
  /// Cuts the layer's fused projection up into one model of a single head for each head.
  /// Throws std::invalid_argument for a model of two stacks or of recorded attention, or without
  /// such a layer.
  NaiveAttention(const Model& model, int layer);

  /// The heads' outputs before W_O, and before a router's gates.
  ///   x: [rows, d_model], the residual stream before the layer; z: [rows, query_width]
  void run(const float* x, int rows, float* z, ThreadPool& pool) const;

 private:
  std::vector<Model> heads_;  // Each of one layer and one head
};

/// The same numbers as the pass makes them: one product for the queries, keys and values of all heads,
/// whose columns are then read as heads. Arguments as NaiveAttention's.
void vectorised_attention(const Model& model, int layer, const float* x, int rows, float* z,
                          ThreadPool& pool);

}  // namespace headlight
