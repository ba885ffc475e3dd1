#include "palette.h"

namespace headlight {
namespace {

constexpr ImU32 rgb(unsigned hex) {
  return IM_COL32((hex >> 16) & 255, (hex >> 8) & 255, hex & 255, 255);
}

constexpr Palette dark = {
    .paper = rgb(0x15171c), .raised = rgb(0x252a33), .hovered = rgb(0x323945),
    .line = rgb(0x353c48),  .ink = rgb(0xeceef2),    .faint = rgb(0xa3acba),
    .accent = rgb(0xffb547), .on_accent = rgb(0x1d1403), .edit = rgb(0xff7a66),
    .error = rgb(0xff8a80), .masked = rgb(0x1f232a),
};

constexpr Palette light = {
    .paper = rgb(0xfbfbf9), .raised = rgb(0xeceef1), .hovered = rgb(0xdfe3e9),
    .line = rgb(0xcfd5dd),  .ink = rgb(0x181b20),    .faint = rgb(0x565f6c),
    .accent = rgb(0xa85400), .on_accent = rgb(0xffffff), .edit = rgb(0xc8321e),
    .error = rgb(0xb3261e), .masked = rgb(0xeef0f2),
};

ImVec4 vec(ImU32 color) { return ImGui::ColorConvertU32ToFloat4(color); }

}  // namespace

const Palette& palette_of(Theme theme) { return theme == Theme::dark ? dark : light; }

ImU32 fade(ImU32 color, float opacity) {
  const auto alpha = static_cast<ImU32>(opacity * static_cast<float>(color >> IM_COL32_A_SHIFT));
  return (color & ~IM_COL32_A_MASK) | (alpha << IM_COL32_A_SHIFT);
}

void apply_style(Theme theme, float scale) {
  const Palette& p = palette_of(theme);
  ImGuiStyle style;
  style.WindowPadding = {16, 12};
  style.FramePadding = {10, 6};
  style.ItemSpacing = {8, 8};
  style.ItemInnerSpacing = {8, 6};
  style.CellPadding = {6, 3};
  style.ScrollbarSize = 12;
  style.GrabMinSize = 14;
  style.WindowBorderSize = 0;
  style.PopupBorderSize = 1;
  style.FrameRounding = 5;
  style.GrabRounding = 5;
  style.PopupRounding = 8;
  style.WindowRounding = 8;
  style.ScrollbarRounding = 6;
  style.ScaleAllSizes(scale);

  ImVec4* c = style.Colors;
  c[ImGuiCol_Text] = vec(p.ink);
  c[ImGuiCol_TextDisabled] = vec(p.faint);
  c[ImGuiCol_WindowBg] = vec(p.paper);
  c[ImGuiCol_ChildBg] = {0, 0, 0, 0};
  c[ImGuiCol_PopupBg] = vec(p.paper);
  c[ImGuiCol_Border] = vec(p.line);
  c[ImGuiCol_FrameBg] = vec(p.raised);
  c[ImGuiCol_FrameBgHovered] = vec(p.hovered);
  c[ImGuiCol_FrameBgActive] = vec(p.hovered);
  c[ImGuiCol_TitleBg] = c[ImGuiCol_TitleBgActive] = vec(p.raised);
  c[ImGuiCol_MenuBarBg] = vec(p.paper);
  c[ImGuiCol_ScrollbarBg] = {0, 0, 0, 0};
  c[ImGuiCol_ScrollbarGrab] = vec(p.line);
  c[ImGuiCol_ScrollbarGrabHovered] = c[ImGuiCol_ScrollbarGrabActive] = vec(p.faint);
  c[ImGuiCol_CheckMark] = vec(p.accent);
  // The number of a slider stands over its grab.
  c[ImGuiCol_SliderGrab] = vec(fade(p.accent, 0.55f));
  c[ImGuiCol_SliderGrabActive] = vec(fade(p.accent, 0.8f));
  c[ImGuiCol_Button] = vec(p.raised);
  c[ImGuiCol_ButtonHovered] = vec(p.hovered);
  c[ImGuiCol_ButtonActive] = vec(p.line);
  c[ImGuiCol_Header] = vec(p.raised);
  c[ImGuiCol_HeaderHovered] = c[ImGuiCol_HeaderActive] = vec(p.hovered);
  c[ImGuiCol_Separator] = c[ImGuiCol_SeparatorHovered] = c[ImGuiCol_SeparatorActive] = vec(p.line);
  c[ImGuiCol_TextSelectedBg] = vec(fade(p.accent, 0.35f));
  c[ImGuiCol_NavHighlight] = vec(p.accent);
  c[ImGuiCol_ModalWindowDimBg] = {0, 0, 0, 0.45f};
  c[ImGuiCol_TableBorderLight] = c[ImGuiCol_TableBorderStrong] = vec(p.line);
  c[ImGuiCol_PlotHistogram] = vec(p.accent);
  ImGui::GetStyle() = style;
}

}  // namespace headlight
