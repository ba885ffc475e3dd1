#include "take_home.h"

#include <doctest/doctest.h>

#include <chrono>
#include <filesystem>
#include <stdexcept>
#include <string>
#include <thread>

#include <imgui.h>

#include "gl_backend.h"
#include "kept_driver.h"
#include "program.h"
#include "surfaceless.h"
#include "temporary_folder.h"

using namespace headlight;
using namespace headlight::test;

namespace {

void begin_frame() {
  ImGui::GetIO().DisplaySize = {1000.0f, 640.0f};
  ImGui::GetIO().DeltaTime = 1.0f / 60.0f;
}

}  // namespace

TEST_CASE("the window writes what a learner takes home") {
  keep_driver();
  std::optional<Surfaceless> surfaceless;
  try {
    surfaceless.emplace(1000, 640);
  } catch (const std::runtime_error& error) {
    MESSAGE("skipped: " << error.what());
    return;
  }
  GlBackend backend;
  State state;
  state.request.text = "The cat \"sat\"";
  state.selection.head = {1, 2};
  state.learn.tiny_head = 1;
  state.request.edits[{1, 2}] = {.temperature = 2.0f};  // also the tiny head's
  Program program(state, [] {}, false);
  program.wait();
  const TemporaryFolder folder;
  const auto written = [&](const TakeHome& form) {
    backend.frame(program, 1.0f, 1000, 640, begin_frame);
    program.ui().wishes.take_home = form;
    do {
      backend.frame(program, 1.0f, 1000, 640, begin_frame);
      std::this_thread::sleep_for(std::chrono::milliseconds(2));
    } while (program.exports());
    return program.ui().message;
  };
  const std::string file = (folder / "walk.py").string();
  CHECK(written({.file = file}) == "Exported " + file);
  const std::string script = read_file(folder / "walk.py");
  CHECK(contains(script, "head = 2  #"));
  CHECK(contains(script, "text = \"The cat \\\"sat\\\"\""));
  CHECK(std::filesystem::file_size(folder / "walk.npz") > 100000);

  CHECK(contains(written({.file = (folder / "tiny.ipynb").string(), .guided = true, .tiny = true}), "Exported "));
  const std::string tiny = read_file(folder / "tiny.ipynb");
  CHECK(contains(tiny, "fresh layer of beginner's size"));
  CHECK(contains(tiny, "head = 1  #"));
  CHECK(contains(tiny, "weights = ..."));
  CHECK(contains(tiny, "temperature = load"));
  CHECK(std::filesystem::exists(folder / "tiny.npz"));

  CHECK(contains(written({.file = (folder / "walk.txt").string()}), "must end in .py or .ipynb"));
  CHECK(program.ui().message_is_error);
  CHECK(contains(written({.file = (folder / "absent" / "walk.py").string()}), "absent"));
  CHECK(program.ui().message_is_error);
}
