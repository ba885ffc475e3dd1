#include "role_colors.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <string>

#include "palette.h"

namespace headlight {
namespace {

using Triple = std::array<double, 3>;

Triple times(const std::array<Triple, 3>& matrix, const Triple& v) {
  Triple out{};
  for (std::size_t i = 0; i < 3; ++i) {
    for (std::size_t k = 0; k < 3; ++k) out[i] += matrix[i][k] * v[k];
  }
  return out;
}

Triple linear(ImU32 color) {
  const auto channel = [&](int shift) {
    const double c = ((color >> shift) & 255) / 255.0;
    return c <= 0.04045 ? c / 12.92 : std::pow((c + 0.055) / 1.055, 2.4);
  };
  return {channel(IM_COL32_R_SHIFT), channel(IM_COL32_G_SHIFT), channel(IM_COL32_B_SHIFT)};
}

// CIELAB under D65.
Triple lab(Triple rgb) {
  for (double& c : rgb) c = std::clamp(c, 0.0, 1.0);
  Triple xyz = times({{{0.4124, 0.3576, 0.1805}, {0.2126, 0.7152, 0.0722}, {0.0193, 0.1192, 0.9505}}},
                     rgb);
  const Triple white{0.9505, 1.0, 1.089};
  for (std::size_t i = 0; i < 3; ++i) {
    const double t = xyz[i] / white[i];
    xyz[i] = t > 0.008856 ? std::cbrt(t) : 7.787 * t + 16.0 / 116.0;
  }
  return {116 * xyz[1] - 16, 500 * (xyz[0] - xyz[1]), 200 * (xyz[1] - xyz[2])};
}

double distance(const Triple& a, const Triple& b) {
  return std::hypot(a[0] - b[0], a[1] - b[1], a[2] - b[2]);
}

// Full vision, and none of the middle- and the long-wave cones (Machado et al. 2009, table 1).
constexpr std::array<std::array<Triple, 3>, 3> eyes = {{
    {{{1, 0, 0}, {0, 1, 0}, {0, 0, 1}}},
    {{{0.367322, 0.860646, -0.227968}, {0.280085, 0.672501, 0.047413}, {-0.011820, 0.042940, 0.968881}}},
    {{{0.152286, 1.052583, -0.204868}, {0.114503, 0.786281, 0.099216}, {-0.003882, -0.048116, 1.051998}}},
}};

TEST_CASE("no two syntactic roles look alike, to the colour-blind neither") {
  const std::array<std::string, 8> roles = {"determiner-noun",    "adjective-noun", "subject-verb",
                                            "verb-object",        "preposition-object",
                                            "auxiliary-verb",     "relative clause", "passive"};
  for (const Theme theme : {Theme::dark, Theme::light}) {
    for (std::size_t a = 0; a < roles.size(); ++a) {
      const Triple color = linear(role_color(roles[a], theme));
      const double light = 0.2126 * color[0] + 0.7152 * color[1] + 0.0722 * color[2];
      const Triple paper = linear(palette_of(theme).paper);
      const double under = 0.2126 * paper[0] + 0.7152 * paper[1] + 0.0722 * paper[2];
      CHECK_MESSAGE((std::max(light, under) + 0.05) / (std::min(light, under) + 0.05) >= 3.0, roles[a]);
      for (std::size_t b = 0; b < a; ++b) {
        for (const auto& eye : eyes) {
          const double apart = distance(lab(times(eye, color)),
                                        lab(times(eye, linear(role_color(roles[b], theme)))));
          CHECK_MESSAGE(apart > 13.0, roles[a] << " and " << roles[b]);
        }
      }
    }
  }
}

}  // namespace
}  // namespace headlight
