#pragma once

#include <vector>

#include "edits.h"

namespace headlight {

/// Undo and redo of the edits, as a list of values.
class History {
 public:
  /// Takes note of the edits as they are, once a gesture (a drag, a click) has ended.
  void observe(const Edits& edits);
  bool can_undo() const { return !past_.empty(); }
  bool can_redo() const { return !future_.empty(); }
  const Edits& undo();  ///< The edits before the last change. Only when can_undo().
  const Edits& redo();  ///< Only when can_redo().
  /// Forgets everything, as for another model.
  void reset(const Edits& edits);

 private:
  Edits now_;
  std::vector<Edits> past_;
  std::vector<Edits> future_;
};

}  // namespace headlight
