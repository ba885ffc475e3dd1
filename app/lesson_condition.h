#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "lesson_measure.h"

namespace headlight {

/// What a learner has to have done, or a statement that a question asks about: one line of a lesson,
/// as "head is 1.5 or head is 2.1", "not pruned 1.5", "weight of last to first in 2.1 above 0.5".
/// assets/lessons/README.md lists all.
class Condition {
 public:
  /// Throws std::invalid_argument, one sentence, for a line that is none.
  explicit Condition(std::string_view line);

  /// Throws std::invalid_argument where the model or the text lacks what it speaks of, and NotYet
  /// while that is being computed.
  bool holds(const Situation& situation) const;
  const std::string& line() const { return line_; }

 private:
  using Test = std::function<bool(const Situation&)>;
  static Test test_of(std::string_view text);

  std::string line_;
  std::vector<Test> any_of_;
};

/// What the program finds out to know which choice of a question is right: a measure's text, or, of
/// "whether CONDITION", yes or no.
class LessonTruth {
 public:
  /// Throws std::invalid_argument.
  explicit LessonTruth(std::string_view line);
  /// Throws as Measure::of.
  std::string of(const Situation& situation) const;

 private:
  std::function<std::string(const Situation&)> find_;
};

/// Whether a choice says this truth: it is the truth's text, or begins with it and goes on after a
/// comma, colon, full stop or bracket ("Yes, because ..."). Upper and lower case of yes and no are
/// alike; emphasis is passed over.
bool says(std::string_view choice, std::string_view truth);

}  // namespace headlight
