#pragma once

#include <filesystem>

#include "state.h"

namespace headlight {

/// The state of the last start, in $XDG_STATE_HOME/headlight/session.json (~/.local/state).
class SessionStore {
 public:
  SessionStore();
  /// What the last start left, or the state of a first start. Never throws: a broken file counts as none.
  static State last();
  bool unsaved(const State& state) const { return !(state == saved_); }
  /// Saves the state. A folder that cannot be written is passed over: it is a comfort, not a duty.
  void keep(const State& state);

 private:
  std::filesystem::path file_;
  State saved_;
};

}  // namespace headlight
