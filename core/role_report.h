#pragma once

#include <filesystem>
#include <string>

#include "errors.h"
#include "role.h"

namespace headlight {

/// The report as JSON, for files and for people:
/// {"model_hash", "battery", "head_detector": {"source", "error_measure", "exclude_bos",
/// "exclude_current_token", "texts"} (how the heads' figures of that name are measured), "heads": [{"layer", "head", "kind" (only where it is not a head of one
/// stack or a decoder), "roles": [{"role", "score", "threshold", "baseline", "n", "interval": [low,
/// high], "sink_share", "measured", of a syntactic one "relation" and "direction", of a positional
/// one "offset", of a sink "at"}, ...] (those that hold), "measured": [the same, those that fell
/// short], "shape", "entropy", "mean_distance", "confidence", "sink_share", "output": "zero" (only of a pruned head:
/// HeadRoles::pruned), "head_detector": {"previous_token_head",
/// "duplicate_token_head", "induction_head", "n"} (only of heads that cannot look forward)}, ...]}
std::string role_report_json(const RoleReport& report);

/// The report that role_report_json wrote. Throws LoadError for a file that is none.
RoleReport read_role_report(const std::filesystem::path& file);

}  // namespace headlight
