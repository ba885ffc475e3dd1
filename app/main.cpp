#include <cstdio>
#include <exception>
#include <filesystem>

#include "command_line.h"
#include "lesson.h"

#include "offscreen.h"
#include "run_command.h"
#include "session_store.h"
#include "window.h"

namespace {

// The window, or its first screen as a picture.
int show(const headlight::WindowOptions& options) {
  const bool to_file = options.offscreen.has_value();
  const headlight::State state =
      headlight::opening_state(options, headlight::SessionStore::last());
  const std::filesystem::path lesson = options.lesson.value_or("");
  if (!lesson.empty()) headlight::read_lesson(lesson);  // refuses a broken one here, not in the window
  if (to_file) {
    headlight::draw_offscreen(state, options.width, options.height, *options.offscreen, lesson);
    std::printf("%s\n", std::filesystem::absolute(*options.offscreen).c_str());
  } else {
    headlight::run_window(state, options.width, options.height, lesson);
  }
  return 0;
}

}  // namespace

int main(int argc, char** argv) {
  const headlight::Command command = headlight::parse_command_line(argc, argv);
  if (command.kind == headlight::Command::Kind::done) {
    std::fputs(command.output.c_str(), command.exit_code == 0 ? stdout : stderr);
    return command.exit_code;
  }
  if (command.kind != headlight::Command::Kind::window) return headlight::run_command(command);
  try {
    return show(command.window);
  } catch (const std::exception& error) {
    std::fprintf(stderr, "headlight: %s\n", error.what());
    return 1;
  }
}
