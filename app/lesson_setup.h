#pragma once

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "lesson_measure.h"
#include "state.h"

namespace headlight {

/// What a lesson's [set] puts into the state: first what needs no model (its own name, the text, the
/// view), then, when the answer to that is there, heads, edits and pins, which it names by words and
/// patterns.
class LessonSetup {
 public:
  /// Takes a line "KEY: VALUE" in. Throws std::invalid_argument for a key that there is not, or a
  /// value that is none of its.
  void add(const std::string& key, const std::string& value);
  bool empty() const { return before_.empty() && after_.empty(); }

  /// This set-up, and then another one: another model takes the head, edits and pins of the first
  /// away, another text its pins.
  void then(const LessonSetup& next);

  /// The part that needs no model.
  void begin(State& state) const;
  /// The rest. `snapshot` answers what `begin` asked for. Throws std::invalid_argument for a head or
  /// token that is not there.
  void finish(State& state, const Snapshot& snapshot) const;
  bool needs_finish() const { return !after_.empty(); }

 private:
  using Change = std::function<void(State&)>;
  using Later = std::function<void(State&, const Situation&)>;
  enum class About { edits, pins };
  void add_edit(const std::string& key, const std::string& value);
  void add_pin(const std::string& value, std::optional<int> Selection::*pin, bool of_queries);

  std::vector<Change> before_;
  std::vector<std::pair<About, Later>> after_;
  bool changes_model_ = false, changes_text_ = false;
};

/// What every lesson begins with: the built-in model without a text or edits, the map of head L0 H0, and
/// all choices as at a first start, but for those that are the reader's (theme, sizes, colours).
void clear_for_lesson(State& state);

/// Gives back to the state what a lesson may have changed: everything that clear_for_lesson clears.
void restore_after_lesson(State& state, const State& kept);

}  // namespace headlight
