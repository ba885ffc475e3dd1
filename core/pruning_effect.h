#pragma once

#include <string>
#include <vector>

#include "head_sweep.h"

namespace headlight {

/// Other heads to compare the pruning of a set with: of each kind and layer as many as the set has
/// there, drawn at random.
struct ControlDraws {
  std::vector<std::vector<HeadId>> draws;  ///< All different, each as many heads as the set.
  /// Empty, or a sentence for the layers that have too few other heads: the rest is then drawn from
  /// the nearest layers of the same kind; or that there are fewer others in the whole model.
  std::string notice;
};

/// At most `count` draws; fewer where there are not so many. Heads that the base has taken out
/// already, and those to avoid, are not drawn. The same seed gives the same draws everywhere.
ControlDraws control_draws(const ModelConfig& config, const std::vector<HeadId>& heads, int count,
                           unsigned seed, const Edits& base = {},
                           const std::vector<HeadId>& avoid = {});

struct PruningEffectOptions {
  Replacement replace = Replacement::zero;
  int controls = 8;
  unsigned seed = 1;
  Edits base = {};  ///< What is edited already.
  /// What is done to heads of the set instead of taking them out. A control gets the same: its
  /// heads in turn what those of the set do.
  Edits edits = {};
  /// Heads that no control draws: others that do the same, or that feed the set.
  std::vector<HeadId> avoid = {};
  SweepOptions sweep = {};
};

/// What taking out a set of heads together, or editing them otherwise, does to the loss. Changes are
/// against the base, in nats per predicted token.
struct PruningEffect {
  std::vector<HeadId> heads;
  std::int64_t tokens = 0;      ///< Predicted.
  double before = 0.0;          ///< Loss of the base.
  double after = 0.0;           ///< Loss without the set, or with its edits.
  std::vector<double> singles;  ///< Change of each head by itself.
  std::vector<std::vector<HeadId>> control_heads;
  std::vector<double> controls;  ///< Change of each control's set.
  std::string notice;            ///< Of the controls.

  double joint() const { return after - before; }
  double sum_of_singles() const;
  double control_mean() const;  ///< 0 without a control, as the next two.
  double control_least() const;
  double control_most() const;
};

/// Measures a set of heads together, each by itself, and its controls, a batch a step.
class PruningEffectMeasurement {
 public:
  /// Throws as HeadSweep, and std::invalid_argument for no heads.
  PruningEffectMeasurement(const Model& model, std::vector<LossText> texts,
                           std::vector<HeadId> heads, const PruningEffectOptions& options = {});
  bool step() { return sweep_.step(); }
  int steps() const { return sweep_.steps(); }
  int steps_done() const { return sweep_.steps_done(); }
  PruningEffect take();  ///< Throws std::logic_error before the last step.

 private:
  PruningEffect effect_;
  HeadSweep sweep_;
};

/// The whole measurement.
PruningEffect pruning_effect(const Model& model, const std::vector<LossText>& texts,
                             const std::vector<HeadId>& heads,
                             const PruningEffectOptions& options = {});

}  // namespace headlight
