#pragma once

#include "mask.h"
#include "ui.h"

namespace headlight {

/// The parts of a mask, each with its numbers, and a list to add one or to take a published pattern.
/// Landmarks: "mask", "mask/KIND", "mask/NUMBER". Returns whether it changed.
bool edit_mask(Ui& ui, Mask& mask);

}  // namespace headlight
