#include "figure_bar.h"

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <vector>

#include "figure_map.h"

namespace headlight {
namespace {

std::string bar_name(const MapValues& map) {
  std::string name = map.diverging ? "edited \u2212 baseline" : "attention weight";
  if (map.per_row) name += ", share of its row\u2019s largest";
  if (map.log) name += ", log scale";
  return name;
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

double draw_color_bar(const Canvas& canvas, const MapValues& map, const Display& display, double x,
                      double y, double height) {
  constexpr double width = 9.0;
  const PageColors& colors = page_colors(display.theme);
  if (!canvas.measuring()) {
    // A step for each colour, on the pixel grid, the lowest at the bottom.
    const int steps = 256;
    for (int i = 0; i < steps; ++i) {
      const double top = canvas.snap(y + height * (steps - 1 - i) / steps);
      const double bottom = canvas.snap(y + height * (steps - i) / steps);
      // On vector surfaces each step reaches under the one drawn after it, above.
      const double under = canvas.pixels() > 0.0 || i == 0 ? 0.0 : height / steps;
      if (bottom > top)
        canvas.fill(x, top, width, bottom - top + under, bar_color(map, display, i / 255.0f));
    }
    canvas.frame(x, y, width, height, colors.line);
  }

  const TextStyle numbers{.size = 6.5, .color = colors.muted, .mono = true};
  const double line = canvas.measure("0", numbers).height;
  double widest = 0.0;
  // From both ends inwards matters more than evenness: the range is what a reader looks for.
  std::vector<float> ticks = color_bar_ticks(map);
  std::vector<double> taken;
  std::stable_sort(ticks.begin(), ticks.end(), [&](float a, float b) {
    const auto is_end = [&](float t) { return t == map.high || t == map.low; };
    return is_end(a) > is_end(b);
  });
  for (float tick : ticks) {
    const double place = y + height * (1.0 - static_cast<double>(color_position(map, tick)));
    const bool free = std::none_of(taken.begin(), taken.end(),
                                   [&](double other) { return std::abs(other - place) < line; });
    if (!free) continue;
    taken.push_back(place);
    const double at = canvas.snap(place);
    if (!canvas.measuring())
      canvas.fill(x + width, at - canvas.line_width(0.5) / 2, 2.5, canvas.line_width(0.5),
                  colors.muted);
    const Extent extent =
        canvas.text(x + width + 5.0, place - line / 2.0, tick_label(tick, map.log), numbers);
    widest = std::max(widest, extent.width);
  }
  const TextStyle name{.size = 7.5, .color = colors.muted};
  const Extent extent = canvas.measure(bar_name(map), name);
  const double name_at = x + width + 5.0 + widest + 5.0 + extent.height / 2.0;
  // A name longer than the bar begins at its foot, and may rise above it.
  if (extent.width > height)
    canvas.text_up(name_at, y + height, bar_name(map), name);
  else
    canvas.text_up(name_at, y + height / 2.0, bar_name(map), name, Align::center);
  return name_at + extent.height / 2.0 - x;
}

}  // namespace headlight
