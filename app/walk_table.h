#pragma once

#include <optional>
#include <string>

#include "layer_walk.h"

namespace headlight {

/// Every tensor of the walk under its name (to_string(WalkTensor)), [rows, columns] float32, and
/// tokens, or query_tokens and key_tokens where they differ.
std::string npz_walk(const LayerWalk& walk);

/// {"model", "head", "tokens", "divisor", "temperature", "tensors": {NAME: {"shape": [rows,
/// columns], "values": [[...], ...]}}, "cell": {...}}. Minus infinity is null, which no other
/// number is. The cell, when one is asked for, comes with its derivation: "rule", "value", "terms"
/// with "left", "right" and the cells that they are, and the numbers that the rule needs. Throws
/// std::invalid_argument for a cell that the walk lacks.
std::string json_walk(const LayerWalk& walk, std::optional<WalkCell> cell = {});

/// "weights,2,1": tensor, row and column. Throws std::invalid_argument.
WalkCell parse_walk_cell(const std::string& text);

}  // namespace headlight
