#pragma once

#include <filesystem>

#include "state.h"

namespace headlight {

/// Opens the window and runs until it is closed; returns the state it was closed with. With
/// $HEADLIGHT_LANDMARKS set, writes where the parts stand and the state to that file as JSON after each
/// change, for tests of the real window.
/// Throws std::runtime_error when there is no display or no OpenGL 3.3, in one sentence that says what to do.
State run_window(State state, int width, int height, const std::filesystem::path& open = {});

}  // namespace headlight
