#pragma once

#include "ui.h"
#include "walk_scene.h"

namespace headlight {

/// Draws a scene with its upper left corner at `origin`, in pixels. `lit`: a cell to frame; what it comes
/// from is marked, too. Returns the cell under the mouse.
std::optional<WalkCell> draw_scene(const LayerWalk& walk, const WalkScene& scene, ImVec2 origin,
                                   std::optional<WalkCell> lit, Theme theme, Ui& ui);

}  // namespace headlight
