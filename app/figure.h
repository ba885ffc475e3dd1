#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "map_values.h"
#include "state.h"
#include "trace.h"

namespace headlight {

/// A picture of one or more heads' maps, for a paper: tokens on both axes, axis names, colour bar,
/// title.
struct FigureRequest {
  std::vector<HeadId> heads;  ///< One: a large map. More: a grid, a row for each layer.
  Display display;            ///< Colour map, scale, range, shown, theme, hidden first token.
  double scale = 2.0;         ///< PNG pixels per point (1/72 inch at scale 1).
  std::string title;          ///< Empty: made from model and head.
};

enum class FigureFormat { png, svg, pdf };

/// The picture as the bytes of a file, with text, model, heads and edits as its metadata.
/// Throws std::invalid_argument when no head is asked for or the picture would exceed 16,384 pixels
/// a side.
std::string draw_figure(const Trace& baseline, const Trace& edited, const FigureRequest& request,
                        FigureFormat format);

enum class TableFormat { csv, json, npz };

/// The numbers of the heads' maps as the bytes of a file, never scaled for colour; table.h says
/// what each format holds. Throws std::invalid_argument when no head is asked for or an `.npz`
/// would exceed 4 GB.
std::string write_table(const Trace& baseline, const Trace& edited, const FigureRequest& request,
                        TableFormat format);

}  // namespace headlight
