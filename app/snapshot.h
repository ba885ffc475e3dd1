#pragma once

#include <map>
#include <memory>
#include <string>

#include "comparison.h"
#include "head_summary.h"
#include "importance.h"
#include "layer_walk.h"
#include "model.h"
#include "naive_result.h"
#include "prediction_view.h"
#include "pruning_curve.h"
#include "pruning_effect.h"
#include "role.h"
#include "rollouts.h"
#include "state.h"
#include "trace.h"
#include "variant_sheet.h"

namespace headlight {

/// The sets that importance is reported on, beside a file of the user's by its name.
inline constexpr const char* battery_set_name = "battery";
inline constexpr const char* own_text_name = "this text";

/// What the worker made of a column of the compare view.
struct ColumnResult {
  Column column;  ///< That this answers; of the first one's place only the request counts.
  std::shared_ptr<const Model> model;
  std::shared_ptr<const Trace> baseline;  ///< Null when there is nothing to show.
  std::shared_ptr<const Trace> run;
  PredictionMeasures prediction;
  std::map<HeadId, std::vector<MaskCost>> costs;  ///< mask_costs() of every head.
  std::optional<double> loss;
  std::string error;  ///< One sentence, when it could not be computed.
};

/// What the worker made of a request. Never changed once published. A picture is stale when
/// `snapshot.request != state.request`.
struct Snapshot {
  Request request;  ///< The request that this answers.

  std::shared_ptr<const Model> model;    ///< Null before the first model was loaded.
  std::shared_ptr<const Trace> baseline;  ///< Null when there is nothing to show.
  std::shared_ptr<const Trace> edited;    ///< The baseline itself when no edit changes anything.
  std::shared_ptr<const SummariesByKind> baseline_heads;
  std::shared_ptr<const SummariesByKind> edited_heads;

  std::shared_ptr<const Rollouts> rollouts;  ///< Null while nobody wants to see them, or there are none.

  /// Through the edited run, for the head that want_walk named; null while nobody wants it. Where
  /// there can be none, `walk_error` says why.
  std::shared_ptr<const LayerWalk> walk;
  std::string walk_error;

  /// At predicted_position(); without rows where the model predicts nothing.
  PredictionView prediction;
  /// The first column and those beside it, as far as they are computed; empty when none was asked for.
  std::vector<std::shared_ptr<const ColumnResult>> columns;
  std::vector<Column> columns_done;  ///< Those beside the first that `columns` answers in full.
  bool decoded = false;  ///< The decoder's tokens are the model's own, decoded greedily.

  std::shared_ptr<const RoleReport> roles;  ///< Null until they are known.

  // Null until they were asked for; of the model, not of the request.
  std::shared_ptr<const ImportanceReport> importance;
  std::string importance_text;  ///< The user's text that it was measured on.
  std::shared_ptr<const PruningCurve> curve;
  std::shared_ptr<const PruningEffect> effect;  ///< Of these edits:
  Edits effect_edits;                           ///< normalized.

  std::shared_ptr<const VariantSheet> variants;  ///< Null until it was asked for.
  std::shared_ptr<const NaiveResult> naive;      ///< Likewise; it names what it was measured on.

  std::string error;   ///< One sentence, when the request could not be answered; older pictures stay.
  std::string notice;  ///< One sentence about the text, as that it was cut.
  double milliseconds = 0.0;  ///< Both passes and the summaries.

  bool answers(const std::vector<Column>& asked) const {
    return asked.empty() || !error.empty() || baseline == nullptr || columns_done == asked;
  }
  bool has_pictures() const { return baseline != nullptr && edited != nullptr; }
};

}  // namespace headlight
