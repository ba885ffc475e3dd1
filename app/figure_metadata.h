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

/// A text inside XML: the five special characters escaped; characters that XML forbids become
/// U+FFFD.
std::string xml_text(const std::string& text);

/// An SVG file whose images are shown with sharp cells, whatever their size.
std::string with_sharp_images(std::string svg);

/// An SVG file with <title>, <desc> and <metadata> put in front of its first element.
std::string with_metadata(const std::string& svg, const FigureMetadata& metadata);

}  // namespace headlight
