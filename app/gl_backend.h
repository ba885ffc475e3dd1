#pragma once

#include "program.h"

namespace headlight {

/// Dear ImGui's context and its GL renderer, for as long as a GL context is current.
class GlBackend {
 public:
  GlBackend();
  ~GlBackend();
  GlBackend(const GlBackend&) = delete;
  GlBackend& operator=(const GlBackend&) = delete;

  /// Draws one frame of the program at `width` x `height` pixels into the bound framebuffer. `begin` is
  /// called right before ImGui::NewFrame, for the input. Returns whether another frame should follow soon.
  bool frame(Program& program, float scale, int width, int height, void (*begin)());
};

}  // namespace headlight
