#include "history.h"

#include <utility>

namespace headlight {
namespace {

Changes normalized(Changes changes) {
  changes.edits = headlight::normalized(std::move(changes.edits));
  return changes;
}

}  // namespace

void go_to(State& state, const Changes& changes) {
  state.request.edits = changes.edits;
  state.columns = changes.columns;
}

void History::observe(const Changes& changes) {
  Changes next = normalized(changes);
  if (next == now_) return;
  past_.push_back(std::exchange(now_, std::move(next)));
  future_.clear();
}

const Changes& History::undo() {
  future_.push_back(std::exchange(now_, std::move(past_.back())));
  past_.pop_back();
  return now_;
}

const Changes& History::redo() {
  past_.push_back(std::exchange(now_, std::move(future_.back())));
  future_.pop_back();
  return now_;
}

void History::reset(const Changes& changes) {
  now_ = normalized(changes);
  past_.clear();
  future_.clear();
}

}  // namespace headlight
