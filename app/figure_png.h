#pragma once

#include <cairo.h>

#include <string>

#include "figure_metadata.h"

namespace headlight {

/// A drawn image surface as the bytes of a PNG file, with iTXt chunks Title, Description, Software
/// and `headlight`, and its resolution. Throws std::runtime_error when libpng fails.
std::string encode_png(cairo_surface_t* image, double pixels_per_point,
                       const FigureMetadata& metadata);

}  // namespace headlight
