#pragma once

#include "session_part.h"
#include "state.h"

namespace headlight {

/// Where the learner stands, as a session's file has it.
Json write_learn(const Learn& learn);
void read_learn(const Part& part, Learn& learn);

}  // namespace headlight
