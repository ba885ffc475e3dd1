#pragma once

#include "picture.h"
#include "state.h"
#include "ui.h"

namespace headlight {

// The parts of the window. Each is a free function that reads the picture and writes the state: it computes
// nothing, waits for nothing and owns nothing.

void draw_menu_bar(State& state, const Picture& picture, Ui& ui);

/// The text, its tokens as chips, examples, the model. Returns nothing; the text is live.
void draw_prompt_bar(State& state, const Picture& picture, Ui& ui, ImVec2 min, ImVec2 max);

/// All heads, layers down, as thumbnails.
void draw_heads(State& state, const Picture& picture, Ui& ui, ImVec2 min, ImVec2 max);

/// The selected head: toolbar and one of the three views.
void draw_center(State& state, const Picture& picture, Ui& ui, ImVec2 min, ImVec2 max);
void draw_map(State& state, const Picture& picture, Ui& ui);
void draw_arcs(State& state, const Picture& picture, Ui& ui);
void draw_text_view(State& state, const Picture& picture, Ui& ui);

/// Edits of the selected head, its numbers, the prediction.
void draw_inspector(State& state, const Picture& picture, Ui& ui, ImVec2 min, ImVec2 max);
void draw_prediction(const Picture& picture, Ui& ui);

void draw_status_bar(State& state, const Picture& picture, Ui& ui, ImVec2 min, ImVec2 max);
void draw_dialogs(State& state, const Picture& picture, Ui& ui);

/// Keys that are no typing: undo, arrows, views.
void handle_shortcuts(State& state, const Picture& picture, Ui& ui);

/// The whole window: lays the parts out for the display's size.
void draw_window(State& state, const Picture& picture, Ui& ui);

}  // namespace headlight
