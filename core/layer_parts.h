#pragma once

#include "attention.h"
#include "edits.h"
#include "model.h"
#include "trace.h"

namespace headlight {

// The parts of a layer that both a pass and a trace need, so that both compute the same numbers.

/// Where a block's trace has the queries, keys and values of one of its heads.
HeadInput head_input(const ModelConfig& config, const BlockTrace& block, HeadId id, int queries,
                     int keys);

/// The model's kind of normalisation, row by row: x and y are [rows, width], contiguous; y may be x. Without a gain
/// there is no norm: y has to be x then, and stays.
void norm_rows(const ModelConfig& config, const Norm& norm, const float* x, int rows, float* y,
               ThreadPool& pool);

/// Turns pairs (i, i + n) of each of `heads` neighbouring heads, n the number of rotary
/// frequencies, by the angle position * frequency[i] (RoPE, Su et al. 2021, in the half-split layout
/// of Hugging Face). Row r, at rows + r * stride, stands at position first_position + r.
void rotate_rows(const ModelConfig& config, float* rows, std::size_t stride, int count,
                 int first_position, int heads);

/// The kernels' name of a plain (not gated) activation.
Activation activation_of(MlpKind mlp);

}  // namespace headlight
