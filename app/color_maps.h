#pragma once

#include <array>
#include <cstdint>

#include "state.h"

namespace headlight {

struct Rgb {
  std::uint8_t r = 0, g = 0, b = 0;
  bool operator==(const Rgb&) const = default;
};

/// 256 colours from the lowest value to the highest. Grey runs from paper to ink: light to dark.
const std::array<Rgb, 256>& color_table(ColorMap map);

/// A diverging map, blue below zero, red above, for signed differences. The two entries in the
/// middle are the theme's neutral: white in light, near black in dark.
const std::array<Rgb, 256>& diverging_table(Theme theme);

}  // namespace headlight
