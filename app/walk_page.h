#pragma once

#include "picture.h"
#include "ui.h"

namespace headlight {

/// The page of a walk, of the model's layer or the tiny one: the steps to scrub through, the step's
/// picture, and beside it words, formula, shapes, code and the arithmetic of the cell that is looked at.
/// Landmarks: "step/NAME", "step/play", "step/previous", "step/next", "board/TENSOR", "walk/...".
void draw_walk_page(State& state, const std::shared_ptr<const LayerWalk>& walk, const Picture& picture, Ui& ui);

}  // namespace headlight
