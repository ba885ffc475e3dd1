#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "lesson.h"

namespace headlight {

/// A lesson's file that was found, or what is wrong with it.
struct LessonEntry {
  std::string name;  ///< As State::Learn::lesson keeps it.
  std::filesystem::path file;
  bool own = false;  ///< Not one of the program's.
  std::optional<Lesson> lesson;
  std::string problem;  ///< One sentence, where there is no lesson.
};

/// Where the program's lessons are: assets/lessons.
std::filesystem::path built_in_lessons();
/// Where a user may put lessons: the folder `lessons` of state_folder(); empty where there is none.
std::filesystem::path own_lessons();

/// Every *.lesson file of a folder, by name. A folder that is not there has none.
std::vector<LessonEntry> lessons_in(const std::filesystem::path& folder);
/// The program's lessons, then the user's. One of the user's of the same name stands for the program's.
std::vector<LessonEntry> all_lessons();
/// A file by itself; it is named by its absolute path.
LessonEntry lesson_at(const std::filesystem::path& file);

/// Whether a path names a lesson rather than a model or session: by its ending.
bool is_lesson_file(const std::filesystem::path& file);

}  // namespace headlight
