#pragma once

#include <string>

#include "edits.h"

namespace headlight {

/// An edit in words: "pruned (mean), temperature 2, local:4, 3 cells masked". Empty for one that changes
/// nothing.
std::string edit_words(const HeadEdit& edit);

}  // namespace headlight
