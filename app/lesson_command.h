#pragma once

#include <filesystem>
#include <string>
#include <vector>

namespace headlight {

/// What `headlight lesson` was asked for.
struct LessonCommand {
  enum class What { check, list, handout, reset };
  What what = What::list;
  std::vector<std::string> names;  ///< Of check: files and folders, none: the program's own lessons. Of reset: lessons, none: all.
  std::filesystem::path output;    ///< Of handout.
  bool json = false;
};

/// Checks lessons against the models that they name, lists them with the user's progress, or forgets
/// the progress. Returns 1 where a lesson is wrong. Throws std::runtime_error, std::invalid_argument.
int run_lesson(const LessonCommand& command);

}  // namespace headlight
