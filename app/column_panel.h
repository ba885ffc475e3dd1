#pragma once

#include "picture.h"
#include "state.h"
#include "ui.h"

namespace headlight {

// The parts of one column of the compare view; panel_compare.cpp sets them side by side.

/// Where the columns stand, in pixels.
struct ColumnGrid {
  std::size_t count = 0;
  float left = 0, gutter = 0, slot = 0, gap = 0, bars = 0;
  float side = 0;  ///< Of a map's longer side.

  float x(std::size_t place) const {
    return left + gutter + static_cast<float>(place) * (slot + gap);
  }
  float right() const { return x(count - 1) + slot; }
};

/// The mask of a column with its numbers, where it is put, its own text and model; at the cursor.
void draw_column_header(State& state, const Picture& picture, Ui& ui, const ColumnGrid& grid,
                        std::size_t place);

/// Masks and predictions, maps, differences and receptive fields of all columns, and the colour bars;
/// at the cursor, which stands below them afterwards.
void draw_column_maps(State& state, const Picture& picture, Ui& ui, const ColumnGrid& grid);

}  // namespace headlight
