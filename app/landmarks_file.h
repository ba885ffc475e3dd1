#pragma once

#include <string>

#include "landmarks.h"
#include "state.h"

namespace headlight {

/// Writes where the window's parts stand, with the state, as JSON whenever that has changed: so that a
/// test of the real window knows where to click and what came of it.
class LandmarksFile {
 public:
  explicit LandmarksFile(const char* path);  ///< Null: writes nothing.
  void write(const Landmarks& landmarks, const State& state, bool answered);

 private:
  std::string path_;
  std::string last_;
};

}  // namespace headlight
