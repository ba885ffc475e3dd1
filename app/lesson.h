#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "errors.h"
#include "lesson_condition.h"
#include "lesson_setup.h"
#include "lesson_text.h"

namespace headlight {

struct LessonChoice {
  LessonText text;
  LessonText why;     ///< Said when it was chosen.
  bool right = false; ///< Where no truth decides.
};

/// What a part points at: a landmark of the window by its name, or a token's chip, or a row, column or
/// cell of the map.
struct LessonPoint {
  enum class At { landmark, token, row, column, cell };
  At at = At::landmark;
  std::string line;         ///< As written; of a landmark its name.
  TokenPlace query, key;    ///< Of token, row and cell; of column and cell.
};

/// One thing that a lesson says, asks for or asks.
struct LessonPart {
  enum class Kind {
    read,     ///< Says something.
    act,      ///< [do]: waits until the learner has done it.
    predict,  ///< A question before the answer is shown: one answer, right or wrong.
    quiz,     ///< A question to check: a wrong answer is explained, and another may be given.
  };
  Kind kind = Kind::read;
  int line = 0;        ///< Of the file, where it begins.
  LessonSetup setup;   ///< What is put into the state when one comes to it.
  LessonText say;      ///< Or asks.
  std::vector<LessonChoice> choices;
  std::optional<LessonTruth> truth;  ///< Which choice is right; none: LessonChoice::right.
  std::vector<Condition> until;      ///< All have to hold.
  LessonText after;                  ///< `then` or `because`: what is said when it is done or answered.
  LessonText hint;
  std::vector<LessonPoint> points;   ///< The first that is there is pointed at.

  std::vector<std::string> covers;   ///< Landmarks that are hidden until the question is answered.

  bool asks() const { return kind == Kind::predict || kind == Kind::quiz; }
};

/// A guided lesson: data that a teacher may write (assets/lessons/README.md).
struct Lesson {
  std::string name;  ///< The file's, without its ending.
  std::filesystem::path file;
  std::string title;
  std::string summary;  ///< One sentence.
  int minutes = 0;
  std::vector<LessonPart> parts;

  /// All that is set up when one comes to this part from the beginning.
  LessonSetup setup_of(int part) const;
};

/// How many choices a question may have: A to E.
inline constexpr std::size_t most_choices = 5;

/// Reads a lesson. Throws LoadError, `FILE:LINE: what is wrong and what to do`, for what is none, for
/// more than 256 KB, 100 parts, and texts too long for the window. Nothing is asked of a model.
Lesson read_lesson(const std::filesystem::path& file);
Lesson parse_lesson(std::string_view bytes, const std::filesystem::path& file);

}  // namespace headlight
