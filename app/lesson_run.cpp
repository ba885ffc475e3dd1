#include "lesson_run.h"

#include <algorithm>
#include <exception>
#include <stdexcept>

#include "session.h"
#include "state_folder.h"

namespace headlight {
namespace {

bool by_path(const std::string& name) { return name.find('/') != name.npos; }

}  // namespace

std::filesystem::path before_lesson_file() {
  const std::filesystem::path folder = state_folder();
  return folder.empty() ? folder : folder / "before-lesson.json";
}

const std::vector<LessonEntry>& LessonRun::lessons() {
  if (!read_) {
    entries_ = all_lessons();
    read_ = true;
  }
  return entries_;
}

void LessonRun::find(const State& state) {
  name_ = state.learn.lesson;
  lesson_.reset();
  problem_.clear();
  LessonEntry entry;
  if (by_path(name_)) {
    entry = lesson_at(name_);
  } else {
    for (const LessonEntry& known : lessons()) {
      if (known.name == name_) entry = known;
    }
    if (entry.name.empty()) entry.problem = name_ + ".lesson: there is no such lesson";
  }
  lesson_ = std::move(entry.lesson);
  problem_ = entry.problem;
}

const LessonPart* LessonRun::part() const {
  if (!lesson_ || part_ < 0 || part_ >= parts()) return nullptr;
  return &lesson_->parts[static_cast<std::size_t>(part_)];
}

bool LessonRun::begin(State& state, const History& history, const std::string& name, int part) {
  const State before = state;
  state.learn.lesson = name;
  find(state);
  if (!lesson_) {
    state.learn.lesson = before.learn.lesson;
    name_.clear();  // what the state takes is found again
    return false;
  }
  if (!active(before)) {
    kept_ = before;
    history_ = history;
    try {
      if (const auto file = before_lesson_file(); !file.empty()) {
        std::filesystem::create_directories(file.parent_path());
        save_session(before, file);
      }
    } catch (const std::exception&) {
      // Then only this run of the program remembers it.
    }
  }
  go_to(state, std::clamp(part, 0, parts() - 1));
  return true;
}

void LessonRun::go_to(State& state, int part) {
  if (!lesson_ || part < 0 || part >= parts()) return;
  keep_edits(state);
  clear_for_lesson(state);
  state.learn.lesson_part = part;
  pending_ = lesson_->setup_of(part);
  pending_->begin(state);
  enter(state);
}

void LessonRun::keep_edits(const State& state) {
  edits_before_ = normalized(state.request.edits);
  columns_before_ = state.columns;
}

void LessonRun::next(State& state, History& history) {
  if (!lesson_ || part_ + 1 >= parts()) {
    if (lesson_) progress_.finish(name_);
    leave(state, history);
    return;
  }
  state.learn.lesson_part = part_ + 1;
  const LessonSetup& setup = lesson_->parts[static_cast<std::size_t>(part_ + 1)].setup;
  if (!setup.empty()) {
    keep_edits(state);
    pending_ = setup;
    pending_->begin(state);
  }
  enter(state);
}

bool LessonRun::leave(State& state, History& history) {
  if (!kept_) {
    try {
      const auto file = before_lesson_file();
      std::error_code error;
      if (!file.empty() && std::filesystem::exists(file, error)) kept_ = load_session(file);
    } catch (const std::exception&) {
      // Then the lesson's text stays.
    }
  }
  const bool had = kept_.has_value();
  if (had) restore_after_lesson(state, *kept_);
  state.learn.lesson.clear();
  state.learn.lesson_part = 0;
  if (history_) {
    history = *history_;
  } else if (had) {
    history.reset({state.request.edits, state.columns});
  }
  std::error_code error;
  if (const auto file = before_lesson_file(); !file.empty()) std::filesystem::remove(file, error);
  kept_.reset();
  history_.reset();
  lesson_.reset();
  pending_.reset();
  name_.clear();
  part_ = -1;
  return had;
}

void LessonRun::enter(const State& state) {
  part_ = state.learn.lesson_part;
  done_ = filled_ = hint_shown_ = false;
  chosen_.reset();
  right_.reset();
  tried_.clear();
  problem_.clear();
  say_.clear(), after_.clear(), hint_.clear(), why_.clear();
  choices_.clear(), whys_.clear();
  text_before_ = state.request.text;
  seen_.reset();
  const LessonPart* now = part();
  if (now == nullptr) return;
  say_ = now->say.plain();
  for (const LessonChoice& choice : now->choices) choices_.push_back(choice.text.plain());
  done_ = now->kind == LessonPart::Kind::read;
  progress_.reach(name_, part_, parts());
}

std::string LessonRun::characters() const {
  std::string all = say_ + after_ + hint_ + why_ + problem_;
  for (const std::string& choice : choices_) all += choice;
  if (lesson_) all += lesson_->title;
  for (const LessonEntry& entry : entries_) {
    all += entry.name + entry.problem;
    if (entry.lesson) all += entry.lesson->title + entry.lesson->summary;
  }
  return all;
}

bool LessonRun::waits_for_choice() const {
  return part() != nullptr && part()->asks() && right_.has_value() && !done_;
}

bool LessonRun::may_go_on() const {
  if (done_ || !lesson_) return true;
  const LessonRecord* record = progress_.of(name_);
  return hint_shown_ || (record != nullptr && (record->done || part_ < record->furthest));
}

std::optional<std::size_t> LessonRun::right() const { return done_ ? right_ : std::nullopt; }

void LessonRun::choose(std::size_t choice) {
  if (!waits_for_choice() || choice >= choices_.size()) return;
  chosen_ = choice;
  why_ = whys_[choice];
  const bool predicts = part()->kind == LessonPart::Kind::predict;
  if (choice != *right_) tried_.insert(choice);
  done_ = predicts || choice == *right_;
}

// What the part says, with the model's numbers in it. What was said at the beginning stays; what is
// said afterwards follows what the learner changed.
void LessonRun::fill(const Situation& situation) {
  const LessonPart& now = *part();
  if (!filled_) {
    say_ = now.say.filled(situation);
    hint_ = now.hint.filled(situation);
    whys_.clear();
    for (std::size_t i = 0; i < now.choices.size(); ++i) {
      choices_[i] = now.choices[i].text.filled(situation);
      whys_.push_back(now.choices[i].why.filled(situation));
    }
    filled_ = true;
  }
  if (!now.asks() || after_.empty()) after_ = now.after.filled(situation);
}

void LessonRun::decide(const Situation& situation) {
  const LessonPart& now = *part();
  if (!now.asks() || right_) return;
  const std::string truth = now.truth ? now.truth->of(situation) : "";
  for (std::size_t i = 0; i < choices_.size(); ++i) {
    if (now.truth ? says(choices_[i], truth) : now.choices[i].right) right_ = i;
  }
  if (!right_) throw std::invalid_argument("no choice says \"" + truth + "\", which is what the model gives");
}

bool LessonRun::update(State& state, History& history,
                       const std::shared_ptr<const Snapshot>& latest) {
  if (!active(state)) {
    // A session was opened in the middle of a lesson: what was before the lesson is no longer asked for.
    if (lesson_) lesson_.reset(), name_.clear(), part_ = -1, kept_.reset(), history_.reset(), pending_.reset();
    return false;
  }
  if (name_ != state.learn.lesson) {
    find(state);
    part_ = -1;
    pending_.reset();
  }
  if (!lesson_) return false;
  state.learn.lesson_part = std::clamp(state.learn.lesson_part, 0, parts() - 1);
  if (part_ != state.learn.lesson_part) enter(state);

  const Snapshot& snapshot = *latest;
  const bool answered = snapshot.request == state.request && snapshot.has_pictures() && snapshot.error.empty();
  try {
    if (pending_) {
      if (!answered) return false;
      const LessonSetup setup = std::move(*pending_);
      pending_.reset();
      setup.finish(state, snapshot);
      // Undo goes back over what the learner did, not over what the lesson set up.
      if (state.request.edits != edits_before_ || state.columns != columns_before_) {
        history.reset({state.request.edits, state.columns});
      }
      text_before_ = state.request.text;
      return true;
    }
    const Situation situation{state, answered ? &snapshot : nullptr, text_before_};
    bool changed = false;
    if (answered && (!filled_ || seen_.lock() != latest)) {
      fill(situation);
      decide(situation);
      seen_ = latest;
      changed = true;
    }
    const LessonPart& now = *part();
    if (now.kind == LessonPart::Kind::act && !done_) {
      done_ = std::all_of(now.until.begin(), now.until.end(),
                          [&](const Condition& condition) { return condition.holds(situation); });
      changed |= done_;
    }
    if (changed) problem_.clear();
    return changed;
  } catch (const NotYet&) {
  } catch (const std::exception& error) {
    problem_ = error.what();
  }
  return false;
}

}  // namespace headlight
