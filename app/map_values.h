#pragma once

#include <algorithm>
#include <cstdint>
#include <string>
#include <vector>

#include "rollouts.h"
#include "state.h"
#include "trace.h"

namespace headlight {

/// A head's map as it is drawn: the same numbers for the window, the exported picture and the CSV
/// file.
struct MapValues {
  int queries = 0;
  int keys = 0;
  std::vector<float> values;    // [query, key] weights, or edited - baseline for a difference
  std::vector<float> position;  // [query, key] place of each value in the colour table, 0 to 1
  float low = 0.0f;             ///< Value at the colour bar's lower end.
  float high = 1.0f;            ///< Value at its upper end.
  Quantity quantity = Quantity::weights;  ///< What the values are.
  bool diverging = false;       ///< A signed difference: -high to high, 0 in the middle.
  bool of_columns = false;      ///< It is a column minus the first one, not edited minus baseline.
  /// Positions are logarithmic from `low` to `high`; in a difference, on both sides of 0 from
  /// log_floor to `high`.
  bool log = false;
  /// Each row is scaled to its own largest value: the bar's numbers are shares of it.
  bool per_row = false;
  /// Tokens of a key (HeadDesign::pool): the values stand at the last one, and the drawn cell spans
  /// them all.
  int pool = 1;
};

/// The key at which the value stands that a cell is drawn with: itself, or where keys are pooled the
/// last token of its pool up to the query.
inline int covering_key(const MapValues& map, int query, int key) {
  if (map.pool <= 1 || key > query) return key;
  return std::min(key / map.pool * map.pool + map.pool - 1, query);
}

/// What can be shown of the head: the quantity that the display asks for, or else the weights (of
/// attention from a file there are no values, and no rollout where queries and keys differ).
Quantity shown_quantity(const Trace& trace, HeadId head, const Display& display);

/// Whether the colour bar ends at the largest value: by choice, or since only weights have an end
/// that all maps share.
bool to_largest(Quantity quantity, const Display& display);

/// "attention weight", "weight \u00D7 ||v W_O||", "attention rollout".
const char* quantity_name(Quantity quantity);

/// The quantity's formula and source in one line; of weights empty.
std::string quantity_formula(Quantity quantity, const ModelConfig& config, AttentionKind kind);

/// Place of a cell in these lists.
inline std::size_t cell_index(const MapValues& map, int query, int key) {
  return static_cast<std::size_t>(query) * static_cast<std::size_t>(map.keys) +
         static_cast<std::size_t>(key);
}

/// Smallest weight that the logarithmic scale tells from zero.
inline constexpr float log_floor = 1e-4f;

/// The map of one head, by the display's choices. For `baseline` both traces may be the same.
/// The rollouts are those of the two traces and of the head's kind, where they are known; else a
/// map of them computes them. Throws std::invalid_argument for a difference of traces of different
/// length, and for a head that the model lacks.
MapValues map_values(const Trace& baseline, const Trace& edited, HeadId head,
                     const Display& display, const Rollouts* rollouts = nullptr);

/// Its numbers alone: the weights (or what the display asks for) of the run shown, or edited - baseline, with the first key hidden
/// where the display says so. Throws as map_values.
std::vector<float> shown_weights(const Trace& baseline, const Trace& edited, HeadId head,
                                 const Display& display,
                                 const Rollouts* rollouts = nullptr);  // [query, key]

/// Differences smaller than this never take the whole colour bar: they are rounding.
inline constexpr float least_difference = 1e-3f;

/// The largest magnitude, for Range::map. Rows with a single weight are left out: it is always 1, as
/// that of the first token on a causal model. In a difference that has any, at least
/// least_difference. 0 when nothing is left.
float largest_value(const MapValues& map);

/// The colour bar's upper end for maps whose largest magnitude is `largest`, for Range::map.
float range_end(float largest, Scale scale);

/// Gives the colour bar another upper end, and every value its place on it.
void set_range_end(MapValues& map, float high);

/// The values of the colour bar's ticks, from the lower end up.
std::vector<float> color_bar_ticks(const MapValues& map);
/// Place of a value in the colour table, 0 to 1, for ticks.
float color_position(const MapValues& map, float value);

}  // namespace headlight
