#pragma once

#include <string>

#include "layer_walk.h"

namespace headlight {

/// The few lines of PyTorch that do a step, with this model's own sizes; only what its design needs.
std::string step_code(const LayerWalk& walk, WalkStep step, bool fused);

/// One or two sentences in plain words.
std::string step_words(const LayerWalk& walk, WalkStep step, bool fused);

/// The step's formula, its symbols apart by spaces; and its shapes, one a line.
std::string step_formula(const LayerWalk& walk, WalkStep step);
std::string step_shapes(const LayerWalk& walk, WalkStep step);

}  // namespace headlight
