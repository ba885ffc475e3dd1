#pragma once

#include <optional>
#include <string>
#include <vector>

#include "lesson.h"
#include "worker.h"

namespace headlight {

/// A part of a lesson with what the model gives for it: what a hand-out prints.
struct LessonSheetPart {
  LessonPart::Kind kind = LessonPart::Kind::read;
  std::string say;
  std::vector<std::string> choices;
  std::optional<std::size_t> right;  ///< Of a question.
  std::vector<std::string> whys;     ///< One for each choice; may be empty.
  std::string after;
  std::string hint;
  std::vector<std::string> until;
  std::vector<std::string> points;
};

/// A lesson as the real model answers it.
struct LessonSheet {
  std::vector<LessonSheetPart> parts;
  std::vector<std::string> problems;  ///< `FILE:LINE: what is wrong`.
};

/// Goes through a lesson with the models that it names, and finds: heads, tokens and measures that
/// are not there; a truth that is said by no choice, or by several; something to do that the set-up
/// has done already. Loads models and runs them.
LessonSheet check_lesson(const Lesson& lesson, Worker& worker);

}  // namespace headlight
