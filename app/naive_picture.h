#pragma once

#include <imgui.h>

#include "config.h"
#include "ui.h"

namespace headlight {

// Pictures of the two ways to compute a layer's heads, between `min` and `max`: each head in its
// colour and with its number, each tensor with its shape.

/// One small attention for each head, and their outputs side by side.
void draw_naive_picture(const Ui& ui, Theme theme, const ModelConfig& config, int tokens,
                        ImVec2 min, ImVec2 max);
/// One product for all heads, cut into cards, and their outputs put back.
void draw_vectorised_picture(const Ui& ui, Theme theme, const ModelConfig& config, int tokens,
                             ImVec2 min, ImVec2 max);

}  // namespace headlight
