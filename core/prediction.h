#pragma once

#include <span>
#include <vector>

namespace headlight {

/// One token that may come next.
struct Candidate {
  int id = 0;
  float probability = 0.0f;
};

/// softmax(logits), computed in double.
std::vector<double> probabilities(std::span<const float> logits);  // [vocabulary]

/// The `count` most probable tokens, the most probable first; ties by id.
std::vector<Candidate> top_candidates(std::span<const float> logits, int count);

/// Kullback-Leibler divergence KL(before || after) in nats of the two predictions.
/// Throws std::invalid_argument when the sizes differ.
double kl_divergence(std::span<const float> before, std::span<const float> after);

}  // namespace headlight
