#include "lesson_list.h"

#include <algorithm>
#include <exception>

#include "assets_path.h"
#include "state_folder.h"

namespace headlight {
namespace fs = std::filesystem;
namespace {

LessonEntry entry_of(const fs::path& file, std::string name) {
  LessonEntry entry;
  entry.name = std::move(name);
  entry.file = file;
  try {
    entry.lesson = read_lesson(file);
  } catch (const std::exception& error) {
    entry.problem = error.what();
  }
  return entry;
}

}  // namespace

fs::path built_in_lessons() { return assets_folder() / "lessons"; }

fs::path own_lessons() {
  const fs::path folder = state_folder();
  return folder.empty() ? folder : folder / "lessons";
}

bool is_lesson_file(const fs::path& file) { return file.extension() == ".lesson"; }

std::vector<LessonEntry> lessons_in(const fs::path& folder) {
  std::vector<LessonEntry> entries;
  std::error_code error;
  for (fs::directory_iterator it(folder, error), end; !error && it != end; it.increment(error)) {
    if (is_lesson_file(it->path())) entries.push_back(entry_of(it->path(), it->path().stem().string()));
  }
  std::sort(entries.begin(), entries.end(), [](const auto& a, const auto& b) { return a.name < b.name; });
  return entries;
}

std::vector<LessonEntry> all_lessons() {
  std::vector<LessonEntry> all = lessons_in(built_in_lessons());
  if (own_lessons().empty()) return all;
  for (LessonEntry& own : lessons_in(own_lessons())) {
    std::erase_if(all, [&](const LessonEntry& entry) { return entry.name == own.name; });
    own.own = true;
    all.push_back(std::move(own));
  }
  return all;
}

LessonEntry lesson_at(const fs::path& file) {
  LessonEntry entry = entry_of(file, fs::absolute(file).lexically_normal().string());
  entry.own = true;
  return entry;
}

}  // namespace headlight
