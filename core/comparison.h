#pragma once

#include <array>
#include <optional>
#include <vector>

#include "head_summary.h"
#include "mask_cost.h"
#include "prediction.h"
#include "trace.h"

namespace headlight {

/// One column of a comparison: one head of a run, beside the run of the same model on the same input
/// without edits. Both may be one trace. The traces must outlive it.
struct ColumnRun {
  const Trace& baseline;
  const Trace& run;
  HeadId head;
};

/// The numbers of a column's head on its text.
struct HeadMeasures {
  HeadStats stats;  ///< Of the run.
  /// Of the run without edits: the weight in the cells that the head may not look at any more, as a
  /// mean over the queries; 0 to 1.
  double weight_removed = 0.0;
  std::int64_t cells = 0;       ///< Pairs that the head may look at.
  std::int64_t full_cells = 0;  ///< The same without edits: n(n + 1) / 2 of a causal head.
  std::int64_t all_cells = 0;   ///< queries * keys
};

/// Throws std::invalid_argument for a head that the model lacks, as mask_costs does.
HeadMeasures measure_head(const ColumnRun& column);

/// The lengths that costs are told for.
inline constexpr std::array comparison_lengths = {1024, 8192, 65536};

/// What the head's mask costs at these lengths; cells that were masked one by one do not count.
/// Empty for attention from a file.
std::vector<MaskCost> mask_costs(const Model& model, const Edits& edits, HeadId head);

/// What a run predicts beside what the first column's run does.
struct PredictionMeasures {
  int position = -1;           ///< -1: the model predicts nothing.
  std::vector<Candidate> top;  ///< The most probable first.
  /// KL(first column || this one) in nats at the position; none where the vocabularies differ.
  std::optional<double> kl;
  /// The same as a mean over all positions; none where the numbers of tokens differ too, or it was
  /// not asked for.
  std::optional<double> mean_kl;
};

struct PredictionOptions {
  int candidates = 5;
  std::optional<int> position;  ///< None: predicted_position() of each run.
  bool mean = true;             ///< Takes the logits of every position.
  ThreadPool* pool = nullptr;   ///< Null: default_pool().
};

/// `run` may be the first column's run itself.
PredictionMeasures measure_prediction(const Trace& run, const Trace& first,
                                      const PredictionOptions& options = {});

/// Whether a prediction of one model can be compared with one of the other: the same model, or the
/// same tokens under the same ids.
bool same_vocabulary(const Model& a, const Model& b);

}  // namespace headlight
