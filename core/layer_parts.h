#pragma once

#include "attention.h"
#include "edits.h"
#include "model.h"

namespace headlight {

// The parts of a layer that both a pass and a trace need, so that both compute the same numbers.

/// How a head attends under the edits of a run. Points into `edits`.
HeadRule head_rule(const ModelConfig& config, const Edits& edits, HeadId id);

/// The model's kind of normalisation, row by row: x and y are [rows, d_model], contiguous.
void norm_rows(const ModelConfig& config, const Norm& norm, const float* x, int rows, float* y,
               ThreadPool& pool);

/// Turns pairs (i, i + d_head / 2) of each of `heads` neighbouring heads by the angle
/// position * base^(-2i / d_head) (RoPE, Su et al. 2021, in the half-split layout of Hugging Face).
/// Row r, at rows + r * stride, stands at position first_position + r.
void rotate_rows(const ModelConfig& config, float* rows, std::size_t stride, int count,
                 int first_position, int heads);

}  // namespace headlight
