#include "landmarks_file.h"

#include <cstdio>

#include "file_io.h"
#include "session.h"

namespace headlight {

LandmarksFile::LandmarksFile(const char* path) : path_(path != nullptr ? path : "") {}

void LandmarksFile::write(const Landmarks& landmarks, const State& state, bool answered) {
  if (path_.empty()) return;
  std::string text = "{\"answered\": ";
  text += answered ? "true" : "false";
  text += ", \"places\": {";
  const char* comma = "";
  for (const auto& [name, box] : landmarks.places()) {
    char numbers[96];
    std::snprintf(numbers, sizeof numbers, "\": [%.0f, %.0f, %.0f, %.0f]", box.x, box.y, box.z, box.w);
    // Names are the program's own and hold no characters that JSON escapes.
    text += comma + std::string("\"") + name + numbers;
    comma = ", ";
  }
  text += "}, \"state\": " + write_session(state) + "}\n";
  if (text == last_) return;
  last_ = text;
  write_file(path_, text);
}

}  // namespace headlight
