#pragma once

#include <string>

#include "dump_scores.h"
#include "model.h"
#include "role.h"

namespace headlight {

// What `headlight roles` writes, each as a whole text.

/// One line a role that holds, head by head; "unclassified" where none does. `texts` says what the
/// roles were measured on besides the battery, or is empty.
std::string roles_text(const RoleReport& report, const Model& model, const std::string& texts);

/// RFC 4180 with a header: kind, layer, head, role, holds, direction, score, threshold, baseline,
/// n, low, high, sink_share; and of the head, on each of its lines, previous_token_head,
/// duplicate_token_head, induction_head (DetectorScores, empty where there are none) and output
/// ("zero" of a pruned head, else empty). A line for each role that was measured, whether it holds or not. The
/// kind is "encoder", "decoder" or "cross" as options name it ("decoder" for a model of one stack
/// too).
std::string roles_csv(const RoleReport& report);

/// Of each relation the five heads that are farthest above the best fixed offset, with a note where
/// they are less than ten points above it (Voita et al. 2019) or there are few links.
std::string dumps_text(const DumpScoring& dumps);

/// relation, layer, head, direction, score, baseline, baseline_offset, n, low, high, sink_share.
std::string dumps_csv(const DumpScoring& dumps);

/// {"sentences", "layers", "heads_per_layer", "minimum_mass", "relations": [{"relation", "layer",
/// "head", "direction", "score", "baseline", "baseline_offset", "n", "interval": [low, high],
/// "sink_share"}], "skipped": [{"file", "why"}]}
std::string dumps_json(const DumpScoring& dumps);

}  // namespace headlight
