#include "lesson_command.h"

#include <cstdio>
#include <nlohmann/json.hpp>
#include <stdexcept>

#include "file_io.h"
#include "handout.h"
#include "lesson_check.h"
#include "lesson_handout.h"
#include "lesson_list.h"
#include "lesson_progress.h"

namespace headlight {
namespace {

namespace fs = std::filesystem;
using Json = nlohmann::ordered_json;

const char* kind_name(LessonPart::Kind kind) {
  constexpr const char* names[] = {"read", "do", "predict", "quiz"};
  return names[static_cast<int>(kind)];
}

Json json_of(const LessonSheetPart& part) {
  Json json = {{"kind", kind_name(part.kind)}, {"say", part.say}};
  for (const auto& [key, list] : {std::pair{"choices", &part.choices}, {"whys", &part.whys},
                                  {"until", &part.until}, {"points", &part.points}}) {
    if (!list->empty()) json[key] = *list;
  }
  if (part.right) json["right"] = std::string(1, static_cast<char>('A' + *part.right));
  if (!part.after.empty()) json["after"] = part.after;
  if (!part.hint.empty()) json["hint"] = part.hint;
  return json;
}

std::vector<LessonEntry> named(const std::vector<std::string>& names) {
  if (names.empty()) return all_lessons();
  std::vector<LessonEntry> entries;
  for (const std::string& name : names) {
    std::error_code error;
    if (!fs::is_directory(name, error)) {
      entries.push_back(lesson_at(name));
      continue;
    }
    const std::vector<LessonEntry> inside = lessons_in(name);
    if (inside.empty()) throw std::runtime_error(name + ": there is no .lesson file in this folder");
    entries.insert(entries.end(), inside.begin(), inside.end());
  }
  return entries;
}

int check(const LessonCommand& command) {
  Worker worker([] {});
  Json all = Json::array();
  bool good = true;
  for (const LessonEntry& entry : named(command.names)) {
    LessonSheet sheet;
    if (entry.lesson) {
      sheet = check_lesson(*entry.lesson, worker);
    } else {
      sheet.problems.push_back(entry.problem);
    }
    good &= sheet.problems.empty();
    if (command.json) {
      Json json = {{"file", entry.file.string()}, {"name", entry.file.stem().string()}};
      if (entry.lesson) json["title"] = entry.lesson->title;
      json["problems"] = sheet.problems;
      json["parts"] = Json::array();
      for (const LessonSheetPart& part : sheet.parts) json["parts"].push_back(json_of(part));
      all.push_back(json);
      continue;
    }
    for (const std::string& problem : sheet.problems) std::printf("%s\n", problem.c_str());
    if (sheet.problems.empty()) {
      std::printf("%s: good, %zu parts\n", entry.file.string().c_str(), sheet.parts.size());
    }
  }
  if (command.json) std::printf("%s\n", all.dump(1, ' ', false, Json::error_handler_t::replace).c_str());
  return good ? 0 : 1;
}

std::string progress_words(const LessonRecord* record) {
  if (record == nullptr) return "not begun";
  if (record->done) return "done";
  return "part " + std::to_string(record->part + 1) + " of " + std::to_string(record->parts);
}

int list(const LessonCommand& command) {
  const LessonProgress progress;
  Json all = Json::array();
  for (const LessonEntry& entry : all_lessons()) {
    const LessonRecord* record = progress.of(entry.name);
    if (command.json) {
      Json json = {{"name", entry.name}, {"file", entry.file.string()}, {"own", entry.own}};
      if (entry.lesson) {
        json["title"] = entry.lesson->title;
        json["summary"] = entry.lesson->summary;
        json["minutes"] = entry.lesson->minutes;
        json["parts"] = entry.lesson->parts.size();
      } else {
        json["problem"] = entry.problem;
      }
      if (record != nullptr) json["part"] = record->part + 1;
      json["done"] = record != nullptr && record->done;
      all.push_back(json);
    } else if (entry.lesson) {
      std::printf("%-28s %2d min  %-14s  %s\n", entry.name.c_str(), entry.lesson->minutes,
                  progress_words(record).c_str(), entry.lesson->title.c_str());
    } else {
      std::printf("%-28s broken: %s\n", entry.name.c_str(), entry.problem.c_str());
    }
  }
  if (command.json) {
    std::printf("%s\n", all.dump(1, ' ', false, Json::error_handler_t::replace).c_str());
  } else if (const fs::path own = own_lessons(); !own.empty()) {
    std::printf("Own lessons belong into %s\n", own.string().c_str());
  }
  return 0;
}

int reset(const LessonCommand& command) {
  LessonProgress progress;
  if (command.names.empty()) progress.reset();
  for (const std::string& name : command.names) {
    if (progress.of(name) == nullptr) throw std::runtime_error("no progress is kept for \"" + name + "\" (see headlight lesson list)");
    progress.reset(name);
  }
  return 0;
}

int handout(const LessonCommand& command) {
  const std::string& name = command.names.front();
  if (!is_handout_file(command.output.string()))
    throw std::invalid_argument("\"" + command.output.string() + "\": a hand-out's name must end in .pdf");
  std::optional<LessonEntry> entry;
  for (LessonEntry& known : all_lessons()) {
    if (known.name == name) entry = std::move(known);
  }
  if (!entry) entry = lesson_at(name);
  if (!entry->lesson) throw std::runtime_error(entry->problem);
  Worker worker([] {});
  write_file(command.output, lesson_handout(*entry->lesson, check_lesson(*entry->lesson, worker)));
  return 0;
}

}  // namespace

int run_lesson(const LessonCommand& command) {
  switch (command.what) {
    case LessonCommand::What::check:
      return check(command);
    case LessonCommand::What::list:
      return list(command);
    case LessonCommand::What::handout:
      return handout(command);
    case LessonCommand::What::reset:
      return reset(command);
  }
  return 0;
}

}  // namespace headlight
