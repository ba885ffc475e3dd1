#define GLFW_INCLUDE_NONE
#include <GLFW/glfw3.h>

#include <imgui_internal.h>

#include <algorithm>

#include "panels.h"
#include "pruning.h"
#include "walk_steps.h"

namespace headlight {
namespace {

void move_selection(State& state, const ModelConfig& config, int layers, int heads) {
  HeadId& head = state.selection.head;
  head.layer = std::clamp(head.layer + layers, 0, config.layers_of(head.kind) - 1);
  head.head = std::clamp(head.head + heads, 0, config.heads_of(head.kind) - 1);
}

// Keys that work everywhere, also while typing.
void with_control(State& state, const Picture& picture, Ui& ui, const KeyPress& press, bool typing) {
  switch (press.key) {
    case GLFW_KEY_Z:
      // The text field has its own undo; a slider that is held would put its value back at once.
      if (typing || ImGui::IsAnyItemActive()) break;
      if (press.shift ? ui.history.can_redo() : ui.history.can_undo()) {
        go_to(state, press.shift ? ui.history.redo() : ui.history.undo());
      }
      break;
    case GLFW_KEY_Y:
      if (!typing && !ImGui::IsAnyItemActive() && ui.history.can_redo()) go_to(state, ui.history.redo());
      break;
    case GLFW_KEY_E:
      if (!picture.empty()) ui.open(Dialog::export_);
      break;
    case GLFW_KEY_S:
      ui.open(Dialog::save_session);
      break;
    case GLFW_KEY_O:
      ui.open(Dialog::open_session);
      break;
    case GLFW_KEY_M:
      ui.open(Dialog::open_model);
      break;
    case GLFW_KEY_L:
      ui.focus_prompt = true;
      break;
    case GLFW_KEY_Q:
      ui.wishes.quit = true;
      break;
    case GLFW_KEY_EQUAL:
    case GLFW_KEY_KP_ADD:
      state.display.text_scale = std::min(state.display.text_scale + 0.125f, 2.0f);
      break;
    case GLFW_KEY_MINUS:
    case GLFW_KEY_KP_SUBTRACT:
      state.display.text_scale = std::max(state.display.text_scale - 0.125f, 0.75f);
      break;
    default:
      break;
  }
}

// Of the pages that walk through a layer. The keys of a presenter's remote control are page up and down.
bool walk_key(State& state, const Picture& picture, Ui& ui, const KeyPress& press) {
  const bool tiny = state.learn.page == LearnPage::tiny;
  if (state.display.view != View::learn || !(tiny || state.learn.page == LearnPage::walk)) return false;
  const int step = static_cast<int>(state.learn.step);
  switch (press.key) {
    case GLFW_KEY_LEFT:
    case GLFW_KEY_PAGE_UP: go_to_step(state, ui, step - 1); return true;
    case GLFW_KEY_RIGHT:
    case GLFW_KEY_PAGE_DOWN: go_to_step(state, ui, step + 1); return true;
    case GLFW_KEY_HOME: go_to_step(state, ui, 0); return true;
    case GLFW_KEY_END: go_to_step(state, ui, walk_steps - 1); return true;
    case GLFW_KEY_SPACE: toggle_playing(state, ui); return true;
    case GLFW_KEY_COMMA:
    case GLFW_KEY_PERIOD: {
      const int by = press.key == GLFW_KEY_COMMA ? -1 : 1;
      if (tiny) {
        state.learn.tiny_head = std::clamp(state.learn.tiny_head + by, 0, state.learn.tiny.heads - 1);
      } else if (!picture.empty()) {
        move_selection(state, picture.snapshot().model->config, 0, by);
      }
      return true;
    }
    default: return false;
  }
}

void without_control(State& state, const Picture& picture, Ui& ui, const KeyPress& press) {
  if (walk_key(state, picture, ui, press)) return;
  Display& display = state.display;
  const auto theme = display.theme == Theme::dark ? Theme::light : Theme::dark;
  switch (press.key) {
    case GLFW_KEY_1: display.view = View::map; break;
    case GLFW_KEY_2: display.view = View::arcs; break;
    case GLFW_KEY_3: display.view = View::text; break;
    case GLFW_KEY_4: display.view = View::pruning; break;
    case GLFW_KEY_5: display.view = View::compare; break;
    case GLFW_KEY_6: display.view = View::variants; break;
    case GLFW_KEY_7: display.view = View::learn; break;
    case GLFW_KEY_F:
      if (display.view == View::compare) ui.flickers = !ui.flickers;
      break;
    case GLFW_KEY_B: display.shown = Shown::baseline; break;
    case GLFW_KEY_E: display.shown = Shown::edited; break;
    case GLFW_KEY_D: display.shown = Shown::difference; break;
    case GLFW_KEY_H: display.hide_first = !display.hide_first; break;
    case GLFW_KEY_T: display.theme = theme; break;
    case GLFW_KEY_0: ui.camera = {}; break;
    case GLFW_KEY_SLASH:
      if (press.shift) {
        ui.open(Dialog::shortcuts);
      } else {
        ui.focus_prompt = true;
      }
      break;
    case GLFW_KEY_F1: ui.open(Dialog::shortcuts); break;
    case GLFW_KEY_F5: display.presents = !display.presents; break;
    case GLFW_KEY_TAB:
      if (display.view == View::learn) {
        const int pages = static_cast<int>(LearnPage::rotary) + 1;
        const int page = static_cast<int>(state.learn.page) + (press.shift ? pages - 1 : 1);
        state.learn.page = static_cast<LearnPage>(page % pages);
      }
      break;
    default: break;
  }
  if (picture.empty()) return;
  const ModelConfig& config = picture.snapshot().model->config;
  switch (press.key) {
    case GLFW_KEY_P:
      if (!picture.snapshot().model->recorded) toggle_pruned(state.request.edits, {state.selection.head});
      break;
    case GLFW_KEY_LEFT:
      if (!move_appended(state, picture, -1)) move_selection(state, config, 0, -1);
      break;
    case GLFW_KEY_RIGHT:
      if (!move_appended(state, picture, 1)) move_selection(state, config, 0, 1);
      break;
    case GLFW_KEY_UP: move_selection(state, config, -1, 0); break;
    case GLFW_KEY_DOWN: move_selection(state, config, 1, 0); break;
    default: break;
  }
}

}  // namespace

void handle_shortcuts(State& state, const Picture& picture, Ui& ui) {
  const bool typing = ImGui::GetIO().WantTextInput;
  for (const KeyPress& press : ui.keys) {
    if (press.key == GLFW_KEY_ESCAPE) {
      if (ui.dialog != Dialog::none) {
        ui.dialog = Dialog::none;
      } else if (ImGui::IsPopupOpen("", ImGuiPopupFlags_AnyPopup)) {
        ImGui::ClosePopupToLevel(0, false);  // a list or menu; Dear ImGui does so only with its key navigation
      } else if (!typing) {
        state.selection.query.reset();
        state.selection.key.reset();
        state.learn.cell.reset();
        state.display.presents = false;
      }
      ui.message.clear();
    } else if (ui.dialog != Dialog::none) {
      continue;
    } else if (press.key == GLFW_KEY_F2) {
      ui.wants_mask = true;  // also while typing
    } else if (!typing && handle_lesson_key(state, ui, press)) {
      continue;
    } else if (press.ctrl) {
      with_control(state, picture, ui, press, typing);
    } else if (!typing) {
      without_control(state, picture, ui, press);
    }
  }
}

}  // namespace headlight
