#pragma once

#include <filesystem>
#include <optional>
#include <string>

#include "edit_options.h"
#include "input_options.h"
#include "state.h"

namespace headlight {

/// Choices of how to draw; those not made keep what the session or the program has.
struct DisplayOptions {
  std::optional<Theme> theme;
  std::optional<Quantity> quantity;
  std::optional<ColorMap> color_map;
  std::optional<Range> range;
  std::optional<Shown> shown;
  std::optional<Scale> scale;
  std::optional<bool> hide_first;
};

/// The display with the choices made; the theme is light unless it is one of them.
Display display_of(const DisplayOptions& options, Display display);

/// What `headlight export` was asked for.
struct ExportOptions {
  std::optional<std::string> model;  ///< As model_path takes it.
  std::optional<std::filesystem::path> session;
  InputOptions input;
  std::optional<std::string> texts;   ///< A file with a text a line; "-": stdin.
  std::optional<AttentionKind> maps;  ///< Of an encoder-decoder; none: cross, or the session's.
  std::string heads;                  ///< "2.3", "2.*", "cross:*.*"; empty: the session's.
  EditOptions edits;
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
