#pragma once

#include <string>

#include "model.h"

namespace headlight {

/// How a model's heads are made, in a few words: "3 local:4, 3 dilated:8:4, 2 plain"; of the first
/// layer, where layers differ. What the heads share comes last.
std::string design_text(const Model& model);

}  // namespace headlight
