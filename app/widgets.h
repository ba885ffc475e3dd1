#pragma once

#include <imgui.h>

#include <initializer_list>
#include <string>

#include "ui.h"

namespace headlight {

/// Buttons side by side of which one is chosen. Returns whether the choice changed. Each is a landmark
/// "id/label".
bool segmented(Ui& ui, const char* id, std::initializer_list<const char*> labels, int& chosen);

/// A slider with its number behind it, where the knob never hides it, within the next item's
/// width. Returns whether the value changed. Ctrl+click types a number. The slider is the
/// landmark of this name.
bool slider(Ui& ui, const std::string& name, int& value, int least, int most);
bool slider(Ui& ui, const std::string& name, float& value, float least, float most,
            ImGuiSliderFlags flags = 0);

/// A button that stands on the accent colour when `active`. A landmark by its label.
bool toggle_button(Ui& ui, const char* label, bool active);

/// Makes the popup that is begun next open below the last item.
void popup_below(const Ui& ui);

/// Small text in the secondary colour.
void faint_text(const Ui& ui, const char* format, ...) IM_FMTARGS(2);

/// A heading inside a panel.
void heading(const Ui& ui, const char* text);

/// Text that reads from the bottom up, starting at `at`, its lower left corner.
void vertical_text(ImDrawList* draw, ImFont* font, ImVec2 at, ImU32 color, const std::string& text);

/// Width of a text in a font at its own size.
float text_width(ImFont* font, const std::string& text);

/// Draws a text in a font.
void draw_text(ImDrawList* draw, ImFont* font, ImVec2 at, ImU32 color, const std::string& text);

/// Begins a panel: a window without frame or background at a fixed place.
bool begin_panel(const char* name, ImVec2 min, ImVec2 max, ImGuiWindowFlags flags = 0);
void end_panel();

}  // namespace headlight
