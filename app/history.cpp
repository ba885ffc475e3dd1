#include "history.h"

#include <utility>

namespace headlight {

void History::observe(const Edits& edits) {
  Edits next = normalized(edits);
  if (next == now_) return;
  past_.push_back(std::exchange(now_, std::move(next)));
  future_.clear();
}

const Edits& History::undo() {
  future_.push_back(std::exchange(now_, std::move(past_.back())));
  past_.pop_back();
  return now_;
}

const Edits& History::redo() {
  past_.push_back(std::exchange(now_, std::move(future_.back())));
  future_.pop_back();
  return now_;
}

void History::reset(const Edits& edits) {
  now_ = normalized(edits);
  past_.clear();
  future_.clear();
}

}  // namespace headlight
