#pragma once

#include "picture.h"
#include "state.h"
#include "ui.h"

namespace headlight {

// The parts of the window. Each is a free function that reads the picture and writes the state: it computes
// nothing, waits for nothing and owns nothing.

/// The choice of models at the right end of the menu bar.
void draw_model_menu(const Picture& picture, Ui& ui);

void draw_menu_bar(State& state, const Picture& picture, Ui& ui);

/// The text, or an encoder-decoder's source and target, with their tokens as chips, and examples.
/// What is typed is live.
void draw_prompt_bar(State& state, const Picture& picture, Ui& ui, ImVec2 min, ImVec2 max);

/// Its height without the line of errors and notices, in pixels.
float prompt_height(const Picture& picture, const Ui& ui);

/// All heads of one kind, layers down, as thumbnails.
void draw_heads(State& state, const Picture& picture, Ui& ui, ImVec2 min, ImVec2 max);

/// The roles that the heads have, each with where its heads sit; a click lets them alone stand out.
void draw_role_list(State& state, const Picture& picture, Ui& ui);
/// What the selected head does, with the proof, and whether it does it on this text.
void draw_head_roles(State& state, const Picture& picture, Ui& ui);

/// The selected head: toolbar and one of the three views.
void draw_center(State& state, const Picture& picture, Ui& ui, ImVec2 min, ImVec2 max);
void draw_map(State& state, const Picture& picture, Ui& ui);
void draw_arcs(State& state, const Picture& picture, Ui& ui);
/// What the edits did to the loss, beside their controls; the pruning curve. Not of one head.
void draw_pruning(State& state, const Picture& picture, Ui& ui);
void draw_curve(State& state, const Picture& picture, Ui& ui);
/// Columns side by side: the first is the request, each other a mask, text or model beside it.
void draw_compare(State& state, const Picture& picture, Ui& ui);
/// The built-in models whose heads are made differently, side by side.
void draw_variants(State& state, const Picture& picture, Ui& ui);
/// The pages that teach: lessons, the walk through a layer, and what belongs to it.
void draw_learn(State& state, const Picture& picture, Ui& ui);
/// The pages' names, in the order of LearnPage.
inline constexpr const char* learn_page_names[] = {"Lessons", "Walk", "Tiny layer", "Naive and vectorised",
                                                   "Parameters", "Key-value cache", "Rotary positions"};
/// The pages of draw_learn, one function each.
void draw_lesson_list(State& state, const Picture& picture, Ui& ui);
void draw_walk(State& state, const Picture& picture, Ui& ui);
void draw_tiny(State& state, const Picture& picture, Ui& ui);
void draw_naive(State& state, const Picture& picture, Ui& ui);
void draw_parameters(State& state, const Picture& picture, Ui& ui);
void draw_cache(State& state, const Picture& picture, Ui& ui);
void draw_rotary(State& state, const Picture& picture, Ui& ui);
/// Left and right on the page of the key-value cache: appends a token less or more. False on others.
bool move_appended(State& state, const Picture& picture, int by);
/// In the status bar, until a lesson was begun: where a newcomer begins.
void draw_newcomer(State& state, Ui& ui);
/// The lesson that is taken: what to do now, over every view.
void draw_lesson(State& state, const Picture& picture, Ui& ui, ImVec2 min, ImVec2 max);
/// Its height in pixels; 0 when no lesson is taken.
float lesson_height(const State& state, const Ui& ui);
/// A key that belongs to the lesson: a choice, on, back, hint, out. Returns whether it was one.
bool handle_lesson_key(State& state, Ui& ui, const KeyPress& press);
void draw_text_view(State& state, const Picture& picture, Ui& ui);

/// Edits of the selected head, its numbers, the prediction.
void draw_inspector(State& state, const Picture& picture, Ui& ui, ImVec2 min, ImVec2 max);
void draw_prediction(const Picture& picture, Ui& ui);
/// Of a model with a router: which heads of the layer each token was sent to.
void draw_router(const State& state, const Picture& picture, Ui& ui);
/// What the edits do to the loss on the battery, beside a control; asks for its measurement where
/// the model is small enough to be measured unasked.
void draw_proof(const State& state, const Picture& picture, Ui& ui);

/// Whether there is an effect to show: there are no edits; not measured; that of other edits.
enum class EffectState { none, missing, stale, known };
EffectState effect_state(const State& state, const Picture& picture);
/// In place of an effect that is not known: the measurement's progress, why there is none, or a
/// button that asks for it.
void draw_effect_missing(Ui& ui);
/// The progress of what is measured; false while nothing is.
bool draw_measuring_line(Ui& ui);

void draw_status_bar(State& state, const Picture& picture, Ui& ui, ImVec2 min, ImVec2 max);
void draw_dialogs(State& state, const Picture& picture, Ui& ui);

/// Keys that are no typing: undo, arrows, views.
void handle_shortcuts(State& state, const Picture& picture, Ui& ui);

/// The whole window: lays the parts out for the display's size.
void draw_window(State& state, const Picture& picture, Ui& ui);

}  // namespace headlight
