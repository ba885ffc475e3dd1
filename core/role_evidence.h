#pragma once

#include <array>
#include <vector>

#include "role.h"
#include "role_baselines.h"
#include "role_tally.h"
#include "role_text.h"

namespace headlight {

/// How a head's maps look, as sums over windows of text (Kovaleva et al. 2019, figure 2).
struct ShapeSums {
  double windows = 0.0;
  double vertical = 0.0;  ///< Mass on the two heaviest keys of each window.
  double diagonal = 0.0;  ///< Mass within one token of the query, sinks left out.
  double blocks = 0.0;    ///< Windows with more than one sentence.
  double block = 0.0;     ///< How much more mass stays in the query's sentence than chance would
                          ///< keep there: 0: as chance, 1: all.
  bool operator==(const ShapeSums&) const = default;
};

/// Vertical or diagonal: at least half of the mass; both: at least a quarter each and 0.6 together;
/// block: half of the way from chance to all; else mixed.
Shape shape_of(const ShapeSums& sums);

/// What was counted of one head.
struct HeadEvidence {
  std::vector<std::array<Tally, 2>> tallies;  // [measures], by half
  /// Correlations with shuffled embeddings, as products and sizes (LikenessMatch).
  std::array<std::vector<double>, 2> shuffled_products, shuffled_sizes;
  ShapeSums shape;
  std::array<double, 4> stats = {};  ///< Entropy, distance, maximum, sink share, summed over texts.
  double stats_texts = 0.0;
  std::array<double, 3> detections = {};  ///< TransformerLens' scores, summed over texts.
  double detection_texts = 0.0;
  bool operator==(const HeadEvidence&) const = default;
};

/// Counts what the heads of one kind of attention do and concludes their roles. It takes weights
/// from anywhere: a pass, a file, a test.
///
/// For every measure the texts of half 0 choose: the score has to reach the threshold there, and to
/// lie above the baseline by more than chance gives in one of twenty models, corrected for all
/// heads and measures (Bonferroni). Every figure is of half 1, and a role holds only if its score
/// reaches the threshold there too and lies above the baseline (one-sided 95 %).
class RoleEvidence {
 public:
  /// `tested` heads of the model, of all kinds, are corrected for.
  RoleEvidence(int heads, int tested, int d_model);

  /// Counts the text's own baselines, once; then count_head for every head. Different heads may be
  /// counted at the same time.
  void count_text(const RoleText& text);
  void count_head(int head, const RoleText& text, const float* weights);  // [queries, keys]

  /// Roles, shape and numbers of a head; the caller names it.
  HeadRoles conclude(int head) const;

  const HeadEvidence& of(int head) const { return heads_.at(static_cast<std::size_t>(head)); }
  const BaselineCounts& baseline_of(int measure, int half) const;

  /// All that was counted, to be kept and put back: set_numbers takes what numbers() gave for as
  /// many heads, and says whether it could.
  std::vector<double> numbers() const;
  bool set_numbers(const std::vector<double>& numbers);

 private:
  template <typename Self, typename Visit>
  static void visit(Self& self, Visit visit);
  std::optional<RoleScore> judge(int head, int measure) const;

  int tested_ = 0;
  int d_model_ = 0;
  std::vector<HeadEvidence> heads_;
  std::vector<std::array<BaselineCounts, 2>> baselines_;  // [measures]
};

}  // namespace headlight
