#pragma once

#include <filesystem>
#include <map>
#include <string>

namespace headlight {

/// How far a learner is in a lesson.
struct LessonRecord {
  int part = 0;      ///< Where they are.
  int furthest = 0;  ///< Where they have been.
  int parts = 0;     ///< Of how many.
  bool done = false; ///< Taken to its end once.
  bool operator==(const LessonRecord&) const = default;
};

/// How far the user is in all lessons, kept across starts in the state folder: a line for each lesson.
/// A damaged line is passed over, and costs no other; a file that cannot be written is passed over,
/// too. Every change reads what another window may have written meanwhile.
class LessonProgress {
 public:
  LessonProgress();  ///< In the file `lesson-progress` of state_folder().
  explicit LessonProgress(std::filesystem::path file);

  /// Null: never begun.
  const LessonRecord* of(const std::string& lesson) const;
  void reach(const std::string& lesson, int part, int parts);
  void finish(const std::string& lesson);
  void reset(const std::string& lesson);
  void reset();
  bool empty() const { return records_.empty(); }

 private:
  void read();
  void write() const;

  std::filesystem::path file_;
  std::map<std::string, LessonRecord> records_;
};

}  // namespace headlight
