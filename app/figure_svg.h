#pragma once

#include <string>

#include "figure_metadata.h"

namespace headlight {

/// An SVG file as cairo writes it, made ready: with <title>, <desc> and <metadata>, with images
/// whose cells stay sharp when they are enlarged, and with ids that count from 0, so that the same
/// picture is the same file.
std::string finish_svg(std::string svg, const FigureMetadata& metadata);

/// A text inside XML: the five special characters escaped; characters that XML forbids become
/// U+FFFD.
std::string xml_text(const std::string& text);

}  // namespace headlight
