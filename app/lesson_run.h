#pragma once

#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "history.h"
#include "lesson_list.h"
#include "lesson_progress.h"
#include "snapshot.h"
#include "state.h"

namespace headlight {

/// The lessons that there are, and the one that is taken. Which one and where stands in the state; this
/// is what goes with it: what was answered, and what the user had before.
class LessonRun {
 public:
  /// All lessons; read when first asked for, and again after reload().
  const std::vector<LessonEntry>& lessons();
  void reload() { read_ = false; }
  LessonProgress& progress() { return progress_; }
  const LessonProgress& progress() const { return progress_; }

  /// Begins or goes on with a lesson at a part. What the user has is kept until leave(), in a file,
  /// too. False where there is no such lesson, or it is broken: then problem() says why.
  bool begin(State& state, const History& history, const std::string& name, int part);
  /// To the part before, or the same anew: with everything that the lesson set up on the way to it.
  void back(State& state) { go_to(state, state.learn.lesson_part - 1); }
  void again(State& state) { go_to(state, state.learn.lesson_part); }
  /// To the next part. After the last one the lesson is done, and left.
  void next(State& state, History& history);
  /// Ends the lesson, and gives the user's own text, edits and view back. Whether there were any.
  bool leave(State& state, History& history);
  void choose(std::size_t choice);
  void show_hint() { hint_shown_ = true; }

  /// Once a frame: takes the answer to what was set up over, and looks whether the learner did what was
  /// asked. Returns whether something changed.
  bool update(State& state, History& history, const std::shared_ptr<const Snapshot>& latest);

  /// Whether the state takes a lesson. Its parts, once update() has seen it; null where it is gone or
  /// broken.
  static bool active(const State& state) { return !state.learn.lesson.empty(); }
  const Lesson* lesson() const { return lesson_ ? &*lesson_ : nullptr; }
  const LessonPart* part() const;
  int parts() const { return lesson_ ? static_cast<int>(lesson_->parts.size()) : 0; }
  const std::string& problem() const { return problem_; }

  // What is shown of the part.
  const std::string& say() const { return say_; }
  const std::string& after() const { return after_; }
  const std::string& hint() const { return hint_; }
  const std::vector<std::string>& choices() const { return choices_; }
  bool hint_shown() const { return hint_shown_; }
  bool done() const { return done_; }
  bool may_go_on() const;
  /// The last answer, and the right one once it may be shown.
  std::optional<std::size_t> chosen() const { return chosen_; }
  std::optional<std::size_t> right() const;
  bool tried(std::size_t choice) const { return tried_.contains(choice); }
  /// Whether a question waits for an answer.
  bool waits_for_choice() const;
  const std::string& why() const { return why_; }
  /// Every character of what may be shown.
  std::string characters() const;

 private:
  void go_to(State& state, int part);
  void keep_edits(const State& state);
  void enter(const State& state);
  void find(const State& state);
  void fill(const Situation& situation);
  void decide(const Situation& situation);

  std::vector<LessonEntry> entries_;
  bool read_ = false;
  LessonProgress progress_;
  std::optional<Lesson> lesson_;
  std::string name_;  // that lesson_ was found by
  int part_ = -1;
  std::string problem_;
  std::optional<LessonSetup> pending_;  // what waits for the answer to be put in
  Edits edits_before_;                  // before it was begun
  std::vector<Column> columns_before_;
  std::optional<History> history_;  // the user's, while a lesson is taken
  std::optional<State> kept_;

  std::string text_before_;
  std::string say_, after_, hint_, why_;
  std::vector<std::string> choices_, whys_;
  bool filled_ = false;
  bool done_ = false;
  bool hint_shown_ = false;
  std::optional<std::size_t> chosen_, right_;
  std::set<std::size_t> tried_;
  std::weak_ptr<const Snapshot> seen_;  // what the texts were last made from
};

/// Where the state that a lesson replaced is kept: `before-lesson.json` of state_folder().
std::filesystem::path before_lesson_file();

}  // namespace headlight
