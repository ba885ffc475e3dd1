#pragma once

#include <imgui.h>

#include <initializer_list>
#include <string>
#include <utility>

#include "ui.h"
#include "words_file.h"

namespace headlight {

// What the pages of the Learn view are drawn with.

/// A sentence of assets/words/en/pages.json.
std::string said(std::string_view key);
std::string said(std::string_view key,
                 std::initializer_list<std::pair<std::string_view, std::string>> values);

/// The rest of the view as a part that scrolls when it has to. The landmark is "page/ID/all".
void begin_page(const char* id);
void end_page();

void page_title(const Ui& ui, const std::string& text);
/// Wrapped, up to the right edge, or over `width` pixels.
void page_text(const std::string& text, float width = 0.0f);
/// What stands on a page that has nothing else to show: large.
void page_sentence(const Ui& ui, const std::string& text);
void page_note(const Ui& ui, const std::string& text, float width = 0.0f);

/// The tooltip of what was drawn last, or of a place in the window, while the mouse is over it.
void explain(const Ui& ui, const std::string& text);
bool explain_place(const Ui& ui, ImVec2 min, ImVec2 max, const std::string& text);

/// Code on a raised ground of this width.
void code_block(Ui& ui, const std::string& code, float width);
/// Its height in pixels.
float code_height(const Ui& ui, const std::string& code);
/// A button at the right end of a group's line, `width` pixels wide, that copies the code: the
/// landmark "copy/NAME".
void copy_button(Ui& ui, const std::string& name, const std::string& code, float width);

/// A head's colour, the same on every page; its number always stands beside it.
ImU32 head_color(int head, Theme theme);
/// Black or white: what is read better on this colour.
ImU32 ink_on(ImU32 color);
/// A colour of the diverging map for a number between -most and most.
ImU32 signed_color(float value, float most, Theme theme);

/// A text in the middle of a box, where it fits into it.
void centered_text(ImDrawList* draw, ImFont* font, ImVec2 min, ImVec2 max, ImU32 color,
                   const std::string& text);
/// A text whose right end is at x.
void right_text(ImDrawList* draw, ImFont* font, float x, float y, ImU32 color,
                const std::string& text);
void arrow(ImDrawList* draw, const Ui& ui, ImVec2 from, ImVec2 to, ImU32 color);

/// "1 234 567"
std::string grouped(double number);
/// "124.4 M", "174.6 B", "3 210"
std::string count_words(double number);
/// "36.9 MB" (powers of 1000)
std::string byte_words(double bytes);
/// A number with so many digits behind the point.
std::string fixed(double number, int digits);

}  // namespace headlight
