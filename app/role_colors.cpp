#include "role_colors.h"

#include <string_view>

namespace headlight {
namespace {

struct Shade {
  std::string_view role;
  unsigned dark;   // 0xRRGGBB on dark paper
  unsigned light;  // on light paper
};

// Places in blue, spreads in grey, copies in magenta, grammar in green, meaning in violet. All have
// a contrast of at least 3:1 with the paper.
constexpr Shade shades[] = {
    {"previous token", 0x4aa3ff, 0x0b63c4}, {"next token", 0x35d0e8, 0x00798c},
    {"same token", 0x8fb8e8, 0x4a6a94},     {"local", 0xc2c9d4, 0x5b6573},
    {"long-range", 0xa99f8c, 0x776a50},     {"broad", 0x8d94a1, 0x7a828e},
    {"sink", 0xd9a066, 0x94581a},           {"duplicate token", 0xff8fc7, 0xb83280},
    {"induction", 0xff5fa2, 0xc2185b},      {"coreference", 0xff9d5c, 0xc04f00},
    {"rare token", 0xf2d94e, 0x8a7300},     {"semantic", 0xb79bff, 0x6a3fd1},
    // Shades of green far from each other also where red and green look alike (CIELAB distances
    // after Machado et al. 2009): tests/role_colors_test.cpp.
    {"determiner-noun", 0x28de85, 0x46892f}, {"adjective-noun", 0xd8fc31, 0x3ba21a},
    {"subject-verb", 0x037c5c, 0x0b4d38},   {"verb-object", 0x37bf07, 0x39653a},
    {"preposition-object", 0x7de4c2, 0x589b82}, {"auxiliary-verb", 0x5b9353, 0x466f5f},
    {"relative clause", 0x507503, 0x274d10}, {"passive", 0xa5f97e, 0x4e8d55},
};

ImU32 rgb(unsigned hex) {
  return IM_COL32((hex >> 16) & 255, (hex >> 8) & 255, hex & 255, 255);
}

}  // namespace

ImU32 role_color(const std::string& role, Theme theme) {
  const bool dark = theme == Theme::dark;
  for (const Shade& shade : shades) {
    if (shade.role == role) return rgb(dark ? shade.dark : shade.light);
  }
  if (role.starts_with("offset")) return rgb(dark ? 0x7d8bff : 0x3f4fc0);
  return rgb(dark ? 0x6b7482 : 0x8b94a0);
}

}  // namespace headlight
