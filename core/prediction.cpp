#include "prediction.h"

#include <algorithm>
#include <cmath>
#include <numeric>
#include <stdexcept>

namespace headlight {
namespace {

// log softmax of the logits, in double.
std::vector<double> log_probabilities(std::span<const float> logits) {
  std::vector<double> log_p(logits.begin(), logits.end());
  if (log_p.empty()) return log_p;
  const double largest = *std::max_element(log_p.begin(), log_p.end());
  double sum = 0.0;
  for (double value : log_p) sum += std::exp(value - largest);
  const double log_sum = std::log(sum);
  // In this order, so that the logarithm is not lost beside a huge logit.
  for (double& value : log_p) value = value - largest - log_sum;
  return log_p;
}

}  // namespace

std::vector<double> probabilities(std::span<const float> logits) {
  std::vector<double> p = log_probabilities(logits);
  for (double& value : p) value = std::exp(value);
  return p;
}

std::vector<Candidate> top_candidates(std::span<const float> logits, int count) {
  const std::vector<double> p = probabilities(logits);
  std::vector<int> ids(p.size());
  std::iota(ids.begin(), ids.end(), 0);
  const auto wanted = std::min<std::size_t>(std::max(count, 0), ids.size());
  std::partial_sort(ids.begin(), ids.begin() + static_cast<std::ptrdiff_t>(wanted), ids.end(),
                    [&](int a, int b) { return logits[a] != logits[b] ? logits[a] > logits[b] : a < b; });
  std::vector<Candidate> top;
  for (std::size_t i = 0; i < wanted; ++i) {
    top.push_back({ids[i], static_cast<float>(p[ids[i]])});
  }
  return top;
}

double kl_divergence(std::span<const float> before, std::span<const float> after) {
  if (before.size() != after.size()) {
    throw std::invalid_argument("[kl_divergence] the predictions have different sizes");
  }
  const std::vector<double> p = log_probabilities(before);
  const std::vector<double> q = log_probabilities(after);
  double sum = 0.0;
  for (std::size_t i = 0; i < p.size(); ++i) {
    const double probability = std::exp(p[i]);
    if (probability > 0.0) sum += probability * (p[i] - q[i]);  // 0 ln 0 = 0
  }
  return std::max(sum, 0.0);  // rounding can leave a tiny negative
}

}  // namespace headlight
