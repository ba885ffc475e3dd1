#include <algorithm>

#include "color_maps.h"
#include "figure_columns.h"
#include "figure_page.h"
#include "palette.h"
#include "picture.h"

namespace headlight {

// What the compare view shows of each column; nothing while it is not on screen.
void Picture::make_columns(const State& state) {
  columns_.clear();
  column_at_.clear();
  column_errors_.clear();
  column_maps_.clear();
  column_differences_.clear();
  column_rows_.clear();
  column_notices_.clear();
  ++columns_version_;
  if (state.display.view != View::compare) return;
  for (const std::shared_ptr<const ColumnResult>& result : snapshot_->columns) {
    column_at_.push_back(-1);
    column_errors_.emplace_back();
    if (result == nullptr) continue;
    column_errors_.back() = result->error;
    if (result->run == nullptr || !result->error.empty()) continue;
    const std::size_t place = column_at_.size() - 1;
    HeadId head = state.selection.head;
    if (place > 0 && place <= state.columns.size())
      head = state.columns[place - 1].shows.value_or(head);
    if (!result->model->config.has(head)) {
      column_errors_.back() = result->model->name + " has no " + to_string(head) + ".";
      continue;
    }
    ComparedColumn column;
    column.head = head;
    column.model = result->model;
    column.baseline = result->baseline;
    column.run = result->run;
    column.of_head = measure_head({*column.baseline, *column.run, head});
    if (const auto costs = result->costs.find(head); costs != result->costs.end())
      column.costs = costs->second;
    column.prediction = result->prediction;
    column.loss = result->loss;
    const int queries = column.run->queries(head.kind);
    int position = state.selection.query.value_or(
        head.kind == AttentionKind::encoder ? queries - 1 : column.prediction.position);
    if (position < 0) position = queries - 1;
    position = std::min(position, queries - 1);
    column.field = receptive_field(*column.model, column.run->edits(), head.kind, queries, position);
    if (state.selection.query && head.kind != AttentionKind::encoder) {
      const Trace& first = columns_.empty() ? *column.run : *columns_.front().run;
      const std::optional<double> mean = column.prediction.mean_kl;
      column.prediction =
          measure_prediction(*column.run, first, {.position = position, .mean = false});
      column.prediction.mean_kl = mean;
    }
    column_at_.back() = static_cast<int>(columns_.size());
    columns_.push_back(std::move(column));
  }
  float map_end = 0.0f;
  for (const ComparedColumn& column : columns_) {
    column_maps_.push_back(column_map(column, state.display));
    map_end = std::max(map_end, column_maps_.back().high);
  }
  for (MapValues& map : column_maps_) set_range_end(map, map_end);
  if (columns_.empty()) return;
  column_rows_ = comparison_rows(columns_);
  for (std::size_t place = 0; place < column_at_.size(); ++place) {
    if (column_at_[place] < 0) continue;
    const std::string notice = mask_notice(columns_[static_cast<std::size_t>(column_at_[place])]);
    if (notice.empty()) continue;
    if (!column_notices_.empty()) column_notices_ += ".   ";
    column_notices_ += std::to_string(place + 1) + ": " + notice;
  }
  const float end = shared_difference_end(columns_, state.display);
  for (const ComparedColumn& column : columns_) {
    column_differences_.push_back(same_shape(column, columns_.front())
                                      ? column_difference(column, columns_.front(), state.display, end)
                                      : MapValues{});
  }
}

const std::string& Picture::column_error(std::size_t place) const {
  static const std::string none;
  return place < column_errors_.size() ? column_errors_[place] : none;
}

namespace {

Image image_of(const ColorCells& cells) {
  Image image{cells.columns, cells.rows, {}};
  for (const Rgb c : cells.colors) image.pixels.push_back(IM_COL32(c.r, c.g, c.b, 255));
  return image;
}

}  // namespace

Image Picture::column_mask_image(std::size_t index, int side) const {
  return image_of(mask_cells_colors(columns_[index], display_.theme, side, side));
}

Image Picture::column_map_image(std::size_t index, int side) const {
  const ComparedColumn& column = columns_[index];
  return image_of(color_cells(column_maps_[index], shaded_cells(*column.run, column.head, display_),
                              display_, side, side));
}

Image Picture::column_difference_image(std::size_t index, int side) const {
  const MapValues& map = column_differences_[index];
  if (map.queries == 0) return {1, 1, {palette_of(display_.theme).paper}};
  const ComparedColumn& column = columns_[index];
  std::vector<std::uint8_t> shaded = shaded_cells(*column.run, column.head, display_);
  const std::vector<std::uint8_t> of_first =
      shaded_cells(*columns_.front().run, columns_.front().head, display_);
  for (std::size_t i = 0; i < shaded.size(); ++i) shaded[i] &= of_first[i];
  return image_of(color_cells(map, shaded, display_, side, side));
}

}  // namespace headlight
