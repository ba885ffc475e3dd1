#include "handout.h"

#include <doctest/doctest.h>

#include <string>

#include "assets_path.h"
#include "lesson_handout.h"
#include "pass.h"

using namespace headlight;

namespace {

int count(const std::string& text, const std::string& what) {
  int found = 0;
  for (std::size_t at = 0; (at = text.find(what, at)) != text.npos; ++at) ++found;
  return found;
}

}  // namespace

TEST_CASE("handout: a walk is printed on six pages, the same each time") {
  const auto model = std::make_shared<const Model>(load_model(assets_folder() / "models" / "mini-gpt"));
  const std::string text = "The cat sat on the mat";
  const LayerWalk walk(model, run(*model, text), {1, 5});
  const std::string pdf = walk_handout(walk, text, false);
  CHECK(pdf.starts_with("%PDF-"));
  CHECK(count(pdf, "/Type /Page\n") + count(pdf, "/Type /Page ") == 6);
  CHECK(pdf == walk_handout(walk, text, false));
  CHECK(pdf != walk_handout(walk, text, false, WalkCell{WalkTensor::products, 3, 2}));
  CHECK(is_handout_file("a.pdf"));
  CHECK_FALSE(is_handout_file("a.py"));
}

TEST_CASE("handout: a lesson's answers stand on a page of their own") {
  Lesson lesson;
  lesson.title = "One question";
  LessonSheet sheet;
  sheet.parts.push_back({.kind = LessonPart::Kind::quiz, .say = "Which?", .choices = {"this", "that"}, .right = 1, .whys = {"", "so"}});
  const std::string pdf = lesson_handout(lesson, sheet);
  CHECK(count(pdf, "/Type /Page\n") + count(pdf, "/Type /Page ") == 2);
  for (int i = 0; i < 30; ++i) sheet.parts.push_back(sheet.parts.front());
  CHECK(count(lesson_handout(lesson, sheet), "/Type /Page\n") + count(lesson_handout(lesson, sheet), "/Type /Page ") > 3);
}
