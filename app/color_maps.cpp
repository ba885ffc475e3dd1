#include "color_maps.h"

#include <cmath>

namespace headlight {
namespace {

#include "../assets/color_maps/tables.inc"

using Table = std::array<Rgb, 256>;

constexpr Table unpack(const std::array<std::uint32_t, 256>& words) {
  Table table;
  for (std::size_t i = 0; i < table.size(); ++i) {
    table[i] = {static_cast<std::uint8_t>(words[i] >> 16),
                static_cast<std::uint8_t>(words[i] >> 8 & 0xff),
                static_cast<std::uint8_t>(words[i] & 0xff)};
  }
  return table;
}

std::uint8_t mix(int from, int to, double share) {
  return static_cast<std::uint8_t>(std::lround(from + (to - from) * share));
}

Rgb mix(Rgb from, Rgb to, double share) {
  return {mix(from.r, to.r, share), mix(from.g, to.g, share), mix(from.b, to.b, share)};
}

Table grey_table() {
  constexpr Rgb paper{255, 255, 255}, ink{17, 17, 17};
  Table table;
  for (std::size_t i = 0; i < table.size(); ++i)
    table[i] = mix(paper, ink, static_cast<double>(i) / 255.0);
  return table;
}

// From the middle out through two stops a side. Blue and red of ColorBrewer's RdBu (Harrower and
// Brewer 2003): told apart by every common kind of colour blindness.
Table make_diverging(Rgb middle, const std::array<Rgb, 2>& below, const std::array<Rgb, 2>& above) {
  Table table;
  for (int i = 0; i < 256; ++i) {
    const int distance = i < 128 ? 127 - i : i - 128;
    const std::array<Rgb, 2>& side = i < 128 ? below : above;
    const double share = distance / 127.0 * 2.0;
    table[static_cast<std::size_t>(i)] =
        share <= 1.0 ? mix(middle, side[0], share) : mix(side[0], side[1], share - 1.0);
  }
  return table;
}

}  // namespace

const std::array<Rgb, 256>& color_table(ColorMap map) {
  static constexpr Table viridis = unpack(viridis_words);
  static constexpr Table cividis = unpack(cividis_words);
  static constexpr Table magma = unpack(magma_words);
  static const Table grey = grey_table();
  switch (map) {
    case ColorMap::cividis:
      return cividis;
    case ColorMap::magma:
      return magma;
    case ColorMap::grey:
      return grey;
    default:
      return viridis;
  }
}

const std::array<Rgb, 256>& diverging_table(Theme theme) {
  static const Table light = make_diverging({255, 255, 255}, {Rgb{103, 169, 207}, {5, 72, 145}},
                                            {Rgb{239, 138, 98}, {165, 15, 35}});
  static const Table dark = make_diverging({22, 24, 29}, {Rgb{38, 110, 170}, {150, 205, 250}},
                                           {Rgb{185, 60, 50}, {255, 178, 145}});
  return theme == Theme::light ? light : dark;
}

}  // namespace headlight
