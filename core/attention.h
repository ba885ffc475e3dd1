#pragma once

#include <cstddef>
#include <vector>

#include "head_rule.h"
#include "kernels.h"

namespace headlight {

/// One head's queries, keys and values where the fused projection wrote them: row r of q starts at
/// q + r * q_stride, and so on. Queries are those of positions first_query, first_query + 1, ...
struct HeadInput {
  const float* q = nullptr;  // [queries, d_head]
  const float* k = nullptr;  // [keys, d_head]
  const float* v = nullptr;  // [keys, d_head]; may be null when only weights are wanted
  std::size_t q_stride = 0;
  std::size_t k_stride = 0;
  std::size_t v_stride = 0;
  int queries = 0;
  int first_query = 0;
  int keys = 0;
  int d_head = 0;
};

/// Memory that a thread reuses from head to head.
struct AttentionScratch {
  AlignedFloats floats;
  std::vector<std::vector<KeyRange>> ranges;  // [row of a tile], then those of the tile
};

/// weights[r, key] for every query row, `weights_stride` floats from row to row (Vaswani et al.
/// 2017, eq. 1). A cell that is masked, or after the query of a causal head, is exactly 0; a row
/// whose every key is masked is all 0. A row does not depend on which other rows are asked for, bit
/// for bit. Only the keys that a mask leaves to a few neighbouring rows are computed, so that a local
/// mask's time and memory grow with the tokens and not with their square (but for `weights`, which is
/// written whole).
void attention_weights(const HeadInput& in, const HeadRule& rule, float* weights,
                       std::size_t weights_stride, AttentionScratch& scratch);

/// z[r, :] = sum over keys of weights[r, key] * v[key, :], with the same weights as
/// attention_weights, written to z + r * z_stride. When `weights` is not null, the weights are
/// written there too.
void attention_output(const HeadInput& in, const HeadRule& rule, float* z, std::size_t z_stride,
                      float* weights, std::size_t weights_stride, AttentionScratch& scratch);

/// scores[r, key] = q k^T * scale before mask and softmax, for every key.
void attention_scores(const HeadInput& in, float scale, float* scores, std::size_t scores_stride,
                      AttentionScratch& scratch);

}  // namespace headlight
