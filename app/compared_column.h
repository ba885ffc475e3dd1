#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "comparison.h"
#include "map_values.h"
#include "receptive_field.h"

namespace headlight {

/// One column of a comparison, computed: what the window, the figure and the tables show of it.
struct ComparedColumn {
  HeadId head;
  std::shared_ptr<const Model> model;
  std::shared_ptr<const Trace> baseline;  ///< Without the edits; may be `run` itself.
  std::shared_ptr<const Trace> run;
  HeadMeasures of_head;
  std::vector<MaskCost> costs;  ///< mask_costs()
  PredictionMeasures prediction;
  std::optional<double> loss;  ///< On the battery, in nats per predicted token; none: not measured.
  ReceptiveField field;        ///< Of the predicted position, or the one asked for.
};

/// A computed run as a column beside the first one's, with all of its numbers but the loss. Its
/// position is the field's and the prediction's; none: predicted_position(). Throws
/// std::invalid_argument for a head that the model lacks.
ComparedColumn compared_column(std::shared_ptr<const Model> model,
                               std::shared_ptr<const Trace> baseline,
                               std::shared_ptr<const Trace> run, HeadId head, const Trace& first,
                               const PredictionOptions& options = {});

/// "no mask", "local:4", or what else the head's mask is.
std::string column_title(const Trace& run, HeadId head);

/// What distinguishes the column beyond its title: its edits in words, and model, text and head
/// where they are not the first column's.
std::string column_subtitle(const ComparedColumn& column, const ComparedColumn& first);

/// One sentence for a mask that hides everything, hides all from some tokens, or hides nothing on
/// this text; else empty.
std::string mask_notice(const ComparedColumn& column);

/// Whether the columns' maps have as many rows and columns.
bool same_shape(const ComparedColumn& a, const ComparedColumn& b);

/// The column's map by the display's choices, of its edited run.
MapValues column_map(const ComparedColumn& column, const Display& display);

/// The column's values minus the first's, for maps of one shape (else std::invalid_argument), on a
/// diverging scale up to `high`; 0: up to the largest of its own.
MapValues column_difference(const ComparedColumn& column, const ComparedColumn& first,
                            const Display& display, float high = 0.0f);

/// What all differences to the first column can share as their scale's end.
float shared_difference_end(const std::vector<ComparedColumn>& columns, const Display& display);

/// What a head may look at, of the cells that the unedited model lets it look at.
enum class Access : std::uint8_t {
  none,     ///< Never: later tokens of a causal head.
  masked,   ///< Not under the column's edits.
  allowed,
};
std::vector<Access> access_of(const ComparedColumn& column);  // [query, key]

}  // namespace headlight
