#pragma once

#include <string>

#include "config.h"

namespace headlight {

// The few lines of PyTorch that compute a layer's heads, with a model's own sizes. They expect x
// [n, d_model] (normed, where the model norms it), the weights, a mask [n, n] of 0 and -inf, and
// where positions turn queries and keys a function `rotate`.

/// One small attention for each head, then a concatenation.
std::string naive_code(const ModelConfig& config, bool bias);
/// One product for all heads, reshaped.
std::string vectorised_code(const ModelConfig& config, bool bias);

}  // namespace headlight
