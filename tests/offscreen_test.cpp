#include "offscreen.h"

#include <doctest/doctest.h>

#include <cstdint>
#include <filesystem>
#include <functional>
#include <optional>
#include <stdexcept>
#include <string>
#include <utility>

#include "kept_driver.h"
#include "paths.h"
#include "temporary_folder.h"

using namespace headlight;
using headlight::test::TemporaryFolder;

namespace {

State small_state() {
  State state;
  state.request.model = (test::test_data() / "models" / "tiny-gpt2").string();
  state.request.text = "the cat sat on the mat";
  return state;
}

// Draws a state and gives the file's bytes; none, with a message, where this machine has no OpenGL
// without a display.
std::optional<std::string> drawn(const State& state, int width = 1000, int height = 640) {
  const TemporaryFolder folder;
  test::keep_driver();
  try {
    draw_offscreen(state, width, height, folder / "window.png");
  } catch (const std::runtime_error& error) {
    const std::string what = error.what();
    if (!test::contains(what, "OpenGL")) throw;
    MESSAGE("skipped: " << what);
    return std::nullopt;
  }
  return test::read_file(folder / "window.png");
}

std::uint32_t big_endian(const std::string& bytes, std::size_t at) {
  std::uint32_t value = 0;
  for (std::size_t i = 0; i < 4; ++i)
    value = value << 8 | static_cast<unsigned char>(bytes[at + i]);
  return value;
}

}  // namespace

TEST_CASE("the first screen is a PNG of the size asked for") {
  for (const auto& [width, height] : {std::pair{1000, 640}, {1440, 900}, {811, 601}}) {
    const auto png = drawn(small_state(), width, height);
    if (!png) return;
    REQUIRE(png->size() > 10000);  // an empty one would be a few hundred bytes
    CHECK(png->substr(0, 8) == "\x89PNG\r\n\x1a\n");
    CHECK(big_endian(*png, 16) == static_cast<std::uint32_t>(width));
    CHECK(big_endian(*png, 20) == static_cast<std::uint32_t>(height));
  }
}

TEST_CASE("the same state gives the same picture bit for bit") {
  const auto first = drawn(small_state());
  if (!first) return;
  for (int run = 0; run < 3; ++run) CHECK(drawn(small_state()) == first);
}

TEST_CASE("what the state says is seen") {
  const auto plain = drawn(small_state());
  if (!plain) return;
  const auto differs = [&](const std::function<void(State&)>& change) {
    State state = small_state();
    change(state);
    return drawn(state) != plain;
  };
  CHECK(differs([](State& s) { s.request.text = "the cat sat on the rug"; }));
  CHECK(differs([](State& s) { s.request.edits[{1, 1}].gain = 0.0f; }));
  CHECK(differs([](State& s) { s.request.edits[{0, 0}].temperature = 4.0f; }));
  CHECK(differs([](State& s) { s.request.edits[{0, 0}].mask = local_mask(1); }));
  CHECK(differs([](State& s) { s.selection.head = {1, 2}; }));
  CHECK(differs([](State& s) { s.selection.query = 3, s.selection.key = 1; }));
  CHECK(differs([](State& s) { s.display.theme = Theme::light; }));
  CHECK(differs([](State& s) { s.display.view = View::arcs; }));
  CHECK(differs([](State& s) { s.display.view = View::text; }));
  CHECK(differs([](State& s) { s.display.shown = Shown::difference; }));
  CHECK(differs([](State& s) { s.display.color_map = ColorMap::magma; }));
  CHECK(differs([](State& s) { s.display.scale = Scale::log; }));
  CHECK(differs([](State& s) { s.display.range = Range::row; }));
  CHECK(differs([](State& s) { s.display.hide_first = true; }));
  CHECK(differs([](State& s) { s.display.text_scale = 1.25f; }));
}

TEST_CASE("any text and any state is drawn") {
  const std::string texts[] = {"",
                               " ",
                               "a",
                               std::string(10000, 'w'),
                               "\xff\xfe broken \xf0\x9f",
                               std::string("nul \0 and \x01\x02\t\n", 14),
                               "\U0001F600 \u05e9\u05dc\u05d5\u05dd \u4f60\u597d e\u0301"};
  for (const std::string& text : texts) {
    for (const View view : {View::map, View::arcs, View::text}) {
      State state = small_state();
      state.request.text = text;
      state.display.view = view;
      CAPTURE(text.substr(0, 20));
      CHECK_NOTHROW(drawn(state, 900, 600));
    }
  }
}

TEST_CASE("a selection beyond the text or the model is drawn all the same") {
  for (const View view : {View::map, View::arcs, View::text}) {
    State state = small_state();
    state.display.view = view;
    state.selection = {{77, 99}, 100000, 200000};
    CHECK_NOTHROW(drawn(state, 900, 600));
    state.selection = {{1, 1}, 50, std::nullopt};
    CHECK_NOTHROW(drawn(state, 900, 600));
    state.selection = {{1, 1}, std::nullopt, 50};
    CHECK_NOTHROW(drawn(state, 900, 600));
  }
}

TEST_CASE("a model that is not there is drawn as a sentence") {
  State state = small_state();
  state.request.model = "/nowhere/at all";
  CHECK_NOTHROW(drawn(state));
}

TEST_CASE("a folder that is not there is a failure that says so") {
  const TemporaryFolder folder;
  if (!drawn(small_state())) return;
  const std::string what = test::message_of<std::runtime_error>(
      [&] { draw_offscreen(small_state(), 800, 600, folder / "missing" / "window.png"); });
  CHECK(test::contains(what, "missing"));
  CHECK(!test::contains(what, "\n"));
}
