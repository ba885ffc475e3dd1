#pragma once

#include <imgui.h>

#include "state.h"

namespace headlight {

/// The colours of a theme. Ink on paper has a contrast of at least 7:1, faint ink of at least 4.5:1.
struct Palette {
  ImU32 paper;     ///< Behind everything.
  ImU32 raised;    ///< Fields, buttons, chips.
  ImU32 hovered;
  ImU32 line;      ///< Between panels, around fields.
  ImU32 ink;
  ImU32 faint;     ///< Secondary text.
  ImU32 accent;    ///< The selection, the active choice.
  ImU32 on_accent; ///< Text on the accent.
  ImU32 edit;      ///< Marks of an edit.
  ImU32 error;
  ImU32 masked;    ///< Cells that a mask or causality forbids.
};

const Palette& palette_of(Theme theme);

/// The colour with another opacity, 0 to 1.
ImU32 fade(ImU32 color, float opacity);

/// Sets Dear ImGui's colours, spacing and rounding for a theme at a scale (1 = 100 %).
void apply_style(Theme theme, float scale);

}  // namespace headlight
