#pragma once

#include <vector>

#include "edits.h"
#include "model.h"

namespace headlight {

/// How one head attends: weights = softmax(masked(q k^T * scale)).
struct HeadRule {
  float scale = 1.0f;  ///< 1 / (sqrt(d_head) * temperature), the model's own and the edit's.
  bool causal = true;
  int window = 0;  ///< Keys this many tokens away, or more, are forbidden; 0: none are.
  const Mask* built_in = nullptr;  ///< The model's own, which an edit can narrow only; null: none.
  int pool = 1;                    ///< HeadDesign::pool.
  const Mask* mask = nullptr;                       ///< The edit's; null: no restriction.
  const std::vector<Cell>* masked_cells = nullptr;  ///< Sorted or not; null: none.
};

/// The rule of a head under the edits of a run. Points into the model and the edits.
HeadRule head_rule(const Model& model, const Edits& edits, HeadId id);

/// The keys of [0, keys) that a query may look at, ascending and apart from one another.
/// `cells` are the rule's masked cells, sorted.
void allowed_keys(const HeadRule& rule, const std::vector<Cell>& cells, int query, int keys,
                  std::vector<KeyRange>& allowed);

}  // namespace headlight
