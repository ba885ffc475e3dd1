#include "compared_column.h"

#include <algorithm>
#include <stdexcept>
#include <utility>

#include "figure_words.h"
#include "input.h"

namespace headlight {

ComparedColumn compared_column(std::shared_ptr<const Model> model,
                               std::shared_ptr<const Trace> baseline,
                               std::shared_ptr<const Trace> run, HeadId head, const Trace& first,
                               const PredictionOptions& options) {
  ComparedColumn column;
  column.head = head;
  column.model = std::move(model);
  column.baseline = std::move(baseline);
  column.run = std::move(run);
  column.of_head = measure_head({*column.baseline, *column.run, head});
  column.costs = mask_costs(*column.model, column.run->edits(), head);
  column.prediction = measure_prediction(*column.run, first, options);
  const int tokens = column.run->queries(head.kind);
  const int position = options.position ? *options.position
                       : head.kind == AttentionKind::encoder
                           ? tokens - 1
                           : predicted_position(*column.model, column.run->tokens());
  column.field = receptive_field(*column.model, column.run->edits(), head.kind, tokens,
                                 std::clamp(position, 0, tokens - 1));
  return column;
}

std::string column_title(const Trace& run, HeadId head) {
  const auto edit = run.edits().find(head);
  if (edit == run.edits().end() || edit->second.mask.is_full()) return "no mask";
  return to_string(edit->second.mask);
}

std::string column_subtitle(const ComparedColumn& column, const ComparedColumn& first) {
  std::string text;
  const auto add = [&](const std::string& more) {
    if (!more.empty()) text += (text.empty() ? "" : " \u00B7 ") + more;
  };
  const ModelConfig& config = column.model->config;
  if (column.model != first.model) add(column.model->name);
  if (column.head != first.head) add(head_name(config, column.head));
  if (column.run->input() != first.run->input() && column.model == first.model)
    add("\u201C" + text_of(*column.run) + "\u201D");
  add(edits_sentence(column.run->edits(), config));
  return text;
}

std::string mask_notice(const ComparedColumn& column) {
  const std::string title = column_title(*column.run, column.head);
  if (title == "no mask") return "";
  if (column.of_head.cells == 0) return title + " hides everything: all weights are 0";
  if (column.of_head.cells == column.of_head.full_cells)
    return title + " hides nothing from these tokens";
  const std::vector<Access> access = access_of(column);
  const int keys = column.run->keys(column.head.kind);
  int blind = 0;
  for (auto row = access.begin(); row != access.end(); row += keys)
    blind += std::find(row, row + keys, Access::allowed) == row + keys;
  if (blind == 0) return "";
  return title + " hides everything from " + std::to_string(blind) +
         (blind == 1 ? " token" : " tokens") + ": their weights are 0";
}

bool same_shape(const ComparedColumn& a, const ComparedColumn& b) {
  return a.run->queries(a.head.kind) == b.run->queries(b.head.kind) &&
         a.run->keys(a.head.kind) == b.run->keys(b.head.kind);
}

MapValues column_map(const ComparedColumn& column, const Display& display) {
  Display edited = display;
  edited.shown = Shown::edited;
  return map_values(*column.run, *column.run, column.head, edited);
}

MapValues column_difference(const ComparedColumn& column, const ComparedColumn& first,
                            const Display& display, float high) {
  if (!same_shape(column, first))
    throw std::invalid_argument("[column_difference] the maps are not of one shape");
  MapValues map = column_map(column, display);
  const MapValues before = column_map(first, display);
  for (std::size_t i = 0; i < map.values.size(); ++i) map.values[i] -= before.values[i];
  map.diverging = map.of_columns = true;
  map.per_row = false;
  set_range_end(map, high > 0.0f ? high : range_end(largest_value(map), display.scale));
  return map;
}

float shared_difference_end(const std::vector<ComparedColumn>& columns, const Display& display) {
  float largest = 0.0f;
  for (const ComparedColumn& column : columns) {
    if (&column == &columns.front() || !same_shape(column, columns.front())) continue;
    largest =
        std::max(largest, largest_value(column_difference(column, columns.front(), display, 1.0f)));
  }
  return range_end(largest, display.scale);
}

std::vector<Access> access_of(const ComparedColumn& column) {
  const std::vector<std::uint8_t> masked = masked_cells(*column.run, column.head);
  const std::vector<std::uint8_t> out_of_reach = masked_cells(*column.baseline, column.head);
  std::vector<Access> access(masked.size());
  for (std::size_t i = 0; i < masked.size(); ++i) {
    access[i] = !masked[i] ? Access::allowed : out_of_reach[i] ? Access::none : Access::masked;
  }
  return access;
}

}  // namespace headlight
