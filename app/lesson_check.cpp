#include "lesson_check.h"

#include <algorithm>
#include <exception>

namespace headlight {
namespace {

class Checker {
 public:
  Checker(const Lesson& lesson, Worker& worker) : lesson_(lesson), worker_(worker) {}

  LessonSheet sheet() {
    for (int i = 0; i < static_cast<int>(lesson_.parts.size()); ++i) add(i);
    return std::move(sheet_);
  }

 private:
  void add(int index);
  void answer(State& state, const LessonPart& part, const Situation& situation, LessonSheetPart& row);

  // What fails is a problem at the part's line; the rest of it goes on.
  template <typename Do>
  void attempt(const LessonPart& part, const char* what, Do work) {
    try {
      work();
    } catch (const NotYet&) {
      complain(part, what, "the roles of this model's heads are not known yet: open it in the window, or run 'headlight roles'");
    } catch (const std::exception& error) {
      complain(part, what, error.what());
    }
  }
  void complain(const LessonPart& part, const std::string& what, const std::string& why) {
    sheet_.problems.push_back(lesson_.file.string() + ":" + std::to_string(part.line) + ": " + what +
                              (what.empty() ? "" : ": ") + why);
  }

  const Lesson& lesson_;
  Worker& worker_;
  LessonSheet sheet_;
};

void Checker::add(int index) {
  const LessonPart& part = lesson_.parts[static_cast<std::size_t>(index)];
  State state;
  clear_for_lesson(state);
  const LessonSetup setup = lesson_.setup_of(index);
  std::shared_ptr<const Snapshot> snapshot;
  const auto compute = [&] {
    worker_.submit(state.request, state.columns);
    snapshot = worker_.wait();
    if (!snapshot->error.empty()) throw std::invalid_argument(snapshot->error);
  };
  LessonSheetPart& row = sheet_.parts.emplace_back();
  row.kind = part.kind;
  row.say = part.say.plain();
  for (const LessonPoint& point : part.points) row.points.push_back(point.line);
  for (const Condition& condition : part.until) row.until.push_back(condition.line());
  bool ready = false;
  attempt(part, "[set]", [&] {
    setup.begin(state);
    compute();
    setup.finish(state, *snapshot);
    compute();
    ready = true;
  });
  if (ready) answer(state, part, {state, snapshot.get(), state.request.text}, row);
}

void Checker::answer(State&, const LessonPart& part, const Situation& situation, LessonSheetPart& row) {
  attempt(part, part.asks() ? "ask" : "say", [&] { row.say = part.say.filled(situation); });
  attempt(part, part.asks() ? "because" : "then", [&] { row.after = part.after.filled(situation); });
  attempt(part, "hint", [&] { row.hint = part.hint.filled(situation); });
  for (const LessonChoice& choice : part.choices) {
    row.choices.push_back(choice.text.plain());
    row.whys.emplace_back();
    attempt(part, "choice", [&] { row.choices.back() = choice.text.filled(situation); });
    attempt(part, "why", [&] { row.whys.back() = choice.why.filled(situation); });
    if (!part.truth && choice.right) row.right = row.choices.size() - 1;
  }
  for (std::size_t i = 0; i < row.choices.size(); ++i) {
    if (std::find(row.choices.begin(), row.choices.begin() + static_cast<std::ptrdiff_t>(i), row.choices[i]) !=
        row.choices.begin() + static_cast<std::ptrdiff_t>(i)) {
      complain(part, "choice", "\"" + row.choices[i] + "\" stands twice");
    }
  }
  if (part.truth) {
    attempt(part, "truth", [&] {
      const std::string truth = part.truth->of(situation);
      for (std::size_t i = 0; i < row.choices.size(); ++i) {
        if (!says(row.choices[i], truth)) continue;
        if (row.right) complain(part, "truth", "more than one choice says \"" + truth + "\"");
        row.right = i;
      }
      if (!row.right) complain(part, "truth", "the model gives \"" + truth + "\", and no choice says that: add it, or change the question");
    });
  }
  attempt(part, "point", [&] {
    const Trace& trace = *answer_of(situation).edited;
    const AttentionKind kind = situation.state.selection.head.kind;
    for (const LessonPoint& point : part.points) {
      if (point.at == LessonPoint::At::landmark) continue;
      if (point.at != LessonPoint::At::column) point.query.among(trace.query_tokens(kind));
      if (point.at != LessonPoint::At::row && point.at != LessonPoint::At::token) point.key.among(trace.key_tokens(kind));
    }
  });
  if (part.until.empty()) return;
  attempt(part, "until", [&] {
    const bool already = std::all_of(part.until.begin(), part.until.end(),
                                     [&](const Condition& condition) { return condition.holds(situation); });
    if (already) complain(part, "until", "holds before anything is done: let [set] begin somewhere else");
  });
}

}  // namespace

LessonSheet check_lesson(const Lesson& lesson, Worker& worker) { return Checker(lesson, worker).sheet(); }

}  // namespace headlight
