#include <string>

#include "panels.h"
#include "widgets.h"

namespace headlight {
namespace {

// A menu of the bar; its landmark is "menu/LABEL", as those of its items.
bool begin_menu(Ui& ui, const char* label) {
  const ImVec2 at = ImGui::GetCursorScreenPos();
  ui.landmarks.mark(std::string("menu/") + label, at,
                    {at.x + text_width(ui.fonts.text, label), at.y + ImGui::GetFrameHeight()});
  return ImGui::BeginMenu(label);
}

bool item(Ui& ui, const char* label, const char* keys = nullptr, bool chosen = false,
          bool enabled = true) {
  const bool taken = ImGui::MenuItem(label, keys, chosen, enabled);
  ui.landmarks.mark_item(std::string("menu/") + label);
  return taken;
}

void draw_file_menu(const Picture& picture, Ui& ui) {
  if (!begin_menu(ui, "File")) return;
  if (item(ui, "Open model...", "Ctrl+M")) ui.open(Dialog::open_model);
  if (item(ui, "Open session...", "Ctrl+O")) ui.open(Dialog::open_session);
  if (item(ui, "Save session...", "Ctrl+S")) ui.open(Dialog::save_session);
  ImGui::Separator();
  if (item(ui, "Export...", "Ctrl+E", false, !picture.empty())) ui.open(Dialog::export_);
  ImGui::Separator();
  if (item(ui, "Quit", "Ctrl+Q")) ui.wishes.quit = true;
  ImGui::EndMenu();
}

void draw_edit_menu(State& state, Ui& ui) {
  if (!begin_menu(ui, "Edit")) return;
  if (item(ui, "Undo", "Ctrl+Z", false, ui.history.can_undo())) {
    go_to(state, ui.history.undo());
  }
  if (item(ui, "Redo", "Ctrl+Shift+Z", false, ui.history.can_redo())) {
    go_to(state, ui.history.redo());
  }
  ImGui::Separator();
  if (item(ui, "Reset all edits", nullptr, false, !state.request.edits.empty())) {
    state.request.edits.clear();
  }
  ImGui::EndMenu();
}

void draw_view_menu(State& state, Ui& ui) {
  if (!begin_menu(ui, "View")) return;
  Display& display = state.display;
  if (item(ui, "Map", "1", display.view == View::map)) display.view = View::map;
  if (item(ui, "Arcs", "2", display.view == View::arcs)) display.view = View::arcs;
  if (item(ui, "Text", "3", display.view == View::text)) display.view = View::text;
  if (item(ui, "Compare", "5", display.view == View::compare)) display.view = View::compare;
  if (item(ui, "Variants", "6", display.view == View::variants)) display.view = View::variants;
  if (item(ui, "Learn", "7", display.view == View::learn)) display.view = View::learn;
  ImGui::Separator();
  if (item(ui, "Hide the first token", "H", display.hide_first)) {
    display.hide_first = !display.hide_first;
  }
  if (item(ui, "Show the whole map", "0")) ui.camera = {};
  ImGui::Separator();
  if (item(ui, "Dark", nullptr, display.theme == Theme::dark)) display.theme = Theme::dark;
  if (item(ui, "Light", nullptr, display.theme == Theme::light)) display.theme = Theme::light;
  ImGui::Separator();
  if (item(ui, "Larger text", "Ctrl++", false, display.text_scale < 2.0f)) {
    display.text_scale += 0.125f;
  }
  if (item(ui, "Smaller text", "Ctrl+-", false, display.text_scale > 0.75f)) {
    display.text_scale -= 0.125f;
  }
  if (item(ui, "Present", "F5")) display.presents = true;
  ImGui::EndMenu();
}

void draw_learn_menu(State& state, Ui& ui) {
  if (!begin_menu(ui, "Learn")) return;
  for (int page = 0; page < static_cast<int>(std::size(learn_page_names)); ++page) {
    const bool here = state.display.view == View::learn && static_cast<int>(state.learn.page) == page;
    if (item(ui, learn_page_names[page], nullptr, here)) {
      state.display.view = View::learn;
      state.learn.page = static_cast<LearnPage>(page);
    }
  }
  ImGui::EndMenu();
}

}  // namespace

void draw_menu_bar(State& state, const Picture& picture, Ui& ui) {
  if (!ImGui::BeginMainMenuBar()) return;
  draw_file_menu(picture, ui);
  draw_edit_menu(state, ui);
  draw_view_menu(state, ui);
  draw_learn_menu(state, ui);
  if (begin_menu(ui, "Help")) {
    if (item(ui, "Shortcuts", "?")) ui.open(Dialog::shortcuts);
    if (item(ui, "About Headlight")) ui.open(Dialog::about);
    ImGui::EndMenu();
  }
  draw_model_menu(picture, ui);
  ImGui::EndMainMenuBar();
}

void draw_status_bar(State& state, const Picture& picture, Ui& ui, ImVec2 min, ImVec2 max) {
  ImGui::PushStyleVar(ImGuiStyleVar_WindowPadding, {ui.px(16), ui.px(4)});
  ImGui::PushStyleVar(ImGuiStyleVar_FramePadding, {ui.px(10), ui.px(3)});
  begin_panel("status", min, max, ImGuiWindowFlags_NoScrollWithMouse);
  ImGui::AlignTextToFramePadding();
  if (ui.progress.busy && ui.stale) {
    ImGui::ProgressBar(ui.progress.fraction, {ui.px(160), 0}, "");
    ImGui::SameLine();
    ImGui::TextUnformatted(ui.progress.what.c_str());
    ImGui::SameLine();
    if (ImGui::Button("Stop")) ui.wishes.stop = true;
    ui.landmarks.mark_item("Stop");
  } else if (!ui.message.empty()) {
    ImGui::PushStyleColor(ImGuiCol_Text, ui.message_is_error ? ui.palette->error : ui.palette->ink);
    ImGui::TextUnformatted(ui.message.c_str());
    ImGui::PopStyleColor();
  } else if (!picture.empty()) {
    const int edits = static_cast<int>(normalized(state.request.edits).size());
    ImGui::PushStyleColor(ImGuiCol_Text, ui.palette->faint);
    std::string time;
    if (ui.show_times) {
      char text[32];
      std::snprintf(text, sizeof text, "   %.1f ms", picture.snapshot().milliseconds);
      time = text;
    }
    ImGui::Text("%d token%s%s   %d head%s edited", picture.tokens(),
                picture.tokens() == 1 ? "" : "s", time.c_str(), edits, edits == 1 ? "" : "s");
    ImGui::PopStyleColor();
  }
  draw_newcomer(state, ui);
  // Three buttons: 20 pixels of padding each, 8 between them, 16 to the edge.
  const float buttons = text_width(ui.fonts.text, "UndoRedo?") + ui.px(3 * 20 + 2 * 8 + 16);
  ImGui::SameLine(ImGui::GetWindowWidth() - buttons);
  ImGui::BeginDisabled(!ui.history.can_undo());
  if (ImGui::Button("Undo")) go_to(state, ui.history.undo());
  ui.landmarks.mark_item("Undo");
  ImGui::EndDisabled();
  ImGui::SameLine();
  ImGui::BeginDisabled(!ui.history.can_redo());
  if (ImGui::Button("Redo")) go_to(state, ui.history.redo());
  ui.landmarks.mark_item("Redo");
  ImGui::EndDisabled();
  ImGui::SameLine();
  if (ImGui::Button("?")) ui.open(Dialog::shortcuts);
  ui.landmarks.mark_item("?");
  end_panel();
  ImGui::PopStyleVar(2);
}

}  // namespace headlight
