#include "lesson_handout.h"

#include "handout_page.h"
#include "words_file.h"

namespace headlight {
namespace {

const PageColors& colors() { return page_colors(Theme::light); }
const Words& words() { return window_words("handout"); }
const TextStyle& body() {
  static const TextStyle style{.size = 10.5, .color = colors().ink};
  return style;
}
const TextStyle& strong() {
  static const TextStyle style{.size = 10.5, .color = colors().ink, .bold = true};
  return style;
}

constexpr double indent = 22.0;

// *Emphasis* is for the window.
std::string without_stars(std::string text) {
  std::erase(text, '*');
  return text;
}

std::string letter(std::size_t choice) { return std::string(1, static_cast<char>('A' + choice)); }

// The text that stands in the window's field at a part.
std::string text_of(const Lesson& lesson, int part) {
  if (part >= static_cast<int>(lesson.parts.size())) return "";
  State state;
  clear_for_lesson(state);
  lesson.setup_of(part).begin(state);
  return state.request.text;
}

void print_part(HandoutPage& page, const LessonSheetPart& part, int number) {
  page.need(60.0);
  const bool asks = part.kind == LessonPart::Kind::predict || part.kind == LessonPart::Kind::quiz;
  const double top = page.y();
  page.canvas().text(handout_margin, top, std::to_string(number) + ".", strong());
  page.text(without_stars(part.say), asks ? strong() : body(), indent);
  if (part.kind == LessonPart::Kind::act) {
    page.skip(3.0);
    page.canvas().frame(handout_margin + indent, page.y() + 2.0, 9.0, 9.0, colors().muted);
    page.text(words().get("tick"), {.size = 9.5, .color = colors().muted}, indent + 16.0);
    page.line_to_write(indent);
  }
  for (std::size_t i = 0; i < part.choices.size(); ++i) {
    page.skip(3.0);
    page.need(20.0);
    page.canvas().text(handout_margin + indent, page.y(), letter(i), strong());
    page.text(without_stars(part.choices[i]), body(), indent + 20.0);
  }
  page.skip(14.0);
}

void print_answer(HandoutPage& page, const LessonSheetPart& part, int number) {
  const bool asks = part.kind == LessonPart::Kind::predict || part.kind == LessonPart::Kind::quiz;
  if (!asks || !part.right) return;
  page.need(50.0);
  page.canvas().text(handout_margin, page.y(), std::to_string(number) + ".", strong());
  page.text(letter(*part.right) + "   " + without_stars(part.choices[*part.right]), strong(), indent);
  for (std::size_t i = 0; i < part.whys.size(); ++i) {
    if (part.whys[i].empty()) continue;
    page.skip(2.0);
    page.text(letter(i) + ":  " + without_stars(part.whys[i]), body(), indent);
  }
  if (!part.after.empty()) page.text(without_stars(part.after), body(), indent);
  page.skip(12.0);
}

}  // namespace

std::string lesson_handout(const Lesson& lesson, const LessonSheet& sheet) {
  return handout_file(lesson.title, lesson.title, [&](HandoutPage& page) {
    page.text(lesson.title, {.size = 20.0, .color = colors().ink, .bold = true});
    page.skip(3.0);
    page.text(without_stars(lesson.summary) + "  " + words().get("minutes", {{"n", std::to_string(lesson.minutes)}}),
              {.size = 10.5, .color = colors().muted});
    page.skip(4.0);
    page.text(words().get("name"), {.size = 10.5, .color = colors().muted});
    page.skip(16.0);
    std::string text;
    for (std::size_t i = 0; i < sheet.parts.size(); ++i) {
      if (const std::string now = text_of(lesson, static_cast<int>(i)); now != text && !now.empty()) {
        page.need(80.0);
        page.text(words().get("text", {{"text", now}}), {.size = 10.5, .color = colors().muted}, indent);
        page.skip(8.0);
        text = now;
      }
      print_part(page, sheet.parts[i], static_cast<int>(i) + 1);
    }
    page.need(handout_height);
    page.text(words().get("answers"), {.size = 16.0, .color = colors().ink, .bold = true});
    page.skip(10.0);
    for (std::size_t i = 0; i < sheet.parts.size(); ++i) print_answer(page, sheet.parts[i], static_cast<int>(i) + 1);
  });
}

}  // namespace headlight
