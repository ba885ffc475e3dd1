#pragma once

#include "parameter_counts.h"

namespace headlight {

/// "token_embedding", "q", ...: as `headlight info --parameters --json` names the parts.
const char* name_of(ParameterPart part);

/// Prints on stdout a model's parameters by part and the memory of its key-value cache, and those
/// of the known models. Throws std::invalid_argument for recorded attention.
void print_parameters(const Model& model, bool json);

}  // namespace headlight
