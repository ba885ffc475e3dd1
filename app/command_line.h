#pragma once

#include <filesystem>
#include <optional>
#include <string>

#include "bench_command.h"
#include "compare_command.h"
#include "export_command.h"
#include "generate_command.h"
#include "importance_command.h"
#include "info_command.h"
#include "lesson_command.h"
#include "prune_command.h"
#include "roles_command.h"
#include "variants_command.h"
#include "walk_command.h"
#include "state.h"

namespace headlight {

/// What `headlight [MODEL|FILE]` without a subcommand was asked for.
struct WindowOptions {
  std::optional<std::string> model;  ///< Folder, file, or the name of a built-in model.
  std::optional<std::string> text;
  std::optional<std::string> target;  ///< Of an encoder-decoder's decoder.
  std::optional<std::filesystem::path> session;
  std::optional<std::filesystem::path> lesson;
  std::optional<std::filesystem::path> offscreen;  ///< A PNG for the first screen; no window.
  int width = 1440;
  int height = 900;
};

/// What the program was asked to do, as a value.
struct Command {
  enum class Kind {
    window,
    export_,
    generate,
    info,
    bench,
    roles,
    importance,
    prune,
    compare,
    variants,
    walk,
    lesson,
    done,  ///< Nothing is left but to print `output` and leave with `exit_code`.
  };
  Kind kind = Kind::window;
  WindowOptions window;
  ExportOptions export_;
  GenerateOptions generate;
  InfoOptions info;
  BenchOptions bench;
  RolesOptions roles;
  ImportanceCommand importance;
  PruneCommand prune;
  CompareCommand compare;
  VariantsOptions variants;
  WalkCommand walk;
  LessonCommand lesson;
  std::string output;  ///< For stdout when exit_code is 0 (help, version), else for stderr.
  int exit_code = 0;   ///< 0, or 2 for wrong usage.
};

/// Reads the arguments. Never throws for what the user typed: wrong usage is `done` with exit code
/// 2 and one sentence.
Command parse_command_line(int argc, const char* const* argv);

}  // namespace headlight
