#pragma once

#include "model.h"
#include "thread_pool.h"

namespace headlight {

/// The router's gates (mixture-of-heads, Jin et al. 2024, eq. 5 to 7), each times the number of
/// heads that work on a token, so that their mean over these is about 1:
///   (a1, a2) = softmax(balance x); shared heads: a1 softmax(shared rows x); the others:
///   a2 softmax(routed rows x) where among the top_k largest (of equals the lower head), else 0.
///   x: [rows, d_model], the attention's normalised input; gates: [rows, heads]
void router_gates(const ModelConfig& config, const Block& block, const float* x, int rows,
                  float* gates, ThreadPool& pool);

/// Multiplies every head's output by its gate; a head that a token was not sent to gives exactly 0.
///   z: [rows, query_width]
void apply_gates(const ModelConfig& config, const float* gates, int rows, float* z);
/// The same for one of the heads.
void apply_gate(const ModelConfig& config, const float* gates, int head, int rows, float* z);

}  // namespace headlight
