#pragma once

#include <string>

#include "mask.h"
#include "state.h"

namespace headlight {

// The names by which a lesson calls what a state can be. Each throws std::invalid_argument, with the
// names that there are, for another.

View named_view(const std::string& name);          ///< map, arcs, text, pruning, ...
LearnPage named_page(const std::string& name);     ///< lessons, walk, tiny, ...
WalkStep named_step(const std::string& name);      ///< embed, project, split, scores, ...
Shown named_shown(const std::string& name);        ///< baseline, edited, difference
Quantity named_quantity(const std::string& name);  ///< weights, value-weighted, rollout
Scale named_scale(const std::string& name);        ///< linear, log
Range named_range(const std::string& name);        ///< unit, map, row
Mask named_mask(const std::string& name);          ///< As parse_mask takes it.

}  // namespace headlight
