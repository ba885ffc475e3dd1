#pragma once

#include <imgui.h>

#include <string_view>

namespace headlight {

struct Palette;

/// The height of a text wrapped to `width` pixels, in which *words* are emphasised.
float rich_text_height(ImFont* font, float width, std::string_view text);

/// Draws it. Emphasised words are underlined and in the accent colour.
void draw_rich_text(ImDrawList* draw, const Palette& palette, ImFont* font, ImVec2 at, float width,
                    std::string_view text, ImU32 color);

/// The width that it would take in one line.
float rich_text_width(ImFont* font, std::string_view text);

}  // namespace headlight
