#pragma once

#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "lesson_measure.h"

namespace headlight {

/// What a lesson says: words, *emphasis*, and {measures} that stand for what the open model gives.
class LessonText {
 public:
  LessonText() = default;
  /// Throws std::invalid_argument for a brace without its other half, and for a measure that is none.
  explicit LessonText(std::string_view text);

  bool empty() const { return pieces_.empty(); }
  /// With the measures filled in. Throws as Measure::of.
  std::string filled(const Situation& situation) const;
  /// With "..." for each measure.
  std::string plain() const;

 private:
  std::vector<std::variant<std::string, Measure>> pieces_;
};

}  // namespace headlight
