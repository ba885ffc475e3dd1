#include "lesson_condition.h"

#include <doctest/doctest.h>

#include <cstdio>
#include <xtensor/xtensor.hpp>

#include "lesson_setup.h"
#include "lesson_text.h"
#include "temporary_folder.h"
#include "worker.h"

using namespace headlight;
using namespace headlight::test;

namespace {

// mini-gpt's answer to a state.
std::shared_ptr<const Snapshot> answer(const State& state) {
  static Worker worker([] {});
  worker.submit(state.request, state.columns);
  return worker.wait();
}

State cat() {
  State state;
  state.request.text = "The cat sat on the mat";
  state.selection.head = {1, 5};
  return state;
}

bool holds(const std::string& line, const State& state, const Snapshot* snapshot,
           const std::string& before = "") {
  return Condition(line).holds({state, snapshot, before});
}

bool holds(const std::string& line, const State& state = cat()) {
  return holds(line, state, answer(state).get());
}

std::string measured(const std::string& text, const State& state = cat()) {
  Phrase phrase(text);
  const Measure measure = Measure::read(phrase);
  phrase.end();
  return measure.of({state, answer(state).get()}).text;
}

std::string refusal(const std::string& line) {
  return message_of<std::invalid_argument>([&] { Condition condition(line); });
}

}  // namespace

TEST_CASE("conditions on the view and the display") {
  State state = cat();
  CHECK(holds("view is map", state, nullptr));
  CHECK_FALSE(holds("view is arcs", state, nullptr));
  CHECK(holds("view is arcs or view is map", state, nullptr));
  CHECK(holds("not view is arcs", state, nullptr));
  state.display.view = View::learn;
  state.learn.page = LearnPage::walk;
  state.learn.step = WalkStep::scores;
  CHECK(holds("page is walk", state, nullptr));
  CHECK(holds("step is scores", state, nullptr));
  state.display.view = View::map;
  CHECK_FALSE(holds("step is scores", state, nullptr));
  state.display.shown = Shown::difference;
  CHECK(holds("shown is difference", state, nullptr));
  state.display.hide_first = true;
  CHECK(holds("hide first is on", state, nullptr));
  CHECK_FALSE(holds("hide first is off", state, nullptr));
  state.display.role = "induction";
  CHECK(holds("role is \"induction\"", state, nullptr));
  CHECK(holds("scale is linear", state, nullptr));
  CHECK(holds("dropout below 0.1", state, nullptr));
  CHECK_FALSE(holds("walk cell pinned", state, nullptr));
  CHECK(holds("model is \"mini-gpt\"", state, nullptr));
}

TEST_CASE("conditions on the text") {
  const State state = cat();
  CHECK(holds("text contains \"CAT sat\"", state, nullptr));
  CHECK_FALSE(holds("text contains \"dog\"", state, nullptr));
  CHECK(holds("text is \"The cat sat on the mat\"", state, nullptr));
  CHECK(holds("text changed", state, nullptr, "The"));
  CHECK_FALSE(holds("text changed", state, nullptr, "The cat sat on the mat"));
  CHECK(holds("text contains \"x or y\" or text contains \"mat\"", state, nullptr));
}

TEST_CASE("conditions on heads, pins and edits") {
  State state = cat();
  CHECK(holds("head is 1.5"));
  CHECK(holds("head is 0.1,1.*"));
  CHECK_FALSE(holds("head is 1.4"));
  CHECK(holds("head has role \"previous token\""));
  CHECK_FALSE(holds("head has role \"induction\""));
  CHECK_FALSE(holds("query pinned"));
  state.selection.query = 3;
  CHECK(holds("query pinned", state));
  CHECK(holds("query is \"sat\"", state));
  CHECK_FALSE(holds("cell pinned", state));
  state.selection.key = 2;
  CHECK(holds("cell is \"sat\" to \"cat\"", state));
  CHECK_FALSE(holds("cell is \"sat\" to \"The\"", state));
  CHECK(holds("nothing edited", state));
  state.request.edits[{1, 5}].gain = 0.0f;
  state.request.edits[{2, 1}].temperature = 2.0f;
  state.request.edits[{2, 1}].mask = local_mask(4);
  CHECK(holds("pruned 1.5", state));
  CHECK_FALSE(holds("pruned 1.*", state));
  CHECK(holds("edited 1.5,2.1", state));
  CHECK_FALSE(holds("nothing edited", state));
  CHECK(holds("temperature of 2.1 above 1.5", state));
  CHECK_FALSE(holds("temperature of 2.1 above 2.5", state));
  CHECK(holds("gain of 1.5 is 0", state));
  CHECK(holds("mask of 2.1 is local", state));
  CHECK(holds("mask of 2.1 is local:4", state));
  CHECK_FALSE(holds("mask of 2.1 is local:3", state));
  CHECK(holds("mask of 2.2 is none", state));
  CHECK(holds("a column mask is dilated", state));
  CHECK_FALSE(holds("a column mask is block", state));
}

TEST_CASE("measures are what the engine gives") {
  const State state = cat();
  const auto snapshot = answer(state);
  const auto weights = snapshot->edited->weights({1, 5});
  char text[16];
  std::snprintf(text, sizeof text, "%.2f", weights(3, 2));
  CHECK(measured("weight of \"sat\" to \"cat\" in 1.5") == text);
  CHECK(measured("strongest key of \"sat\" in 1.5") == "cat");
  CHECK(measured("strongest key of last in 2.2") == "<start>");
  CHECK(measured("strongest query of \"the\" in 1.5") == "mat");
  CHECK(measured("token 2") == "cat");
  CHECK(measured("count of tokens") == "7");
  CHECK(measured("count of layers") == "4");
  CHECK(measured("count of heads") == "6");
  CHECK(measured("size of head") == "32");
  CHECK(measured("size of model") == "192");
  CHECK(measured("heads with role \"induction\"") == "L2 H1, L2 H2, L2 H4, L2 H5");
  CHECK(measured("count of heads with role \"induction\"") == "4");
  CHECK(holds("entropy of 1.5 below entropy of 0.5"));
  CHECK(holds("weight of \"sat\" to \"cat\" in 1.5 above 0.9"));
  CHECK(holds("weight of \"sat\" to \"mat\" in 1.5 is 0"));
  CHECK(holds("strongest key of \"sat\" in 1.5 is \"cat\""));
}

TEST_CASE("measures of the edited run and of the baseline differ") {
  State state;
  state.request.text = "red seven river chair music red seven river chair";
  CHECK(measured("prediction", state) == "music");
  state.request.edits[{1, 5}].gain = 0.0f;
  CHECK(measured("baseline prediction", state) == "music");
  CHECK_FALSE(measured("prediction", state) == "music");
  CHECK(holds("probability of \"music\" below baseline probability of \"music\"", state));
  CHECK(holds("change of prediction above 1", state));
  state.request.edits.clear();
  CHECK(measured("prediction of column 1", state) == "music");
  CHECK(measured("prediction of column 3", state) == "chair");
}

TEST_CASE("what is not there is said, and what is not computed yet is waited for") {
  const State state = cat();
  CHECK_THROWS_AS(holds("head is 1.5", state, nullptr), NotYet);
  CHECK(contains(message_of<std::invalid_argument>([] { holds("head is 9.9"); }), "9"));
  CHECK(contains(message_of<std::invalid_argument>([] { measured("weight of \"dog\" to first in 1.5"); }), "\"dog\""));
  CHECK(contains(message_of<std::invalid_argument>([] { measured("weight of 99 to first in 1.5"); }), "no token 99"));
  CHECK(contains(message_of<std::invalid_argument>([] { measured("entropy of 9.9"); }), "no head L9 H9"));
  CHECK(contains(message_of<std::invalid_argument>([] { measured("probability of \"xyzzy\""); }), "xyzzy"));
  CHECK(contains(message_of<std::invalid_argument>([] { measured("heads with role \"cook\""); }), "cook"));
}

TEST_CASE("a line that is no condition is refused in one sentence") {
  CHECK(contains(refusal("view is nap"), "map, arcs"));
  CHECK(contains(refusal("view is map now"), "did not expect \"now\""));
  CHECK(contains(refusal("head is one.five"), "expected heads"));
  CHECK(contains(refusal("temperature of 1.5 above hot"), "expected a number"));
  CHECK(contains(refusal("mask of 1.5 is locale"), "no mask"));
  CHECK(contains(refusal("step is score"), "scores"));
  CHECK(contains(refusal(""), "missing"));
  CHECK(contains(refusal("view is map or  or view is arcs"), "missing"));
  CHECK(contains(refusal("prediction of column 5 is \"x\""), "1 to 4"));
}

TEST_CASE("a truth is said by a choice") {
  const State state = cat();
  const auto snapshot = answer(state);
  const Situation situation{state, snapshot.get()};
  CHECK(LessonTruth("strongest key of \"sat\" in 1.5").of(situation) == "cat");
  CHECK(LessonTruth("whether view is map").of(situation) == "yes");
  CHECK(LessonTruth("whether view is arcs").of(situation) == "no");
  CHECK(says("cat", "cat"));
  CHECK(says("*cat*, the word before", "cat"));
  CHECK(says("\"cat\"", "cat"));
  CHECK_FALSE(says("cats", "cat"));
  CHECK_FALSE(says("cat food", "cat"));
  CHECK(says("Yes, it does", "yes"));
  CHECK_FALSE(says("Yesterday", "yes"));
  CHECK_FALSE(says("", "yes"));
  CHECK_FALSE(says("x", ""));
}

TEST_CASE("a text's measures are filled in") {
  const State state = cat();
  const auto snapshot = answer(state);
  const LessonText text("*sat* looks at {strongest key of \"sat\" in 1.5}.");
  CHECK(text.plain() == "*sat* looks at ....");
  CHECK(text.filled({state, snapshot.get()}) == "*sat* looks at cat.");
  CHECK_THROWS_AS(text.filled({state, nullptr}), NotYet);
  CHECK_THROWS_AS(LessonText("a } b"), std::invalid_argument);
}

TEST_CASE("a set-up puts heads, edits and pins in when the model is there") {
  LessonSetup setup;
  setup.add("text", "The cat sat on the mat");
  setup.add("head", "2.1");
  setup.add("query", "\"sat\"");
  setup.add("prune", "1.*");
  setup.add("mask", "2.1 local:3");
  setup.add("columns", "local:2, global:1");
  State state;
  setup.begin(state);
  CHECK(state.request.text == "The cat sat on the mat");
  CHECK(state.request.edits.empty());
  CHECK(state.columns.size() == 2);
  setup.finish(state, *answer(state));
  CHECK(state.selection.head == HeadId{2, 1});
  CHECK(state.selection.query == 3);
  CHECK(state.request.edits.size() == 7);
  CHECK(state.request.edits.at({1, 0}).gain == 0.0f);
  CHECK(state.request.edits.at({2, 1}).mask == local_mask(3));

  LessonSetup next;  // another text takes the pins of the first away
  next.add("text", "A dog");
  setup.then(next);
  State second;
  setup.begin(second);
  setup.finish(second, *answer(second));
  CHECK(second.request.text == "A dog");
  CHECK_FALSE(second.selection.query);
  CHECK(second.selection.head == HeadId{2, 1});
}

TEST_CASE("what a lesson replaces comes back, and how the reader likes to see stays") {
  State mine = cat();
  mine.request.edits[{0, 3}].gain = 0.0f;
  mine.display.view = View::arcs;
  State state = mine;
  clear_for_lesson(state);
  CHECK(state.request.edits.empty());
  CHECK(state.display.view == View::map);
  state.display.theme = Theme::light;
  state.display.text_scale = 1.5f;
  restore_after_lesson(state, mine);
  CHECK(state.request == mine.request);
  CHECK(state.display.view == View::arcs);
  CHECK(state.display.theme == Theme::light);
  CHECK(state.display.text_scale == 1.5f);
}
