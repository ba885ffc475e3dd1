#pragma once

#include <memory>

#include "model.h"

namespace headlight {

/// What a frame of the window costs the main thread, in milliseconds of its processor time (medians): the
/// drawing itself is the graphics driver's.
struct FrameTime {
  int heads = 0;   ///< All heads of the model, each drawn as a thumbnail.
  int tokens = 0;
  double still_ms = 0.0;  ///< Nothing has changed.
  double fresh_ms = 0.0;  ///< A new snapshot came: all maps coloured and uploaded again.
};

/// Draws the window for a model at `tokens` tokens without a display, 1600 x 1000 pixels. Throws
/// std::runtime_error where there is no OpenGL 3.3.
FrameTime time_frames(std::shared_ptr<const Model> model, int tokens);

}  // namespace headlight
