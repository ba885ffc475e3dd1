#pragma once

#include <filesystem>

#include "state.h"

namespace headlight {

/// Draws the window's first screen for a state without any display, through EGL's surfaceless platform,
/// and writes it as a PNG of `width` x `height` pixels.
/// Throws std::runtime_error in one sentence when there is no such OpenGL or the file cannot be written.
void draw_offscreen(const State& state, int width, int height, const std::filesystem::path& file,
                    const std::filesystem::path& open = {});

}  // namespace headlight
