#pragma once

#include <string>

#include "figure_canvas.h"
#include "map_values.h"

namespace headlight {

/// Draws the colour bar of a map, upright, with ticks and a name for its numbers.
void draw_color_bar(const Canvas& canvas, const MapValues& map, const Display& display, double x,
                    double y, double height);

/// The room that it takes to the right of x, in points.
double color_bar_room(const Canvas& canvas, const MapValues& map);

/// A number of the bar: "0", "0.25", "1e-4", "−0.5".
std::string tick_label(float value, bool log);

}  // namespace headlight
