#pragma once

#include <vector>

#include "model.h"
#include "thread_pool.h"

namespace headlight {

/// Each head's mean output z over a fixed reference text, its first token left out (it is where idle
/// heads rest): what mean ablation puts in a head's place (Wang et al. 2023, section 2.1).
struct MeanOutputs {
  std::vector<float> z;  // [layers, query_width]
};

/// Runs the model on the reference text, cut to its context. A model without a tokenizer is run on
/// seeded random ids instead.
MeanOutputs mean_outputs(const Model& model, ThreadPool* pool = nullptr);

}  // namespace headlight
