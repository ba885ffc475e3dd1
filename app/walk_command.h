#pragma once

#include <filesystem>
#include <optional>
#include <string>

#include "edit_options.h"
#include "input_options.h"
#include "tiny_layer.h"
#include "walk.h"

namespace CLI {
class App;
}

namespace headlight {

/// What `headlight walk` was asked for.
struct WalkCommand {
  std::optional<std::string> model;
  InputOptions input;
  std::string head;  ///< "2.3", "cross:0.1": one head
  EditOptions edits;
  std::optional<TinyLayer> tiny;  ///< Instead of the model, whose tokens it takes over.
  bool bias = false;
  unsigned seed = 1;
  std::filesystem::path output;  ///< .py, .ipynb, .pdf, .npz or .json
  bool guided = false;
  std::optional<WalkCell> cell;  ///< Of .json: a number whose derivation comes along.
  bool quiet = false;
};

/// Adds the subcommand; it fills `options`, which have to outlive the parsing.
CLI::App* add_walk(CLI::App& app, WalkCommand& options);
/// Throws std::invalid_argument for options that do not go together.
void check_walk(const WalkCommand& options);

/// Writes the walk. Returns the exit code; throws as the other commands do.
int run_walk(const WalkCommand& options);

}  // namespace headlight
