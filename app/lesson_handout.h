#pragma once

#include <string>

#include "lesson_check.h"

namespace headlight {

/// A lesson to print, as the bytes of a PDF, A4 upright: what to do with a box to tick, questions with
/// their choices, and at the end, on pages of their own, the answers with their reasons. What the model
/// gives is as `sheet` has it. Throws std::runtime_error where it cannot be drawn.
std::string lesson_handout(const Lesson& lesson, const LessonSheet& sheet);

}  // namespace headlight
