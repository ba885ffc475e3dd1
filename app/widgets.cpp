#include "widgets.h"

#include <imgui_internal.h>

#include <algorithm>
#include <cstdarg>
#include <cstdio>

namespace headlight {

bool segmented(Ui& ui, const char* id, std::initializer_list<const char*> labels, int& chosen) {
  bool changed = false;
  int index = 0;
  ImGui::PushID(id);
  ImGui::PushStyleVar(ImGuiStyleVar_ItemSpacing, {ui.px(2), ui.px(8)});
  for (const char* label : labels) {
    if (index > 0) ImGui::SameLine();
    const bool active = index == chosen;
    if (active) {
      ImGui::PushStyleColor(ImGuiCol_Button, ui.palette->accent);
      ImGui::PushStyleColor(ImGuiCol_ButtonHovered, ui.palette->accent);
      ImGui::PushStyleColor(ImGuiCol_ButtonActive, ui.palette->accent);
      ImGui::PushStyleColor(ImGuiCol_Text, ui.palette->on_accent);
    }
    if (ImGui::Button(label) && !active) {
      chosen = index;
      changed = true;
    }
    if (active) ImGui::PopStyleColor(4);
    ui.landmarks.mark_item(std::string(id) + "/" + label);
    ++index;
  }
  ImGui::PopStyleVar();
  ImGui::PopID();
  return changed;
}

namespace {

template <typename Value>
bool slider_of(Ui& ui, ImGuiDataType type, const std::string& name, Value& value, Value least,
               Value most, const char* format, ImGuiSliderFlags flags) {
  const std::string label = "##" + name;
  const char* id = label.c_str();
  char widest[32];
  std::snprintf(widest, sizeof widest, format, most);
  const float number = text_width(ui.fonts.text, widest) + ui.px(8);
  const float width = std::max(ImGui::CalcItemWidth() - number, ui.px(40));
  ImGui::BeginGroup();
  ImGui::SetNextItemWidth(width);
  // The text in the slider is seen only while a number is typed into it.
  const bool typing = ImGui::TempInputIsActive(ImGui::GetID(id));
  if (!typing) ImGui::PushStyleColor(ImGuiCol_Text, 0);
  const bool changed = ImGui::SliderScalar(id, type, &value, &least, &most, format,
                                           flags | ImGuiSliderFlags_AlwaysClamp);
  if (!typing) ImGui::PopStyleColor();
  ui.landmarks.mark_item(name);
  const ImVec2 min = ImGui::GetItemRectMin(), max = ImGui::GetItemRectMax();
  char text[32];
  std::snprintf(text, sizeof text, format, value);
  ImGui::SameLine(0, 0);
  ImGui::Dummy({number, max.y - min.y});
  const float x = max.x + number - text_width(ui.fonts.text, text);
  draw_text(ImGui::GetWindowDrawList(), ui.fonts.text,
            {x, (min.y + max.y - ui.fonts.text->FontSize) / 2}, ImGui::GetColorU32(ImGuiCol_Text),
            text);
  ImGui::EndGroup();
  return changed;
}

}  // namespace

bool slider(Ui& ui, const std::string& name, int& value, int least, int most) {
  return slider_of(ui, ImGuiDataType_S32, name, value, least, most, "%d", 0);
}

bool slider(Ui& ui, const std::string& name, float& value, float least, float most, ImGuiSliderFlags flags) {
  return slider_of(ui, ImGuiDataType_Float, name, value, least, most, "%.2f", flags);
}

bool toggle_button(Ui& ui, const char* label, bool active) {
  if (active) {
    ImGui::PushStyleColor(ImGuiCol_Button, ui.palette->accent);
    ImGui::PushStyleColor(ImGuiCol_ButtonHovered, ui.palette->accent);
    ImGui::PushStyleColor(ImGuiCol_Text, ui.palette->on_accent);
  }
  const bool pressed = ImGui::Button(label);
  if (active) ImGui::PopStyleColor(3);
  ui.landmarks.mark_item(label);
  return pressed;
}

void popup_below(const Ui& ui) {
  ImGui::SetNextWindowPos({ImGui::GetItemRectMin().x, ImGui::GetItemRectMax().y + ui.px(4)},
                          ImGuiCond_Appearing);
}

void faint_text(const Ui& ui, const char* format, ...) {
  va_list arguments;
  va_start(arguments, format);
  ImGui::PushFont(ui.fonts.small);
  ImGui::PushStyleColor(ImGuiCol_Text, ui.palette->faint);
  ImGui::TextV(format, arguments);
  ImGui::PopStyleColor();
  ImGui::PopFont();
  va_end(arguments);
}

void heading(const Ui& ui, const char* text) {
  ImGui::Dummy({0, ui.px(4)});
  ImGui::PushFont(ui.fonts.strong);
  ImGui::TextUnformatted(text);
  ImGui::PopFont();
}

void vertical_text(ImDrawList* draw, ImFont* font, ImVec2 at, ImU32 color,
                   const std::string& text) {
  const int first = draw->VtxBuffer.Size;
  draw->AddText(font, font->FontSize, at, color, text.data(), text.data() + text.size());
  for (int i = first; i < draw->VtxBuffer.Size; ++i) {
    ImVec2& p = draw->VtxBuffer[i].pos;
    p = {at.x + (p.y - at.y), at.y - (p.x - at.x)};
  }
}

float text_width(ImFont* font, const std::string& text) {
  return font->CalcTextSizeA(font->FontSize, 1e9f, 0.0f, text.data(), text.data() + text.size()).x;
}

void draw_text(ImDrawList* draw, ImFont* font, ImVec2 at, ImU32 color, const std::string& text) {
  draw->AddText(font, font->FontSize, {float(int(at.x)), float(int(at.y))}, color, text.data(),
                text.data() + text.size());
}

bool begin_panel(const char* name, ImVec2 min, ImVec2 max, ImGuiWindowFlags flags) {
  ImGui::SetNextWindowPos(min);
  ImGui::SetNextWindowSize({max.x - min.x, max.y - min.y});
  return ImGui::Begin(name, nullptr,
                      flags | ImGuiWindowFlags_NoDecoration | ImGuiWindowFlags_NoMove |
                          ImGuiWindowFlags_NoBackground | ImGuiWindowFlags_NoSavedSettings |
                          ImGuiWindowFlags_NoBringToFrontOnFocus | ImGuiWindowFlags_NoNavInputs |
                          ImGuiWindowFlags_NoNavFocus);
}

void end_panel() { ImGui::End(); }

}  // namespace headlight
