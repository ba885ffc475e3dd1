#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "export_command.h"
#include "mask_placement.h"

namespace headlight {

/// What `headlight compare` was asked for: a column for each model, text, mask and head.
struct CompareCommand {
  std::optional<std::string> model;  ///< As model_path takes it.
  std::vector<std::string> with;     ///< More models.
  std::vector<std::string> texts;
  std::vector<int> ids;                          ///< Instead of a text, when not empty.
  std::optional<std::string> target;             ///< Of an encoder-decoder.
  std::string masks;                             ///< "none,local:4"; empty: the default ones.
  std::string head = "0.0";                      ///< As parse_heads takes it; several: a column each.
  MaskPlace on = MaskPlace::all;                 ///< Which heads the masks are put on.
  std::optional<int> position;  ///< The token whose prediction and receptive field are told.
  bool loss = false;            ///< Measure the loss on the battery too.
  DisplayOptions display;
  double scale = 2.0;
  std::string title;
  std::optional<std::filesystem::path> output;  ///< None: the numbers are printed.
  bool json = false;
  bool quiet = false;
};

/// Without a choice: nothing masked, and one mask of each kind that a paper compares.
inline constexpr const char* default_masks = "none,local:4,dilated:4:2,global:1";

/// A window's worth and twice as much for a figure.
inline constexpr std::size_t most_columns = 8;

/// Throws std::invalid_argument for options that do not go together.
void check_compare(const CompareCommand& options);

/// Runs the models and writes figure or numbers. Throws as run_export.
int run_compare(const CompareCommand& options);

}  // namespace headlight
