#pragma once

#include <vector>

#include "trace.h"

namespace headlight {

/// How much each key's value really adds to the stream: |g a_ij| * ||v_j W_O,h||, where a_ij is the
/// head's weight, v_j its value (bias included), W_O,h the d_head rows of W_O that read the head, and
/// g the gain of the trace's edits, times a router's gate for the query (Kobayashi et al. 2020, "Attention is Not Only a Weight", eq. 5,
/// ||alpha f(x)||). Rows do not sum to 1; a pruned head's map is 0. What a replacement puts in a
/// head's place comes from no key and is left out. Throws as Trace::weights, and
/// std::invalid_argument for recorded attention.
std::vector<float> value_weighted(const Trace& trace, HeadId head);  // [query, key]

/// ||v_j W_O,h|| for each key, without the gain.
std::vector<float> value_norms(const Trace& trace, HeadId head);  // [key]

}  // namespace headlight
