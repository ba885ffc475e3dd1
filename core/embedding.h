#pragma once

#include <vector>

#include "model.h"

namespace headlight {

/// What a token's row is made of: token * embedding_scale + type + position, and then the embedding's
/// norm (Vaswani et al. 2017, section 3.4; Devlin et al. 2019). Null where the model has no such table.
struct EmbeddedToken {
  const float* token = nullptr;     // [d_model]
  const float* type = nullptr;      // [d_model]
  const float* position = nullptr;  // [d_model]
};

/// The rows of the tables that each token of a stack is embedded with. They point into the model.
std::vector<EmbeddedToken> embedded_tokens(const Model& model, const std::vector<Token>& tokens,
                                           AttentionKind stack);

}  // namespace headlight
