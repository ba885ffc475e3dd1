#pragma once

#include <string>

#include "script_layer.h"

namespace headlight {

/// The `.npz` file that a taken-home script reads: the tokens, the layer's weights as [in, out]
/// matrices under the names that assets/words/en/walk uses, and the window's numbers as window_*.
/// Throws std::length_error over 4 GB.
std::string script_arrays(const ScriptLayer& layer);

}  // namespace headlight
