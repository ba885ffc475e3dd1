#include "history.h"

#include <doctest/doctest.h>

using namespace headlight;

namespace {

Edits pruned(int layer, int head) { return {{{layer, head}, {.gain = 0.0f}}}; }

}  // namespace

TEST_CASE("a new history has nothing to undo") {
  History history;
  CHECK_FALSE(history.can_undo());
  CHECK_FALSE(history.can_redo());
  history.observe({});
  CHECK_FALSE(history.can_undo());
}

TEST_CASE("undo and redo walk the same values there and back") {
  History history;
  const Edits first = pruned(0, 1);
  Edits second = first;
  second[{1, 2}] = {.temperature = 2.0f};
  history.observe({first});
  history.observe({second});
  REQUIRE(history.can_undo());
  CHECK_FALSE(history.can_redo());
  CHECK(history.undo().edits == first);
  REQUIRE(history.can_undo());
  CHECK(history.undo().edits == Edits{});
  CHECK_FALSE(history.can_undo());
  REQUIRE(history.can_redo());
  CHECK(history.redo().edits == first);
  CHECK(history.redo().edits == second);
  CHECK_FALSE(history.can_redo());
}

TEST_CASE("the same edits again are no step") {
  History history;
  history.observe({pruned(0, 0)});
  for (int frame = 0; frame < 100; ++frame) history.observe({pruned(0, 0)});
  CHECK(history.undo().edits == Edits{});
  CHECK_FALSE(history.can_undo());
}

TEST_CASE("an entry that changes nothing is no step") {
  History history;
  history.observe({{{{0, 0}, HeadEdit{}}}});
  CHECK_FALSE(history.can_undo());
  Edits edits = pruned(0, 1);
  history.observe({edits});
  edits[{1, 1}] = {};
  history.observe({edits});
  CHECK(history.undo().edits == Edits{});
  CHECK_FALSE(history.can_undo());
}

TEST_CASE("seeing the edits that an undo left does not cut off the redo") {
  History history;
  history.observe({pruned(0, 0)});
  const Edits now = history.undo().edits;
  for (int frame = 0; frame < 3; ++frame) history.observe({now});
  REQUIRE(history.can_redo());
  CHECK(history.redo().edits == pruned(0, 0));
}

TEST_CASE("a change after an undo forgets what was undone") {
  History history;
  history.observe({pruned(0, 0)});
  history.observe({pruned(0, 1)});
  history.undo();
  history.observe({pruned(1, 1)});
  CHECK_FALSE(history.can_redo());
  CHECK(history.undo().edits == pruned(0, 0));
}

TEST_CASE("a reset forgets everything and is where the next step begins") {
  History history;
  history.observe({pruned(0, 0)});
  history.observe({pruned(0, 1)});
  history.undo();
  history.reset({pruned(1, 0)});
  CHECK_FALSE(history.can_undo());
  CHECK_FALSE(history.can_redo());
  history.observe({pruned(1, 0)});
  CHECK_FALSE(history.can_undo());
  history.observe({});
  CHECK(history.undo().edits == pruned(1, 0));
}

TEST_CASE("a thousand steps are all undone") {
  History history;
  for (int i = 1; i <= 1000; ++i) history.observe({{{{0, 0}, {.gain = 1.0f + i}}}});
  int steps = 0;
  Edits last;
  while (history.can_undo()) {
    last = history.undo().edits;
    ++steps;
  }
  CHECK(steps == 1000);
  CHECK(last == Edits{});
}
