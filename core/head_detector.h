#pragma once

#include <array>
#include <string_view>
#include <vector>

namespace headlight {

/// How a head's weights are compared with a detection pattern.
enum class DetectionMeasure {
  mul,  ///< Weight inside the pattern by all weight.
  abs,  ///< 1 - sum of |weight - pattern| by tokens.
};

/// What counts. The defaults are TransformerLens' own, and those of a role report's figures.
struct DetectionOptions {
  bool exclude_first = false;    ///< Weight on the first token does not count.
  bool exclude_current = false;  ///< Weight of each token on itself does not count.
  DetectionMeasure measure = DetectionMeasure::mul;
};

/// Detection patterns [tokens, tokens] of 0 and 1 (TransformerLens, head_detector): the token
/// before; earlier copies of the token; what followed an earlier copy, itself not counted among the
/// copies.
std::vector<float> previous_token_pattern(int tokens);
std::vector<float> duplicate_token_pattern(const std::vector<int>& ids);
std::vector<float> induction_pattern(const std::vector<int>& ids);

/// The three patterns in this order.
std::array<std::vector<float>, 3> detection_patterns(const std::vector<int>& ids);

/// "mul", "abs": TransformerLens' error_measure.
std::string_view measure_name(DetectionMeasure measure);

/// TransformerLens' head detector: of weights and a pattern, both [tokens, tokens], for `mul`
/// sum(weights * pattern) / sum(weights), for `abs` 1 - sum |weights - pattern| / tokens, each
/// without the cells that the options exclude. 0 where no weight is left. Throws
/// std::invalid_argument for sizes that differ or weights that look forward.
double detection_score(const std::vector<float>& weights, const std::vector<float>& pattern,
                       int tokens, const DetectionOptions& options = {});

}  // namespace headlight
