#include "lesson_progress.h"

#include <algorithm>
#include <exception>
#include <sstream>

#include "file_io.h"
#include "state_folder.h"

namespace headlight {
namespace {

constexpr std::size_t largest_file = 1 << 20;
constexpr int most_parts = 1000;

std::filesystem::path default_file() {
  const std::filesystem::path folder = state_folder();
  return folder.empty() ? folder : folder / "lesson-progress";
}

bool may_be_kept(const std::string& name) {
  return !name.empty() && name.find_first_of("\t\n\r") == name.npos;
}

}  // namespace

LessonProgress::LessonProgress() : LessonProgress(default_file()) {}

LessonProgress::LessonProgress(std::filesystem::path file) : file_(std::move(file)) { read(); }

// A line: name, part, furthest, parts, done, with tabs between them.
void LessonProgress::read() try {
  std::error_code error;
  if (file_.empty()) return;
  records_.clear();
  if (!std::filesystem::exists(file_, error)) return;
  std::istringstream lines(read_file(file_, largest_file));
  for (std::string line; std::getline(lines, line);) {
    const std::size_t end = line.find('\t');
    if (end == line.npos || end == 0) continue;
    std::istringstream numbers(line.substr(end));
    LessonRecord record;
    int done = 0;
    if (!(numbers >> record.part >> record.furthest >> record.parts >> done)) continue;
    const bool fits = record.part >= 0 && record.part <= record.furthest &&
                      record.furthest < record.parts && record.parts <= most_parts;
    if (!fits || done < 0 || done > 1) continue;
    record.done = done == 1;
    records_[line.substr(0, end)] = record;
  }
} catch (const std::exception&) {
  // What cannot be read counts as nothing.
}

void LessonProgress::write() const try {
  if (file_.empty()) return;
  std::string text;
  for (const auto& [name, record] : records_) {
    text += name + '\t' + std::to_string(record.part) + '\t' + std::to_string(record.furthest) +
            '\t' + std::to_string(record.parts) + '\t' + (record.done ? '1' : '0') + '\n';
  }
  std::filesystem::create_directories(file_.parent_path());
  write_file(file_, text);
} catch (const std::exception&) {
  // It is a comfort, not a duty.
}

const LessonRecord* LessonProgress::of(const std::string& lesson) const {
  const auto found = records_.find(lesson);
  return found == records_.end() ? nullptr : &found->second;
}

void LessonProgress::reach(const std::string& lesson, int part, int parts) {
  if (!may_be_kept(lesson) || part < 0 || part >= parts || parts > most_parts) return;
  read();
  LessonRecord& record = records_[lesson];
  if (record.parts != parts) record = {.done = record.done};  // the lesson was written anew
  record.parts = parts;
  record.part = part;
  record.furthest = std::max(record.furthest, part);
  write();
}

void LessonProgress::finish(const std::string& lesson) {
  read();
  const auto found = records_.find(lesson);
  if (found == records_.end()) return;
  found->second.done = true;
  found->second.part = 0;
  write();
}

void LessonProgress::reset(const std::string& lesson) {
  read();
  if (records_.erase(lesson) > 0) write();
}

void LessonProgress::reset() {
  records_.clear();
  write();
}

}  // namespace headlight
