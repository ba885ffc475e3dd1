#pragma once

#include <memory>
#include <vector>

#include "layer_walk.h"
#include "state.h"
#include "walk_ui.h"

namespace headlight {

/// The selected head's mask and temperature, on the tiny layer's head, as far as they fit `tokens` tokens.
Edits tiny_edits(const State& state, int tokens);

/// The walk through the learner's tiny layer on the first tokens of the text, for the head chosen there,
/// with the selected head's mask and temperature. Throws as tiny_model() and LayerWalk.
std::shared_ptr<const LayerWalk> tiny_walk(const State& state, const std::vector<Token>& tokens);

/// Makes it anew when something it depends on has changed. A size that cannot be leaves the last walk, with
/// `tiny_error`.
void update_tiny_walk(const State& state, const std::vector<Token>& tokens, WalkUi& view);

}  // namespace headlight
