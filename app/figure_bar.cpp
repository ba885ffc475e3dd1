#include "figure_bar.h"

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <vector>

#include "figure_map.h"

namespace headlight {
namespace {

std::string bar_name(const MapValues& map) {
  std::string name = map.of_columns  ? "column \u2212 first column"
                     : map.diverging ? "edited \u2212 baseline"
                                     : quantity_name(map.quantity);
  if (map.per_row) name += ", share of its row\u2019s largest";
  if (map.log) name += ", log scale";
  return name;
}

constexpr double bar_width = 9.0;
constexpr double tick_room = 5.0;

TextStyle number_style(Rgb color) { return {.size = 6.5, .color = color, .mono = true}; }
TextStyle name_style(Rgb color) { return {.size = 7.5, .color = color}; }

// The ticks with both ends first: when not all fit, the range is what a reader looks for.
std::vector<float> ticks_by_weight(const MapValues& map) {
  std::vector<float> ticks = color_bar_ticks(map);
  std::stable_partition(ticks.begin(), ticks.end(),
                        [&](float tick) { return tick == map.high || tick == map.low; });
  return ticks;
}

// From the bar's left to the middle of its upright name.
double name_offset(const Canvas& canvas, const MapValues& map) {
  double widest = 0.0;
  for (float tick : color_bar_ticks(map))
    widest = std::max(widest, canvas.measure(tick_label(tick, map.log), number_style({})).width);
  const double height = canvas.measure(bar_name(map), name_style({})).height;
  return bar_width + tick_room + widest + 5.0 + height / 2.0;
}

// A step for each colour, the lowest at the bottom.
void draw_steps(const Canvas& canvas, const MapValues& map, const Display& display, double x,
                double y, double height) {
  constexpr int steps = 256;
  for (int i = steps - 1; i >= 0; --i) {
    const double top = canvas.snap(y + height * (steps - 1 - i) / steps);
    double bottom = canvas.snap(y + height * (steps - i) / steps);
    if (bottom <= top) continue;
    // On vector surfaces each step reaches under the one drawn after it, so that no seam shows.
    if (canvas.pixels() <= 0.0 && i > 0) bottom += height / steps;
    canvas.fill(x, top, bar_width, bottom - top,
                bar_color(map, display, static_cast<float>(i) / 255.0f));
  }
}

}  // namespace

std::string tick_label(float value, bool log) {
  char digits[24];
  const double size = std::abs(static_cast<double>(value));
  if (size != 0.0 && (log ? size < 0.0095 : size < 0.00095))
    std::snprintf(digits, sizeof digits, "%.0e", size);
  else
    std::snprintf(digits, sizeof digits, "%.3g", size);
  std::string text = digits;
  if (const std::size_t zero = text.find("e-0"); zero != std::string::npos) text.erase(zero + 2, 1);
  return value < 0.0f ? "\u2212" + text : text;
}

double color_bar_room(const Canvas& canvas, const MapValues& map) {
  return name_offset(canvas, map) + canvas.measure(bar_name(map), name_style({})).height / 2.0;
}

void draw_color_bar(const Canvas& canvas, const MapValues& map, const Display& display, double x,
                    double y, double height) {
  if (canvas.measuring()) return;
  const PageColors& colors = page_colors(display.theme);
  draw_steps(canvas, map, display, x, y, height);
  canvas.frame(x, y, bar_width, height, colors.line);

  const TextStyle numbers = number_style(colors.muted);
  const double line = canvas.measure("0", numbers).height;
  std::vector<double> taken;
  for (float tick : ticks_by_weight(map)) {
    const double place = y + height * (1.0 - static_cast<double>(color_position(map, tick)));
    const bool free = std::none_of(taken.begin(), taken.end(),
                                   [&](double other) { return std::abs(other - place) < line; });
    if (!free) continue;
    taken.push_back(place);
    const double thin = canvas.line_width(0.5);
    canvas.fill(x + bar_width, canvas.snap(place - thin / 2), 2.5, thin, colors.muted);
    canvas.text(x + bar_width + tick_room, place - line / 2.0, tick_label(tick, map.log), numbers);
  }

  // A name longer than the bar begins at its foot and rises above it.
  const TextStyle style = name_style(colors.muted);
  const double name_at = x + name_offset(canvas, map);
  if (canvas.measure(bar_name(map), style).width > height)
    canvas.text_up(name_at, y + height, bar_name(map), style);
  else
    canvas.text_up(name_at, y + height / 2.0, bar_name(map), style, Align::center);
}

}  // namespace headlight
