#pragma once

#include <string>
#include <vector>

#include "compared_column.h"
#include "figure.h"
#include "figure_map.h"

namespace headlight {

/// How a comparison is drawn.
struct ComparisonFigure {
  Display display;     ///< Colour map, scale, range, quantity, theme, hidden first token.
  double scale = 2.0;  ///< PNG pixels per point (1/72 inch at scale 1).
  std::string title;   ///< Empty: made from model and head.
};

/// Columns side by side, for a paper: each one's mask, map, difference to the first column on a
/// scale that all share, receptive field and numbers, as the bytes of a file. Throws
/// std::invalid_argument for no columns and when the picture would exceed 16,384 pixels a side.
std::string draw_comparison(const std::vector<ComparedColumn>& columns,
                            const ComparisonFigure& figure, FigureFormat format);

/// The columns as the bytes of a file of this ending: a picture (.png, .svg, .pdf) or numbers (.csv,
/// .json). Throws std::invalid_argument for another ending, and as draw_comparison.
std::string comparison_file(const std::vector<ComparedColumn>& columns,
                            const ComparisonFigure& figure, const std::string& ending);

/// The colours of a column's mask, in at most so many rows and columns.
ColorCells mask_cells_colors(const ComparedColumn& column, Theme theme, int most_rows,
                             int most_columns);

/// The colour of a token that reaches a position after so many of the layers; -1: never.
Rgb depth_color(int depth, int layers, Theme theme);

}  // namespace headlight
