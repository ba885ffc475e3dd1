#pragma once

#include "state.h"
#include "ui.h"

namespace headlight {

/// The bar of a walk's steps: a click or a drag goes to one, Play goes through them. Landmarks
/// "step/NAME", "step/play".
void draw_steps(State& state, Ui& ui);

/// To a step by its number from 0; beyond the ends: the end.
void go_to_step(State& state, Ui& ui, int step);

void toggle_playing(State& state, Ui& ui);

/// Goes on to the next step when it is time. Once a frame, while steps are on screen.
void play_steps(State& state, Ui& ui);

}  // namespace headlight
