#pragma once

#include <cstdint>
#include <vector>

#include "figure_canvas.h"
#include "map_values.h"

namespace headlight {

/// One head's map as cells of colour, at most as many as a picture can show.
struct ColorCells {
  int rows = 0;
  int columns = 0;
  std::vector<Rgb> colors;  // [rows, columns]
  int pool = 1;             ///< Columns of one key, where each column is a token.
};

/// The colours of a map, in at most so many rows and columns. Masked cells get the theme's shade.
/// Where there are more tokens each cell stands for several, and shows the one farthest from zero:
/// a lone bright cell never vanishes.
ColorCells color_cells(const MapValues& map, const std::vector<std::uint8_t>& masked,
                       const Display& display, int most_rows, int most_columns);

/// The colour at a place of the map's colour bar, 0 to 1.
Rgb bar_color(const MapValues& map, const Display& display, float position);

/// Draws the cells so that they fill an area. As rectangles they stay sharp in any viewer, with
/// thin lines of the page's colour between them where there is room; else as one image.
void draw_cells(const Canvas& canvas, const ColorCells& cells, double x, double y, Extent area,
                const PageColors& colors, bool as_rectangles);

/// Prints each value in its cell, in the ink that reads on its colour. Masked cells stay empty.
void draw_cell_values(const Canvas& canvas, const MapValues& map,
                      const std::vector<std::uint8_t>& masked, const ColorCells& cells, double x,
                      double y, Extent area);

}  // namespace headlight
