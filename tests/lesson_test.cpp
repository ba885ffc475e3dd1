#include "lesson.h"

#include <doctest/doctest.h>

#include "lesson_list.h"
#include "paths.h"
#include "temporary_folder.h"

using namespace headlight;
using namespace headlight::test;

namespace {

const std::string head = "title: T\nminutes: 3\nsummary: S\n";

Lesson parse(const std::string& text) { return parse_lesson(text, "a.lesson"); }

std::string refusal(const std::string& text) {
  return message_of<LoadError>([&] { parse(text); });
}

// What is wrong with a part that stands behind a good beginning: it begins in line 4.
std::string part_refusal(const std::string& text) { return refusal(head + text); }

}  // namespace

TEST_CASE("a lesson has a title, minutes, a summary and parts") {
  const Lesson lesson = parse(
      "\xEF\xBB\xBF# a comment\ntitle: Who sat?\r\nminutes: 4\nsummary: One sentence.\n\n"
      "[set]\ntext: The cat sat\nhead: 1.5\n[read]\nsay: First line\n  and *the same* one.\npoint: map\n"
      "[do]\nsay: Click\nuntil: head is 1.5\nuntil: view is map\nthen: Good.\nhint: There.\n"
      "[predict]\nask: Which?\nchoice: A\nwhy: a\nchoice: B\ntruth: prediction\nbecause: So.\ncover: map\n"
      "[quiz]\nask: What?\nwrong: A\nwhy: no\nright: B\nwhy: yes\n");
  CHECK(lesson.name == "a");
  CHECK(lesson.title == "Who sat?");
  CHECK(lesson.minutes == 4);
  CHECK(lesson.summary == "One sentence.");
  REQUIRE(lesson.parts.size() == 4);
  using Kind = LessonPart::Kind;
  CHECK(lesson.parts[0].kind == Kind::read);
  CHECK(lesson.parts[0].say.plain() == "First line and *the same* one.");
  CHECK_FALSE(lesson.parts[0].setup.empty());
  CHECK(lesson.parts[0].points.at(0).line == "map");
  CHECK(lesson.parts[1].kind == Kind::act);
  CHECK(lesson.parts[1].setup.empty());
  CHECK(lesson.parts[1].until.size() == 2);
  CHECK(lesson.parts[1].line == 13);
  CHECK(lesson.parts[2].truth.has_value());
  CHECK(lesson.parts[2].covers == std::vector<std::string>{"map"});
  CHECK(lesson.parts[2].choices.at(0).why.plain() == "a");
  CHECK(lesson.parts[3].choices.at(1).right);
  CHECK_FALSE(lesson.parts[3].choices.at(0).right);
}

TEST_CASE("what is pointed at may be a token, a row, a column or a cell") {
  const Lesson lesson = parse(head + "[read]\nsay: x\npoint: L1 H5\npoint: token \"cat\"#2\n"
                                     "point: cell last to 3\npoint: column first\npoint: row 2\n");
  const auto& points = lesson.parts[0].points;
  using At = LessonPoint::At;
  REQUIRE(points.size() == 5);
  CHECK(points[0].at == At::landmark);
  CHECK(points[1].at == At::token);
  CHECK(points[1].query == TokenPlace{TokenPlace::By::word, 2, "cat"});
  CHECK(points[2].at == At::cell);
  CHECK(points[2].key.number == 3);
  CHECK(points[3].at == At::column);
  CHECK(points[4].at == At::row);
}

TEST_CASE("the set-ups on the way to a part come together") {
  const Lesson lesson = parse(head +
                              "[set]\ntext: One\nview: arcs\n[read]\nsay: x\n[set]\ntext: Two\n[read]\nsay: y\n");
  State state;
  lesson.setup_of(0).begin(state);
  CHECK(state.request.text == "One");
  CHECK(state.display.view == View::arcs);
  state = {};
  lesson.setup_of(1).begin(state);
  CHECK(state.request.text == "Two");
  CHECK(state.display.view == View::arcs);
}

TEST_CASE("a broken lesson is refused with its line and what to do") {
  CHECK(contains(refusal(""), "a.lesson:1: title is missing"));
  CHECK(contains(refusal("title: T\nminutes: 3\n"), "a.lesson:2: summary is missing"));
  CHECK(contains(refusal("title: T\nminutes: many\n"), "a.lesson:2: minutes: expected a whole number"));
  CHECK(contains(refusal("title: T\nminutes: 0\n"), "a.lesson:2: minutes: expected 1 to 60"));
  CHECK(contains(refusal("titel: T\n"), "a.lesson:1: \"titel\" is not known here"));
  CHECK(contains(refusal(head), "the lesson has no parts"));
  CHECK(contains(part_refusal("[raed]\n"), "a.lesson:4: [raed] is not known"));
  CHECK(contains(part_refusal("[read\n"), "a.lesson:4: expected [set]"));
  CHECK(contains(part_refusal("[read]\nsay this\n"), "a.lesson:5: \"say this\" has no colon"));
  CHECK(contains(part_refusal("[read]\n  say: x\n"), "a.lesson:5: a line that begins with a space"));
  CHECK(contains(part_refusal("[read]\npoint: map\n"), "a.lesson:4: say: is missing"));
  CHECK(contains(part_refusal("[read]\nsay:\n"), "a.lesson:5: say: a text is missing"));
  CHECK(contains(part_refusal("[read]\nsay: *x\n"), "a.lesson:5: say: one * of"));
  CHECK(contains(part_refusal("[read]\nsay: {weight}\n"), "a.lesson:5: say: \"weight\" is nothing"));
  CHECK(contains(part_refusal("[read]\nsay: {prediction\n"), "a brace has no other half"));
  CHECK(contains(part_refusal("[read]\nsay: " + std::string(701, 'x') + "\n"), "701 bytes are too long"));
  CHECK(contains(part_refusal("[read]\nsay: x\nsay: y\n"), "a.lesson:6: say: stands twice"));
  CHECK(contains(part_refusal("[read]\nsay: x\nuntil: head is 1.5\n"), "a.lesson:6: \"until\" is not known in this part"));
  CHECK(contains(part_refusal("[read]\nsay: x\n[set]\ntext: y\n"), "a.lesson:6: [set] sets up the part behind it"));
  CHECK(contains(part_refusal("[set]\nhaed: 1.5\n[read]\nsay: x\n"), "a.lesson:5: haed: [set] knows"));
  CHECK(contains(part_refusal("[set]\nhead: 1.*\n[read]\nsay: x\n"), "a.lesson:5: head: expected one head"));
  CHECK(contains(part_refusal("[set]\nmask: 1.* lokal:4\n[read]\nsay: x\n"), "a.lesson:5: mask: "));
  CHECK(contains(part_refusal("[do]\nsay: x\n"), "a.lesson:4: until: is missing"));
  CHECK(contains(part_refusal("[do]\nsay: x\nuntil: haed is 1.5\n"), "a.lesson:6: until: "));
  CHECK(contains(refusal(head + "[read]\nsay: \xff\n"), "a.lesson:5: this is no text in UTF-8"));
}

TEST_CASE("a question has choices of which one is right, for a reason") {
  const std::string ask = "[quiz]\nask: x\n";
  CHECK(contains(part_refusal(ask + "right: a\nwhy: a\n"), "two choices at least"));
  CHECK(contains(part_refusal(ask + "wrong: a\nwhy: a\nwrong: b\nwhy: b\n"), "0 choices are right"));
  CHECK(contains(part_refusal(ask + "right: a\nwhy: a\nright: b\nwhy: b\n"), "2 choices are right"));
  CHECK(contains(part_refusal(ask + "right: a\nwrong: b\nwhy: b\n"), "why: is missing"));
  CHECK(contains(part_refusal(ask + "why: a\n"), "a.lesson:6: why: stands behind the choice"));
  CHECK(contains(part_refusal(ask + "right: a\nchoice: b\ntruth: prediction\n"), "truth: decides"));
  CHECK(contains(part_refusal("[predict]\nask: x\nright: a\nwrong: b\n"), "because: is missing"));
  std::string many = ask;
  for (int i = 0; i < 6; ++i) many += "choice: " + std::to_string(i) + "\nwhy: x\n";
  CHECK(contains(part_refusal(many), "at most 5 choices"));
}

TEST_CASE("lessons are found in a folder by their ending, broken ones with what is wrong") {
  const TemporaryFolder folder;
  folder.write("b.lesson", head + "[read]\nsay: x\n");
  folder.write("a.lesson", "title: only\n");
  folder.write("c.txt", "no lesson");
  const std::vector<LessonEntry> found = lessons_in(folder.path());
  REQUIRE(found.size() == 2);
  CHECK(found[0].name == "a");
  CHECK_FALSE(found[0].lesson);
  CHECK(contains(found[0].problem, "a.lesson:1: "));
  CHECK(found[1].lesson);
  CHECK(lessons_in(folder / "none").empty());
  CHECK(contains(message_of<LoadError>([&] { read_lesson(folder / "none.lesson"); }), "none.lesson"));
}

TEST_CASE("the program's own lessons: seven, that begin with a guess and end with questions") {
  const std::vector<LessonEntry> all = lessons_in(source_dir() / "assets" / "lessons");
  CHECK(all.size() == 7);
  for (const LessonEntry& entry : all) {
    CAPTURE(entry.name);
    REQUIRE_MESSAGE(entry.lesson, entry.problem);
    const Lesson& lesson = *entry.lesson;
    CHECK(lesson.minutes >= 3);
    CHECK(lesson.minutes <= 8);
    using Kind = LessonPart::Kind;
    const bool guesses = lesson.parts.at(0).kind == Kind::predict || lesson.parts.at(1).kind == Kind::predict;
    CHECK(guesses);
    CHECK(lesson.parts.back().kind == Kind::quiz);
    for (const LessonPart& part : lesson.parts) {
      if (part.kind == Kind::act) CHECK_FALSE(part.hint.empty());
    }
  }
}
