#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "edits.h"
#include "state.h"

namespace headlight {

/// One --prune, --gain, --temperature or --mask: a change of the heads that a pattern names.
struct EditOption {
  enum class Kind { gain, temperature, mask, cell };
  Kind kind = Kind::gain;
  std::string heads;  ///< "1.3", "1.*", "*.*"; resolved when the model is known.
  float number = 1.0f;
  Mask mask = {};
  Cell cell = {};
};

/// Choices of how to draw; those not made keep what the session or the program has.
struct DisplayOptions {
  std::optional<Theme> theme;
  std::optional<ColorMap> color_map;
  std::optional<Range> range;
  std::optional<Shown> shown;
  std::optional<Scale> scale;
  std::optional<bool> hide_first;
};

/// What `headlight export` was asked for.
struct ExportOptions {
  std::optional<std::string> model;  ///< As model_folder takes it.
  std::optional<std::filesystem::path> session;
  std::optional<std::string> text;
  std::optional<std::string> texts;  ///< A file with a text a line; "-": stdin.
  std::vector<int> ids;
  std::string heads;  ///< "2.3", "2.*", "*.*"; empty: the session's.
  std::vector<EditOption> edits;
  std::optional<Replacement> replace;
  DisplayOptions display;
  double scale = 2.0;
  std::string title;
  std::filesystem::path output;  ///< `{n}` in its name stands for the text's number, from 1.
  bool quiet = false;
};

/// Runs the model and writes the pictures or numbers. Throws std::invalid_argument for what the
/// model or the format cannot do (an unknown head, too large a picture), LoadError for files that
/// cannot be read, std::runtime_error for those that cannot be written.
int run_export(const ExportOptions& options);

}  // namespace headlight
