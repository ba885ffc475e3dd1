#pragma once

#include <vector>

#include "state.h"

namespace headlight {

/// What undo goes back over: the edits, and the columns beside them.
struct Changes {
  Edits edits;
  std::vector<Column> columns = {};
  bool operator==(const Changes&) const = default;
};

/// Makes the state's changes these.
void go_to(State& state, const Changes& changes);

/// Undo and redo of changes, as a list of values.
class History {
 public:
  /// Takes note of them as they are, once a gesture (a drag, a click) has ended.
  void observe(const Changes& changes);
  bool can_undo() const { return !past_.empty(); }
  bool can_redo() const { return !future_.empty(); }
  const Changes& undo();  ///< Those before the last change. Only when can_undo().
  const Changes& redo();  ///< Only when can_redo().
  /// Forgets everything, as for another model.
  void reset(const Changes& changes);

 private:
  Changes now_;
  std::vector<Changes> past_;
  std::vector<Changes> future_;
};

}  // namespace headlight
