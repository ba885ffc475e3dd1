#include <algorithm>
#include <cmath>

#include "figure_bar.h"
#include "figure_map.h"
#include "figure_page.h"

namespace headlight {
namespace {

constexpr int most_rectangles = 64;  // Tokens a side up to which cells are rectangles.
constexpr int most_values = 12;      // Tokens up to which cells hold their numbers.
constexpr double largest_side = 1000.0;

// Cells of 28 points while they hold numbers; then the map grows slowly to 450 points.
double side_of_map(const Canvas& canvas, int tokens) {
  constexpr double cell = 28.0;
  double side = tokens * cell;
  if (tokens > most_values)
    side = std::min(450.0, most_values * cell + (tokens - most_values) * 114.0 / 63.0);
  if (canvas.pixels() <= 0.0) return side;
  // Whole pixels for each cell, at least one while the picture stays of a sensible size.
  const double pixels = std::max(std::round(side * canvas.pixels() / tokens), 1.0);
  return std::min(pixels * tokens / canvas.pixels(), std::max(largest_side, side));
}

int most_cells(const Canvas& canvas, double side) {
  return canvas.pixels() > 0.0 ? static_cast<int>(side * canvas.pixels() + 0.01) : 2048;
}

}  // namespace

Extent draw_single_page(const Canvas& canvas, const Trace& baseline, const Trace& edited,
                        const FigureRequest& request) {
  const Display& display = request.display;
  const PageColors& colors = page_colors(display.theme);
  const HeadId head = request.heads.front();
  const Trace& shown = display.shown == Shown::baseline ? baseline : edited;
  const MapValues map = map_values(baseline, edited, head, display);
  const Trace& least_masked = display.shown == Shown::edited ? edited : baseline;
  const std::vector<std::uint8_t> masked = shaded_cells(least_masked, head, display);
  const bool any_masked = std::find(masked.begin(), masked.end(), 1) != masked.end();

  const double side = side_of_map(canvas, map.tokens);
  const double cell = side / map.tokens;
  const AxisLabels labels{shown.tokens(), cell, 96.0};
  const double label_room = labels.width(canvas);
  const TextStyle axis{.size = 7.5, .color = colors.muted};
  const double axis_height = canvas.measure("key", axis).height;
  const double bar_height = std::max(std::min(side, 240.0), 120.0);
  const double left = canvas.snap(page_margin + axis_height + 6.0 + label_room);
  const double bar_left = canvas.snap(left + side + 16.0);
  const double bar_room = color_bar_room(canvas, map);
  const double width = std::max(bar_left + bar_room, 200.0) + page_margin;
  const Extent heading = draw_heading(canvas, edited, request, width - 2 * page_margin);

  const double axis_top = page_margin + heading.height + 12.0;
  const double top = canvas.snap(axis_top + axis_height + 5.0 + label_room);
  canvas.text(left, axis_top, "key: is looked at \u2192", axis);
  canvas.text_up(page_margin + axis_height / 2.0, top, "\u2190 query: looks", axis, Align::right);
  labels.draw_left(canvas, colors, left, top);
  labels.draw_above(canvas, colors, left, top);
  if (!canvas.measuring()) {
    const ColorCells cells = color_cells(map, masked, display, most_cells(canvas, side));
    draw_cells(canvas, cells, left, top, side, colors, map.tokens <= most_rectangles);
    if (map.tokens <= most_values) draw_cell_values(canvas, map, masked, cells, left, top, side);
  }
  draw_color_bar(canvas, map, display, bar_left, top, bar_height);
  double bottom = top + std::max(side, bar_height);
  if (any_masked)
    bottom =
        std::max(bottom, top + side + 8.0 +
                             draw_masked_legend(canvas, display, left, top + side + 8.0).height);
  return {width, bottom + page_margin};
}

}  // namespace headlight
