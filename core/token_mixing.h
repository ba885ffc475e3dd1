#pragma once

#include "model.h"

namespace headlight {

// What a block does along the tokens to queries, keys and values before their positions: a
// depth-wise causal convolution (Primer's multi-dconv-head attention, So et al. 2021), then pooled
// keys and values (HeadDesign::pool).

/// Whether the layer does any of this.
bool mixes_tokens(const ModelConfig& config, int layer);

/// The first row whose projection the rows from `first` on need.
int mixing_start(const ModelConfig& config, int layer, int first);

/// Mixes in place the rows of one text that stand at `start` and after, `start` being 0 or what
/// mixing_start gave; rows before its `first` are then of no use.
///   qkv: [rows, qkv_width]
void mix_tokens(const ModelConfig& config, const Block& block, int layer, int start, float* qkv,
                int rows);

}  // namespace headlight
