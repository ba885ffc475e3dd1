#include "rich_text.h"

#include <algorithm>
#include <cmath>

#include "palette.h"

namespace headlight {
namespace {

constexpr float line_height = 1.3f;  // of the font's size

float run_width(ImFont* font, std::string_view run) {
  return font->CalcTextSizeA(font->FontSize, 1e9f, 0.0f, run.data(), run.data() + run.size()).x;
}

float plain_width(ImFont* font, std::string_view word) {
  float width = 0.0f;
  while (!word.empty()) {
    const std::size_t star = std::min(word.find('*'), word.size());
    width += run_width(font, word.substr(0, star));
    word.remove_prefix(std::min(star + 1, word.size()));
  }
  return width;
}

// Calls put(run, x, y, emphasised) for every run of letters, x and y from the text's corner. Returns
// the height.
template <typename Put>
float lay_out(ImFont* font, float width, std::string_view text, Put put) {
  const float space = run_width(font, " ");
  const float line = std::round(font->FontSize * line_height);
  float x = 0.0f, y = 0.0f;
  bool emphasised = false;
  while (!text.empty()) {
    const std::size_t end = std::min(text.find_first_of(" \n"), text.size());
    std::string_view word = text.substr(0, end);
    const float wide = plain_width(font, word);
    if (x > 0.0f && x + wide > width) {
      x = 0.0f;
      y += line;
    }
    while (!word.empty()) {
      const std::size_t star = std::min(word.find('*'), word.size());
      const std::string_view run = word.substr(0, star);
      // The line under emphasised words goes on over the space between them.
      if (!run.empty()) put(run, x, y, emphasised);
      x += run_width(font, run);
      if (star < word.size()) emphasised = !emphasised;
      word.remove_prefix(std::min(star + 1, word.size()));
    }
    x += space;
    if (end < text.size() && text[end] == '\n') {
      x = 0.0f;
      y += line;
    }
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return y + line;
}

}  // namespace

float rich_text_height(ImFont* font, float width, std::string_view text) {
  return lay_out(font, width, text, [](std::string_view, float, float, bool) {});
}

float rich_text_width(ImFont* font, std::string_view text) { return plain_width(font, text); }

void draw_rich_text(ImDrawList* draw, const Palette& palette, ImFont* font, ImVec2 at, float width,
                    std::string_view text, ImU32 color) {
  lay_out(font, width, text, [&](std::string_view run, float x, float y, bool emphasised) {
    const ImVec2 place{std::floor(at.x + x), std::floor(at.y + y)};
    draw->AddText(font, font->FontSize, place, emphasised ? palette.accent : color, run.data(),
                  run.data() + run.size());
    if (!emphasised) return;
    const float base = place.y + font->FontSize * 1.02f;
    draw->AddLine({place.x, base}, {place.x + run_width(font, run), base}, palette.accent,
                  std::max(1.0f, font->FontSize / 16.0f));
  });
}

}  // namespace headlight
