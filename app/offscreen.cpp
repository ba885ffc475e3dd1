#include "offscreen.h"

#include <cairo.h>
#include <epoxy/gl.h>
#include <imgui.h>

#include <chrono>
#include <memory>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

#include "file_io.h"
#include "gl_backend.h"
#include "surfaceless.h"

namespace headlight {
namespace {

// The bound framebuffer as the bytes of a PNG file.
std::string read_png(int width, int height) {
  std::vector<unsigned char> pixels(static_cast<std::size_t>(width) * height * 4);
  glReadPixels(0, 0, width, height, GL_BGRA, GL_UNSIGNED_BYTE, pixels.data());
  // GL's rows run upwards.
  std::vector<unsigned char> rows(pixels.size());
  const std::size_t row = static_cast<std::size_t>(width) * 4;
  for (int y = 0; y < height; ++y) {
    std::copy_n(pixels.begin() + static_cast<std::ptrdiff_t>(row * (height - 1 - y)), row,
                rows.begin() + static_cast<std::ptrdiff_t>(row * y));
  }
  const std::unique_ptr<cairo_surface_t, decltype(&cairo_surface_destroy)> surface(
      cairo_image_surface_create_for_data(rows.data(), CAIRO_FORMAT_RGB24, width, height,
                                          static_cast<int>(row)),
      cairo_surface_destroy);
  std::string bytes;
  const cairo_status_t status = cairo_surface_write_to_png_stream(
      surface.get(),
      [](void* out, const unsigned char* data, unsigned length) {
        static_cast<std::string*>(out)->append(reinterpret_cast<const char*>(data), length);
        return CAIRO_STATUS_SUCCESS;
      },
      &bytes);
  if (status != CAIRO_STATUS_SUCCESS) throw std::runtime_error("the picture could not be encoded");
  return bytes;
}

int frame_width = 0;
int frame_height = 0;

void begin_frame() {
  ImGuiIO& io = ImGui::GetIO();
  io.DisplaySize = {static_cast<float>(frame_width), static_cast<float>(frame_height)};
  io.DeltaTime = 1.0f / 60.0f;
}

}  // namespace

void draw_offscreen(const State& state, int width, int height, const std::filesystem::path& file,
                    const std::filesystem::path& open) {
  const Surfaceless surfaceless(width, height);
  std::string png;
  {
    GlBackend backend;
    Program program(state, [] {}, false);
    frame_width = width;
    frame_height = height;
    program.ui().show_times = false;
    program.wait();
    // The map's texture follows the layout by a frame, and the fonts follow the prediction.
    const auto settle = [&] {
      for (int i = 0; i < 4; ++i) backend.frame(program, 1.0f, width, height, begin_frame);
    };
    if (!open.empty()) {  // a lesson sets up what is computed, and then what is edited in it
      program.open(open);
      for (int i = 0; i < 2; ++i) {
        settle();
        program.wait();
      }
    }
    settle();
    program.wait();
    if (program.measures()) {  // what the edits did, which the first frames asked for
      while (program.measures()) std::this_thread::sleep_for(std::chrono::milliseconds(5));
      settle();
    }
    png = read_png(width, height);
  }
  write_file(file, png);
}

}  // namespace headlight
