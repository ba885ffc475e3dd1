#pragma once

#include <string>
#include <vector>

#include "model.h"
#include "thread_pool.h"

namespace headlight {

/// What a model's way of making heads costs. Wall-clock milliseconds, the least of the repeats.
struct VariantTime {
  std::string name;
  int tokens = 0;
  int threads = 0;
  double pass_ms = 0.0;   ///< A whole pass, without weights and logits.
  double fused_ms = 0.0;  ///< z of the heads of layer 0 from one product for all of them.
  double naive_ms = 0.0;  ///< The same from a small attention for each head (NaiveAttention).
  double difference = 0.0;  ///< Largest of these two's outputs.
};

/// Seeded random ids. `repeat` 0: five of each. Throws std::invalid_argument for an encoder-decoder.
VariantTime time_variant(const std::string& name, const Model& model, int tokens, ThreadPool& pool,
                         int repeat);

/// On stdout.
void print_variants(const std::vector<VariantTime>& times, bool json);

}  // namespace headlight
