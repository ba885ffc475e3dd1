#include "lesson_text.h"

#include <stdexcept>

namespace headlight {

LessonText::LessonText(std::string_view text) {
  while (!text.empty()) {
    const std::size_t open = text.find_first_of("{}");
    if (open != 0) pieces_.emplace_back(std::string(text.substr(0, open)));
    if (open == text.npos) return;
    const std::size_t close = text.find('}', open);
    if (text[open] == '}' || close == text.npos) {
      throw std::invalid_argument("a brace has no other half: {weight of first to last in 1.5}");
    }
    Phrase phrase(text.substr(open + 1, close - open - 1));
    pieces_.emplace_back(Measure::read(phrase));
    phrase.end();
    text.remove_prefix(close + 1);
  }
}

std::string LessonText::filled(const Situation& situation) const {
  std::string text;
  for (const auto& piece : pieces_) {
    const auto* measure = std::get_if<Measure>(&piece);
    text += measure != nullptr ? measure->of(situation).text : std::get<std::string>(piece);
  }
  return text;
}

std::string LessonText::plain() const {
  std::string text;
  for (const auto& piece : pieces_) {
    const auto* words = std::get_if<std::string>(&piece);
    text += words != nullptr ? *words : "...";
  }
  return text;
}

}  // namespace headlight
