#include <imgui.h>

#include <imgui_stdlib.h>

#include <algorithm>
#include <cctype>
#include <filesystem>
#include <string>

#include "assets_path.h"
#include "file_io.h"
#include "panels.h"
#include "widgets.h"

namespace headlight {
namespace {

bool begin_dialog(Ui& ui, const char* title, float width) {
  ImGui::OpenPopup(title);
  const ImVec2 size = ImGui::GetIO().DisplaySize;
  ImGui::SetNextWindowPos({size.x / 2, size.y * 0.4f}, ImGuiCond_Always, {0.5f, 0.5f});
  ImGui::SetNextWindowSize({ui.px(width), 0});
  return ImGui::BeginPopupModal(title, nullptr,
                                ImGuiWindowFlags_NoResize | ImGuiWindowFlags_NoMove |
                                    ImGuiWindowFlags_NoSavedSettings | ImGuiWindowFlags_NoTitleBar);
}

void title(Ui& ui, const char* text) {
  ImGui::PushFont(ui.fonts.title);
  ImGui::TextUnformatted(text);
  ImGui::PopFont();
}

void close(Ui& ui) {
  ui.dialog = Dialog::none;
  ImGui::CloseCurrentPopup();
}

// The path field. Returns whether Enter was pressed in it.
bool path_field(Ui& ui, std::string& path) {
  ImGui::SetNextItemWidth(-1);
  if (ui.dialog_just_opened) ImGui::SetKeyboardFocusHere();
  ui.dialog_just_opened = false;
  const bool entered = ImGui::InputText("##path", &path,
                                        ImGuiInputTextFlags_EnterReturnsTrue |
                                            ImGuiInputTextFlags_AutoSelectAll);
  ui.landmarks.mark_item("path");
  return entered;
}

// Says that a file stands there already. Returns whether it does.
bool warn_of_file(const Ui& ui, const std::string& path) {
  std::error_code unknown;
  const bool there = std::filesystem::is_regular_file(typed_path(path), unknown);
  ImGui::PushFont(ui.fonts.small);
  ImGui::PushStyleColor(ImGuiCol_Text, ui.palette->edit);
  ImGui::TextUnformatted(there ? "This file is there already: it will be replaced." : " ");
  ImGui::PopStyleColor();
  ImGui::PopFont();
  return there;
}

// The row of buttons at a dialog's end. Returns whether it was agreed to.
bool buttons(Ui& ui, const char* agree, bool enabled, bool entered) {
  ImGui::Dummy({1, ui.px(4)});
  const float width = ui.px(112);
  ImGui::SameLine(ImGui::GetContentRegionAvail().x - 2 * width);
  if (ImGui::Button("Cancel", {width, 0})) close(ui);
  ui.landmarks.mark_item("Cancel");
  ImGui::SameLine();
  ImGui::BeginDisabled(!enabled);
  ImGui::PushStyleColor(ImGuiCol_Button, ui.palette->accent);
  ImGui::PushStyleColor(ImGuiCol_ButtonHovered, ui.palette->accent);
  ImGui::PushStyleColor(ImGuiCol_Text, ui.palette->on_accent);
  bool agreed = ImGui::Button(agree, {width, 0});
  ImGui::PopStyleColor(3);
  ui.landmarks.mark_item("OK");
  ImGui::EndDisabled();
  return (agreed || entered) && enabled;
}

void draw_session_dialog(Ui& ui, bool saves) {
  if (!begin_dialog(ui, saves ? "Save session" : "Open session", 560)) return;
  title(ui, saves ? "Save session" : "Open session");
  faint_text(ui, "A session file holds the model, the text, the edits and the view, as JSON.");
  if (ui.dialog_just_opened && ui.path_field.empty()) ui.path_field = "session.json";
  const bool entered = path_field(ui, ui.path_field);
  const bool replaces = saves && warn_of_file(ui, ui.path_field);
  if (buttons(ui, replaces ? "Replace" : saves ? "Save" : "Open", !ui.path_field.empty(), entered)) {
    (saves ? ui.wishes.save_session : ui.wishes.open_session) = ui.path_field;
    close(ui);
  }
  ImGui::EndPopup();
}

void use_model(Ui& ui, const std::string& model) {
  ui.wishes.open_model = model;
  close(ui);
}

void draw_model_dialog(const State& state, Ui& ui) {
  if (!begin_dialog(ui, "Open model", 720)) return;
  title(ui, "Open model");
  faint_text(ui, "A folder in Hugging Face's layout (config.json, model.safetensors, the tokenizer's files),");
  faint_text(ui, "a llama2.c checkpoint (.bin), or attention computed elsewhere (.npz, .npy, .safetensors).");
  faint_text(ui, "Or drop it on the window.");
  if (ui.dialog_just_opened) ui.path_field = state.request.model;
  const bool entered = path_field(ui, ui.path_field);
  if (buttons(ui, "Open", !ui.path_field.empty(), entered)) {
    use_model(ui, ui.path_field);
  }
  ImGui::EndPopup();
}

// A file name that says what is in it: mini-gpt-L2-H3.png.
std::string default_name(const State& state, const Picture& picture, const ExportForm& form) {
  std::string name = picture.snapshot().model->name;
  std::replace(name.begin(), name.end(), '/', '-');
  if (form.scope == ExportScope::curve) return name + "-pruning";
  const HeadId head = state.selection.head;
  if (picture.snapshot().model->config.encoder_decoder()) name += "-" + to_string(head.kind);
  if (form.scope == ExportScope::all) name += "-all";
  if (form.scope != ExportScope::all) name += "-L" + std::to_string(head.layer);
  const bool of_head = form.scope == ExportScope::head || form.scope == ExportScope::columns;
  if (of_head) name += "-H" + std::to_string(head.head);
  if (form.scope == ExportScope::columns) name += "-compared";
  return name;
}

std::string ending_of(const std::string& file) {
  const std::size_t dot = file.rfind('.');
  return dot == std::string::npos ? "" : file.substr(dot);
}

void draw_export_dialog(State& state, const Picture& picture, Ui& ui) {
  if (!begin_dialog(ui, "Export", 600)) return;
  ExportForm& form = ui.export_form;
  title(ui, "Export");
  const bool columns = state.display.view == View::compare && !picture.columns().empty();
  const bool curve = picture.snapshot().curve != nullptr && !columns;
  if (ui.dialog_just_opened) {
    if (curve && state.display.view == View::pruning) form.scope = ExportScope::curve;
    else if (columns) form.scope = ExportScope::columns;
    else if (form.scope >= ExportScope::curve) form.scope = ExportScope::head;
    form.file = default_name(state, picture, form) + ".png";
  }

  faint_text(ui, "What");
  int scope = columns && form.scope == ExportScope::columns ? 3 : static_cast<int>(form.scope);
  if (columns) {
    if (segmented(ui, "export", {"This head", "Its layer", "All heads", "The columns"}, scope)) {
      form.scope = scope == 3 ? ExportScope::columns : static_cast<ExportScope>(scope);
      form.file = default_name(state, picture, form) + ending_of(form.file);
    }
  } else if (curve ? segmented(ui, "export", {"This head", "Its layer", "All heads", "Pruning curve"}, scope)
            : segmented(ui, "export", {"This head", "Its layer", "All heads"}, scope)) {
    form.scope = static_cast<ExportScope>(scope);
    form.file = default_name(state, picture, form) + ending_of(form.file);
  }
  if (!curve && state.display.view == View::pruning) {
    faint_text(ui, "The pruning curve can be exported, too, once it is measured in the Pruning view.");
  }
  faint_text(ui, "As: pictures (png, svg, pdf) or numbers (csv, json, npz)");
  const std::string ending = ending_of(form.file);
  bool first = true;
  for (const char* format : {".png", ".svg", ".pdf", ".csv", ".json", ".npz"}) {
    if (!first) ImGui::SameLine();
    first = false;
    if (toggle_button(ui, format, ending == format)) {
      form.file = form.file.substr(0, form.file.size() - ending.size()) + format;
    }
  }
  const bool picture_format = ending == ".png" || ending == ".svg" || ending == ".pdf";
  ImGui::BeginDisabled(!picture_format);
  int theme = static_cast<int>(form.theme);
  if (segmented(ui, "export-theme", {"Dark", "Light"}, theme)) form.theme = static_cast<Theme>(theme);
  ImGui::EndDisabled();
  ImGui::SameLine(0, ui.px(24));
  ImGui::BeginDisabled(ending != ".png");
  ImGui::SetNextItemWidth(ui.px(160));
  ImGui::SliderInt("PNG scale", &form.scale, 1, 6, "%d x", ImGuiSliderFlags_AlwaysClamp);
  ImGui::EndDisabled();
  faint_text(ui, "File: relative to the folder in which Headlight was started");
  const bool entered = path_field(ui, form.file);
  const bool replaces = warn_of_file(ui, form.file);
  if (buttons(ui, replaces ? "Replace" : "Export", !form.file.empty(), entered)) {
    ui.wishes.export_ = form;
    close(ui);
  }
  ImGui::EndPopup();
}

void draw_shortcuts_dialog(Ui& ui) {
  if (!begin_dialog(ui, "Shortcuts", 560)) return;
  title(ui, "Shortcuts");
  static constexpr const char* rows[][2] = {
      {"arrow keys", "another head"},
      {"F2", "hide the pinned token behind the model's mask"},
      {"P", "prune the head, or bring it back"},
      {"Ctrl+Z, Ctrl+Shift+Z", "undo, redo an edit"},
      {"Ctrl+click, Ctrl+drag", "prune a head, a box of heads; again: bring them back"},
      {"1 to 7", "map, arcs, text, pruning, compare, variants, learn"},
      {"F5", "presenter mode: large type, the picture and the prompt alone"},
      {"left, right, space", "learn: step by step, play"},
      {", and .", "learn: another head; Tab: another page"},
      {"A to E, Enter", "lesson: choose an answer, go on"},
      {"Backspace, R, I, L", "lesson: back, set up again, hint, leave"},
      {"F", "compare: flicker between two columns"},
      {"B, E, D", "baseline, edited, difference"},
      {"H", "hide the first token's weight"},
      {"wheel, drag, 0", "zoom, pan, show the whole map"},
      {"click, Shift+click", "pin a cell, mask a cell"},
      {"Ctrl+L or /", "type"},
      {"Esc", "let go: of the text, the pinned cell"},
      {"T", "dark or light"},
      {"Ctrl++, Ctrl+-", "larger, smaller text"},
      {"Ctrl+E", "export a picture or numbers"},
      {"Ctrl+S, Ctrl+O", "save, open a session"},
      {"Ctrl+M", "open a model"},
      {"?", "this list"},
  };
  if (ImGui::BeginTable("keys", 2, ImGuiTableFlags_SizingFixedFit)) {
    for (const auto& row : rows) {
      ImGui::TableNextRow();
      ImGui::TableNextColumn();
      ImGui::PushFont(ui.fonts.mono);
      ImGui::TextUnformatted(row[0]);
      ImGui::PopFont();
      ImGui::TableNextColumn();
      ImGui::TextUnformatted(row[1]);
    }
    ImGui::EndTable();
  }
  if (ImGui::Button("Close", {ui.px(112), 0})) close(ui);
  ImGui::EndPopup();
}

void draw_about_dialog(Ui& ui) {
  if (!begin_dialog(ui, "About", 560)) return;
  title(ui, "Headlight " HEADLIGHT_VERSION);
  ImGui::TextWrapped(
      "Shows what every attention head of a transformer looks at, on the sentence that you type, and what "
      "changes when you prune a head, heat it up or mask it.");
  ImGui::TextWrapped("Rows are queries: the tokens that look. Columns are keys: the tokens that are "
                     "looked at. A row's weights sum to 1.");
  faint_text(ui, "MIT licence. Works offline: nothing you type leaves this machine.");
  if (ImGui::Button("Close", {ui.px(112), 0})) close(ui);
  ImGui::EndPopup();
}

}  // namespace

void draw_dialogs(State& state, const Picture& picture, Ui& ui) {
  switch (ui.dialog) {
    case Dialog::none:
      return;
    case Dialog::open_model:
      return draw_model_dialog(state, ui);
    case Dialog::open_session:
      return draw_session_dialog(ui, false);
    case Dialog::save_session:
      return draw_session_dialog(ui, true);
    case Dialog::export_:
      if (picture.empty()) return close(ui);
      return draw_export_dialog(state, picture, ui);
    case Dialog::shortcuts:
      return draw_shortcuts_dialog(ui);
    case Dialog::about:
      return draw_about_dialog(ui);
  }
}

}  // namespace headlight
