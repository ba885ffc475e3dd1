#define GLFW_INCLUDE_NONE
#include <GLFW/glfw3.h>
#include <imgui.h>

#include <imgui_stdlib.h>

#include <algorithm>
#include <string>

#include "panels.h"
#include "token_label.h"
#include "widgets.h"

namespace headlight {
namespace {

// The tokens of the snapshot, wrapped. The query that is hovered or pinned is framed, and the others are
// shaded by how much it looks at them.
void draw_chips(State& state, const Picture& picture, Ui& ui) {
  if (picture.empty()) return;
  ImDrawList* draw = ImGui::GetWindowDrawList();
  const Palette& p = *ui.palette;
  const auto& tokens = picture.snapshot().edited->tokens();
  const MapValues& map = picture.map();

  std::optional<int> query = state.selection.query;
  std::optional<int> key = state.selection.key;
  if (ui.hovered_cell) {
    query = ui.hovered_cell->query;
    key = ui.hovered_cell->key;
  }
  const float height = ui.px(26);
  const float right = ImGui::GetCursorScreenPos().x + ImGui::GetContentRegionAvail().x;
  const ImVec2 start = ImGui::GetCursorScreenPos();
  ImVec2 at = start;
  ui.chip_rows = 1;
  for (int i = 0; i < static_cast<int>(tokens.size()); ++i) {
    const std::string label = token_label(tokens[i], 24);
    const float width = std::max(text_width(ui.fonts.text, label), ui.px(6)) + ui.px(12);
    if (at.x + width > right && at.x > start.x) {
      at = {start.x, at.y + height + ui.px(4)};
      ++ui.chip_rows;
    }
    ImGui::SetCursorScreenPos(at);
    ImGui::PushID(i);
    if (ImGui::InvisibleButton("chip", {width, height})) {
      const bool pinned = state.selection.query == i;
      state.selection.query = pinned ? std::nullopt : std::optional<int>(i);
      state.selection.key.reset();
    }
    ImGui::PopID();
    if (i < 64) ui.landmarks.mark_item("chip/" + std::to_string(i));
    if (ImGui::IsItemVisible()) {
      const ImVec2 end{at.x + width, at.y + height};
      draw->AddRectFilled(at, end, p.raised, ui.px(4));
      if (query && *query < map.tokens && i < map.tokens && !map.diverging) {
        const float w = map.values[static_cast<std::size_t>(*query) * map.tokens + i];
        draw->AddRectFilled(at, end, fade(p.accent, 0.65f * std::clamp(w, 0.0f, 1.0f)), ui.px(4));
      }
      if (query == i) draw->AddRect(at, end, p.accent, ui.px(4), 0, ui.px(2));
      if (key == i && key != query) draw->AddRect(at, end, p.ink, ui.px(4), 0, ui.px(2));
      draw_text(draw, ui.fonts.text, {at.x + ui.px(6), at.y + ui.px(4)},
                tokens[i].begin == tokens[i].end ? p.faint : p.ink, label);
      if (ImGui::IsItemHovered()) {
        ImGui::BeginTooltip();
        ImGui::Text("\"%s\"", tokens[i].text.c_str());
        faint_text(ui, "id %d, position %d%s", tokens[i].id, i,
                   tokens[i].begin == tokens[i].end ? ", put before every text" : "");
        ImGui::EndTooltip();
      }
    }
    at.x += width + ui.px(4);
  }
  ImGui::SetCursorScreenPos({start.x, at.y + height});
  ImGui::Dummy({1, 1});
}

// The text as the field can hold it: where Dear ImGui was built for 16-bit characters, those beyond become
// U+FFFD, or the field would cut the text's end off. The request keeps them until the user types.
std::string editable(const std::string& text) {
  if (IM_UNICODE_CODEPOINT_MAX > 0xffff) return text;
  std::string out;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if ((static_cast<unsigned char>(text[i]) & 0xf8) == 0xf0) {
      out += "\ufffd";
      i += 3;
    } else {
      out += text[i];
    }
  }
  return out;
}

void draw_examples(State& state, Ui& ui) {
  if (ImGui::Button("Examples")) ImGui::OpenPopup("examples");
  ui.landmarks.mark_item("Examples");
  popup_below(ui);
  if (ImGui::BeginPopup("examples")) {
    for (const std::string& example : ui.examples) {
      if (ImGui::MenuItem(example.c_str())) {
        state.request.text = example;
        state.request.ids.clear();
        state.selection.query.reset();
        state.selection.key.reset();
      }
    }
    ImGui::EndPopup();
  }
}

}  // namespace

void draw_prompt_bar(State& state, const Picture& picture, Ui& ui, ImVec2 min, ImVec2 max) {
  begin_panel("prompt", min, max, ImGuiWindowFlags_NoScrollWithMouse);
  const float button = text_width(ui.fonts.text, "Examples") + ui.px(28);
  ImGui::SetNextItemWidth(ImGui::GetContentRegionAvail().x - button);
  if (ui.focus_prompt) {
    ImGui::SetKeyboardFocusHere();
    ui.focus_prompt = false;
  }
  ImGui::PushStyleVar(ImGuiStyleVar_FramePadding, {ui.px(12), ui.px(9)});
  std::string field = editable(state.request.text);
  const bool typed =
      ImGui::InputTextWithHint("##text", "Type a sentence: every head's map follows", &field);
  ImGui::PopStyleVar();
  ui.landmarks.mark_item("prompt");
  // Esc leaves the field; Dear ImGui would also take back what was typed.
  const bool escaped = std::any_of(ui.keys.begin(), ui.keys.end(), [](const KeyPress& press) {
    return press.key == GLFW_KEY_ESCAPE;
  });
  if (typed && !escaped) {
    state.request.text = field.c_str();  // up to the first NUL: the field may leave one at the end
    state.request.ids.clear();
    state.selection.query.reset();
    state.selection.key.reset();
  }
  ImGui::SameLine();
  ImGui::PushStyleVar(ImGuiStyleVar_FramePadding, {ui.px(10), ui.px(9)});
  draw_examples(state, ui);
  ImGui::PopStyleVar();

  const Snapshot& s = picture.snapshot();
  if (!s.error.empty() || !s.notice.empty()) {
    ImGui::PushStyleColor(ImGuiCol_Text, s.error.empty() ? ui.palette->accent : ui.palette->error);
    ImGui::TextUnformatted(s.error.empty() ? s.notice.c_str() : s.error.c_str());
    ImGui::PopStyleColor();
  }
  // Two rows at most; more scroll.
  const int rows = std::clamp(ui.chip_rows, 1, 2);
  ImGui::BeginChild("chips", {0, ui.px(30.0f * static_cast<float>(rows) - 4.0f)}, false,
                    ui.chip_rows <= 2 ? ImGuiWindowFlags_NoScrollbar | ImGuiWindowFlags_NoScrollWithMouse
                                      : 0);
  draw_chips(state, picture, ui);
  ImGui::EndChild();
  end_panel();
}

}  // namespace headlight
