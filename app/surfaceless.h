#pragma once

namespace headlight {

/// A current OpenGL 3.3 core context without any display, through EGL's surfaceless platform, with a
/// framebuffer of the given size bound to draw into. Throws std::runtime_error in one sentence where there
/// is no such OpenGL.
class Surfaceless {
 public:
  Surfaceless(int width, int height);
  ~Surfaceless();
  Surfaceless(const Surfaceless&) = delete;
  Surfaceless& operator=(const Surfaceless&) = delete;

 private:
  void* display_ = nullptr;  // EGLDisplay
  void* context_ = nullptr;  // EGLContext
  unsigned color_ = 0;
  unsigned frame_ = 0;
};

}  // namespace headlight
