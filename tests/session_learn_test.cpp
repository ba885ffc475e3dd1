#include "session_learn.h"

#include <doctest/doctest.h>

#include "session.h"

using namespace headlight;

namespace {

State with(const std::string& learn) {
  return read_session("{\"headlight_session\": 1, \"learn\": " + learn + "}", "s.json");
}

}  // namespace

TEST_CASE("session_learn: where the learner stands comes back") {
  State state;
  state.display.view = View::learn;
  state.display.presents = true;
  state.learn = {.page = LearnPage::tiny,
                 .step = WalkStep::softmax,
                 .cell = WalkCell{WalkTensor::weights, 3, 2},
                 .fused = true,
                 .dropout = {.p = 0.1f, .seed = 9},
                 .tiny = {.d_in = 6, .d_out = 4, .heads = 4, .tokens = 3, .bias = true, .seed = 5},
                 .tiny_head = 2,
                 .cached = 4,
                 .pair = 3,
                 .shift = 7,
                 .lesson = "1-who-sat-where",
                 .lesson_part = 4};
  CHECK(read_session(write_session(state), "s.json") == state);
  CHECK(read_session(write_session(State{}), "s.json") == State{});
  for (int step = 0; step < walk_steps; ++step) {
    state.learn.step = static_cast<WalkStep>(step);
    CHECK(read_session(write_session(state), "s.json").learn.step == state.learn.step);
  }
  for (int tensor = 0; tensor < walk_tensors; ++tensor) {
    state.learn.cell->tensor = static_cast<WalkTensor>(tensor);
    CHECK(read_session(write_session(state), "s.json").learn.cell == state.learn.cell);
  }
}

TEST_CASE("session_learn: an older session begins with the lessons") {
  CHECK(read_session("{\"headlight_session\": 1}", "s.json").learn == Learn{});
}

TEST_CASE("session_learn: what is refused, with its place") {
  CHECK_THROWS_WITH_AS(with("{\"step\": \"fly\"}"), "s.json: learn.step: \"fly\" is not known", LoadError);
  CHECK_THROWS_WITH_AS(with("{\"cell\": {\"tensor\": \"Q\"}}"), "s.json: learn.cell.tensor: \"Q\" is not known", LoadError);
  CHECK_THROWS_WITH_AS(with("{\"page\": \"exam\"}"), doctest::Contains("learn.page: expected one of lessons, walk"), LoadError);
  CHECK_THROWS_WITH_AS(with("{\"dropout\": 1}"), doctest::Contains("learn.dropout"), LoadError);
  CHECK_THROWS_WITH_AS(with("{\"tiny\": {\"heads\": 3}}"), "s.json: learn.tiny: d_out 8 is no multiple of 3 heads", LoadError);
  CHECK_THROWS_WITH_AS(with("{\"tiny\": {\"d_in\": 99}}"), doctest::Contains("expected 1 to 16"), LoadError);
  CHECK_THROWS_AS(with("[]"), LoadError);
}
