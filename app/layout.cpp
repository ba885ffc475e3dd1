#include <algorithm>

#include "panels.h"
#include "widgets.h"

namespace headlight {
namespace {

// A vertical line between two panels that can be dragged. `width` is that of the panel beside it, in
// design pixels; `sign` says whether it grows when the line moves right.
void splitter(Ui& ui, const char* id, float x, float top, float bottom, float& width, float now,
              float sign) {
  ImGui::SetNextWindowPos({x - ui.px(4), top});
  ImGui::SetNextWindowSize({ui.px(8), bottom - top});
  ImGui::PushStyleVar(ImGuiStyleVar_WindowPadding, {0, 0});
  ImGui::PushStyleVar(ImGuiStyleVar_WindowMinSize, {1, 1});
  ImGui::Begin(id, nullptr,
               ImGuiWindowFlags_NoDecoration | ImGuiWindowFlags_NoBackground |
                   ImGuiWindowFlags_NoMove | ImGuiWindowFlags_NoSavedSettings |
                   ImGuiWindowFlags_NoNav);
  ImGui::InvisibleButton("line", {ui.px(8), std::max(bottom - top, 1.0f)});
  const bool active = ImGui::IsItemActive() || ImGui::IsItemHovered();
  if (active) ImGui::SetMouseCursor(ImGuiMouseCursor_ResizeEW);
  if (ImGui::IsItemActive() && ImGui::GetIO().MouseDelta.x != 0.0f) {
    width = now + sign * ImGui::GetIO().MouseDelta.x / ui.scale;
  }
  ImGui::GetWindowDrawList()->AddLine({x, top}, {x, bottom},
                                      active ? ui.palette->accent : ui.palette->line, ui.px(1));
  ImGui::End();
  ImGui::PopStyleVar(2);
}

void rule(const Ui& ui, float y, float width) {
  ImGui::GetBackgroundDrawList()->AddLine({0, y}, {width, y}, ui.palette->line);
}

// What the back row follows: a ring around the pointer.
void draw_pointer(const Ui& ui) {
  const ImVec2 at = ImGui::GetIO().MousePos;
  if (!ImGui::IsMousePosValid(&at)) return;
  ImDrawList* draw = ImGui::GetForegroundDrawList();
  draw->AddCircleFilled(at, ui.px(20), fade(ui.palette->accent, 0.2f));
  draw->AddCircle(at, ui.px(20), ui.palette->accent, 0, ui.px(2.5f));
}

}  // namespace

void draw_window(State& state, const Picture& picture, Ui& ui) {
  ui.landmarks.clear();
  ui.next_hovered_cell.reset();
  ui.lessons.update(state, ui.history, picture.shared_snapshot());
  handle_shortcuts(state, picture, ui);

  ImGui::PushFont(ui.fonts.text);
  const ImVec2 size = ImGui::GetIO().DisplaySize;
  const bool presents = state.display.presents;
  if (!presents) draw_menu_bar(state, picture, ui);
  const float menu = presents ? 0.0f : ImGui::GetFrameHeight();
  const bool line = !picture.snapshot().error.empty() || !picture.snapshot().notice.empty();
  const float prompt_end = menu + prompt_height(picture, ui) + (line ? ui.px(28) : 0.0f);
  const float status_begin = presents ? size.y : size.y - ui.px(36);
  const float panels_end = status_begin - lesson_height(state, ui);

  // The middle keeps at least half of the window, whatever the splitters say.
  const float width = size.x / ui.scale;
  // Unless it was dragged, the grid is as wide as large thumbnails need.
  float left = state.display.left_width;
  if (left <= 0) {
    const int heads = picture.empty() ? 8 : picture.heads();
    constexpr float least_left = 320.0f;  // for the words below the grid
    left = std::min(width * (width < 1200.0f ? 0.27f : 0.33f),
                    std::max(60.0f + 78.0f * static_cast<float>(heads), least_left));
  }
  float right = state.display.right_width > 0 ? state.display.right_width : width * 0.25f;
  left = std::clamp(left, 180.0f, std::max(180.0f, width * 0.4f));
  right = std::clamp(right, 300.0f, std::max(300.0f, width * 0.35f));
  if (state.display.right_width <= 0) right = std::clamp(right, 300.0f, 400.0f);

  // Columns need the room; what the inspector changes is changed in them.
  const bool learns = state.display.view == View::learn;
  const bool compares =
      state.display.view == View::compare || state.display.view == View::variants || learns;
  if (compares || presents) right = 0.0f;
  const bool of_all_models = state.display.view == View::variants || learns;
  const bool has_left = !of_all_models && !presents, has_right = !compares && !presents;
  if (!has_left) left = 0.0f;

  draw_prompt_bar(state, picture, ui, {0, menu}, {size.x, prompt_end});
  if (has_left) {
    draw_heads(state, picture, ui, {0, prompt_end}, {ui.px(left), panels_end});
  }
  draw_center(state, picture, ui, {ui.px(left), prompt_end}, {size.x - ui.px(right), panels_end});
  ui.landmarks.mark("center", {ui.px(left), prompt_end}, {size.x - ui.px(right), panels_end});
  if (has_right) {
    draw_inspector(state, picture, ui, {size.x - ui.px(right), prompt_end}, {size.x, panels_end});
    ui.landmarks.mark("inspector", {size.x - ui.px(right), prompt_end}, {size.x, panels_end});
  }
  if (panels_end < status_begin) {
    draw_lesson(state, picture, ui, {0, panels_end}, {size.x, status_begin});
    rule(ui, panels_end, size.x);
  }
  if (!presents) draw_status_bar(state, picture, ui, {0, status_begin}, {size.x, size.y});
  if (has_left) {
    splitter(ui, "left", ui.px(left), prompt_end, panels_end, state.display.left_width, left,
             1.0f);
  }
  if (has_right) {
    splitter(ui, "right", size.x - ui.px(right), prompt_end, panels_end,
             state.display.right_width, right, -1.0f);
  }
  rule(ui, prompt_end, size.x);
  rule(ui, status_begin, size.x);
  draw_dialogs(state, picture, ui);
  if (presents) draw_pointer(ui);
  ImGui::PopFont();

  ui.hovered_cell = ui.next_hovered_cell;
  // A gesture is one step of undo: it ends when nothing is held any more.
  if (!ImGui::IsAnyItemActive()) ui.history.observe({state.request.edits, state.columns});
}

}  // namespace headlight
