#pragma once

#include <optional>
#include <string>

#include "layer_walk.h"

namespace headlight {

/// A printed hand-out as the bytes of a PDF, A4 upright, dark on white.
/// Of a walk: every step with its picture, words, formula, code and one number's arithmetic (that of
/// `cell`, on the step where it is made, else the last token's strongest), two steps to a page. `text`: the
/// sentence. Throws std::runtime_error where it cannot be drawn.
std::string walk_handout(const LayerWalk& walk, const std::string& text, bool fused,
                         std::optional<WalkCell> cell = {});

/// Whether the name ends in .pdf.
bool is_handout_file(const std::string& file);

}  // namespace headlight
