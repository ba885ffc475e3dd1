#include "page_parts.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdio>

#include "color_maps.h"
#include "widgets.h"

namespace headlight {

std::string said(std::string_view key) { return window_words("pages").get(key); }

std::string said(std::string_view key,
                 std::initializer_list<std::pair<std::string_view, std::string>> values) {
  return window_words("pages").get(key, values);
}

void begin_page(const char* id) {
  ImGui::BeginChild(id, {0, 0}, false, ImGuiWindowFlags_NoNavInputs);
}

void end_page() { ImGui::EndChild(); }

void page_title(const Ui& ui, const std::string& text) {
  ImGui::PushFont(ui.fonts.title);
  ImGui::TextUnformatted(text.c_str());
  ImGui::PopFont();
}

void page_text(const std::string& text, float width) {
  ImGui::PushTextWrapPos(width > 0.0f ? ImGui::GetCursorPosX() + width : 0.0f);
  ImGui::TextUnformatted(text.c_str());
  ImGui::PopTextWrapPos();
}

void page_sentence(const Ui& ui, const std::string& text) {
  ImGui::PushFont(ui.fonts.title);
  page_text(text, std::min(ImGui::GetContentRegionAvail().x, ui.px(960)));
  ImGui::PopFont();
  ImGui::Dummy({0, ui.px(6)});
}

void page_note(const Ui& ui, const std::string& text, float width) {
  ImGui::PushStyleColor(ImGuiCol_Text, ui.palette->faint);
  page_text(text, width);
  ImGui::PopStyleColor();
}

namespace {

void tooltip(const Ui& ui, const std::string& text) {
  ImGui::BeginTooltip();
  ImGui::PushTextWrapPos(ui.px(420));
  ImGui::TextUnformatted(text.c_str());
  ImGui::PopTextWrapPos();
  ImGui::EndTooltip();
}

}  // namespace

void explain(const Ui& ui, const std::string& text) {
  if (ImGui::IsItemHovered()) tooltip(ui, text);
}

bool explain_place(const Ui& ui, ImVec2 min, ImVec2 max, const std::string& text) {
  if (!ImGui::IsWindowHovered() || !ImGui::IsMouseHoveringRect(min, max)) return false;
  if (!text.empty()) tooltip(ui, text);
  return true;
}

float code_height(const Ui& ui, const std::string& code) {
  const auto lines = static_cast<float>(std::count(code.begin(), code.end(), '\n'));
  return lines * (ui.fonts.mono->FontSize + ui.px(3)) + ui.px(16);
}

void code_block(Ui& ui, const std::string& code, float width) {
  const ImVec2 at = ImGui::GetCursorScreenPos();
  const float height = code_height(ui, code);
  ImDrawList* draw = ImGui::GetWindowDrawList();
  draw->AddRectFilled(at, {at.x + width, at.y + height}, ui.palette->raised, ui.px(6));
  float y = at.y + ui.px(8);
  draw->PushClipRect(at, {at.x + width - ui.px(4), at.y + height}, true);
  for (std::size_t begin = 0; begin < code.size();) {
    const std::size_t end = std::min(code.find('\n', begin), code.size());
    const std::string line = code.substr(begin, end - begin);
    const std::size_t comment = line.find("# ");
    const std::string words = line.substr(0, comment);
    draw_text(draw, ui.fonts.mono, {at.x + ui.px(12), y}, ui.palette->ink, words);
    if (comment != std::string::npos) {
      const float x = at.x + ui.px(12) + text_width(ui.fonts.mono, words);
      draw_text(draw, ui.fonts.mono, {x, y}, ui.palette->faint, line.substr(comment));
    }
    y += ui.fonts.mono->FontSize + ui.px(3);
    begin = end + 1;
  }
  draw->PopClipRect();
  ImGui::Dummy({width, height});
}

void copy_button(Ui& ui, const std::string& name, const std::string& code, float width) {
  const std::string label = said("copy");
  const float button = text_width(ui.fonts.text, label) + 2 * ImGui::GetStyle().FramePadding.x;
  ImGui::SameLine(width - button);  // from where the group begins
  ImGui::PushID(name.c_str());
  if (ImGui::Button(label.c_str())) {
    ImGui::SetClipboardText(code.c_str());
    ui.message = said("copied");
    ui.message_is_error = false;
  }
  ImGui::PopID();
  ui.landmarks.mark_item("copy/" + name);
}

ImU32 head_color(int head, Theme theme) {
  // Neighbours far apart on the circle of hues; a second round is paler.
  constexpr std::array<float, 12> hues = {0.58f, 0.09f, 0.36f, 0.83f, 0.15f, 0.70f,
                                          0.98f, 0.47f, 0.64f, 0.28f, 0.91f, 0.03f};
  const float hue = hues[static_cast<std::size_t>(head) % hues.size()];
  const bool paler = head / static_cast<int>(hues.size()) % 2 == 1;
  const bool dark = theme == Theme::dark;
  const float saturation = (dark ? 0.55f : 0.75f) * (paler ? 0.55f : 1.0f);
  ImVec4 color{0, 0, 0, 1};
  ImGui::ColorConvertHSVtoRGB(hue, saturation, dark ? 0.92f : 0.62f, color.x, color.y, color.z);
  return ImGui::ColorConvertFloat4ToU32(color);
}

ImU32 ink_on(ImU32 color) {
  const ImVec4 c = ImGui::ColorConvertU32ToFloat4(color);
  const auto linear = [](float v) { return std::pow(v, 2.2f); };
  const float light = 0.2126f * linear(c.x) + 0.7152f * linear(c.y) + 0.0722f * linear(c.z);
  return light > 0.18f ? IM_COL32(16, 18, 22, 255) : IM_COL32_WHITE;
}

ImU32 signed_color(float value, float most, Theme theme) {
  const float share = most > 0.0f ? std::clamp(value / most, -1.0f, 1.0f) : 0.0f;
  const auto& table = diverging_table(theme);
  const Rgb c = table[static_cast<std::size_t>((share * 0.5f + 0.5f) * 255.0f + 0.5f)];
  return IM_COL32(c.r, c.g, c.b, 255);
}

void centered_text(ImDrawList* draw, ImFont* font, ImVec2 min, ImVec2 max, ImU32 color,
                   const std::string& text) {
  const float width = text_width(font, text);
  if (width > max.x - min.x || font->FontSize > max.y - min.y + 2.0f) return;
  draw_text(draw, font, {(min.x + max.x - width) / 2, (min.y + max.y - font->FontSize) / 2}, color,
            text);
}

void right_text(ImDrawList* draw, ImFont* font, float x, float y, ImU32 color,
                const std::string& text) {
  draw_text(draw, font, {x - text_width(font, text), y}, color, text);
}

void arrow(ImDrawList* draw, const Ui& ui, ImVec2 from, ImVec2 to, ImU32 color) {
  const float dx = to.x - from.x, dy = to.y - from.y;
  const float length = std::max(std::sqrt(dx * dx + dy * dy), 1.0f);
  const ImVec2 along{dx / length * ui.px(6), dy / length * ui.px(6)};
  draw->AddLine(from, to, color, ui.px(1.5f));
  draw->AddTriangleFilled(to, {to.x - along.x - along.y * 0.6f, to.y - along.y + along.x * 0.6f},
                          {to.x - along.x + along.y * 0.6f, to.y - along.y - along.x * 0.6f},
                          color);
}

std::string grouped(double number) {
  char text[40];
  std::snprintf(text, sizeof text, "%.0f", number);
  std::string digits = text;
  const std::size_t first = digits.starts_with('-') ? 1 : 0;
  for (std::size_t at = digits.size(); at > 3 + first; at -= 3) digits.insert(at - 3, " ");
  return digits;
}

namespace {

std::string with_unit(double number, const char* unit) {
  char text[40];
  const int digits = number >= 99.95 ? 0 : 1;
  std::snprintf(text, sizeof text, "%.*f %s", digits, number, unit);
  return text;
}

}  // namespace

std::string count_words(double number) {
  if (number >= 1e9) return fixed(number / 1e9, 1) + " B";
  if (number >= 1e6) return fixed(number / 1e6, 1) + " M";
  if (number >= 1e5) return fixed(number / 1e3, 0) + " k";
  return grouped(number);
}

std::string byte_words(double bytes) {
  if (bytes >= 1e12) return with_unit(bytes / 1e12, "TB");
  if (bytes >= 1e9) return with_unit(bytes / 1e9, "GB");
  if (bytes >= 1e6) return with_unit(bytes / 1e6, "MB");
  if (bytes >= 1e3) return with_unit(bytes / 1e3, "kB");
  return grouped(bytes) + " B";
}

std::string fixed(double number, int digits) {
  char text[48];
  std::snprintf(text, sizeof text, "%.*f", digits, number);
  return text;
}

}  // namespace headlight
