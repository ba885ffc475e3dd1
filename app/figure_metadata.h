#pragma once

#include <string>

#include "figure.h"

namespace headlight {

/// What a picture file says about itself, to people and to programs.
struct FigureMetadata {
  std::string title;
  std::string description;  ///< What is shown, of which text, with which edits.
  std::string json;         ///< {"program", "model", "text", "heads", "shown", "edits"}
};
FigureMetadata figure_metadata(const Trace& edited, const FigureRequest& request);

/// A text as a JSON string, with its quotes.
std::string json_string(const std::string& text);

}  // namespace headlight
