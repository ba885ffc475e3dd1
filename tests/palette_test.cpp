#include "palette.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <string>

using namespace headlight;

namespace {

// WCAG 2.2: relative luminance and contrast ratio.
double luminance(ImU32 color) {
  const auto channel = [&](int shift) {
    const double c = ((color >> shift) & 255) / 255.0;
    return c <= 0.04045 ? c / 12.92 : std::pow((c + 0.055) / 1.055, 2.4);
  };
  return 0.2126 * channel(IM_COL32_R_SHIFT) + 0.7152 * channel(IM_COL32_G_SHIFT) +
         0.0722 * channel(IM_COL32_B_SHIFT);
}

double contrast(ImU32 a, ImU32 b) {
  const double light = std::max(luminance(a), luminance(b));
  const double dark = std::min(luminance(a), luminance(b));
  return (light + 0.05) / (dark + 0.05);
}

constexpr Theme themes[] = {Theme::dark, Theme::light};

}  // namespace

TEST_CASE("the contrast formula gives the published values") {
  CHECK(contrast(IM_COL32(0, 0, 0, 255), IM_COL32(255, 255, 255, 255)) == doctest::Approx(21.0));
  CHECK(contrast(IM_COL32(255, 0, 0, 255), IM_COL32(255, 255, 255, 255)) ==
        doctest::Approx(4.0).epsilon(0.001));
  CHECK(contrast(IM_COL32(118, 118, 118, 255), IM_COL32(255, 255, 255, 255)) ==
        doctest::Approx(4.54).epsilon(0.001));
}

TEST_CASE("text can be read in both themes") {
  for (const Theme theme : themes) {
    const Palette& p = palette_of(theme);
    CAPTURE(std::string(theme == Theme::dark ? "dark" : "light"));
    CHECK(contrast(p.ink, p.paper) >= 7.0);
    CHECK(contrast(p.ink, p.raised) >= 7.0);
    CHECK(contrast(p.ink, p.hovered) >= 7.0);
    CHECK(contrast(p.faint, p.paper) >= 4.5);
    CHECK(contrast(p.faint, p.raised) >= 4.5);
    CHECK(contrast(p.accent, p.paper) >= 4.5);
    CHECK(contrast(p.on_accent, p.accent) >= 4.5);
    CHECK(contrast(p.edit, p.paper) >= 4.5);
    CHECK(contrast(p.error, p.paper) >= 4.5);
  }
}

TEST_CASE("the light theme is lighter than the dark one") {
  CHECK(luminance(palette_of(Theme::light).paper) > 0.8);
  CHECK(luminance(palette_of(Theme::dark).paper) < 0.05);
}

TEST_CASE("masked cells stand back and are still told from the paper") {
  for (const Theme theme : themes) {
    const Palette& p = palette_of(theme);
    CHECK(p.masked != p.paper);
    CHECK(contrast(p.masked, p.paper) < 1.5);
  }
}

TEST_CASE("every colour is opaque") {
  for (const Theme theme : themes) {
    const Palette& p = palette_of(theme);
    for (const ImU32 color : {p.paper, p.raised, p.hovered, p.line, p.ink, p.faint, p.accent,
                              p.on_accent, p.edit, p.error, p.masked}) {
      CHECK((color >> IM_COL32_A_SHIFT) == 255);
    }
  }
}

TEST_CASE("fade scales the opacity alone") {
  const ImU32 color = IM_COL32(10, 20, 30, 200);
  CHECK(fade(color, 1.0f) == color);
  CHECK(fade(color, 0.5f) == IM_COL32(10, 20, 30, 100));
  CHECK(fade(color, 0.0f) == IM_COL32(10, 20, 30, 0));
}
