#include "head_detector.h"

#include <cmath>
#include <stdexcept>
#include <string>

namespace headlight {
namespace {

std::size_t cell(int query, int key, int tokens) {
  return static_cast<std::size_t>(query) * static_cast<std::size_t>(tokens) +
         static_cast<std::size_t>(key);
}

std::vector<float> square(int tokens) {
  if (tokens < 0) throw std::invalid_argument("[detection pattern] a negative number of tokens");
  return std::vector<float>(static_cast<std::size_t>(tokens) * static_cast<std::size_t>(tokens));
}

}  // namespace

std::vector<float> previous_token_pattern(int tokens) {
  std::vector<float> pattern = square(tokens);
  for (int query = 1; query < tokens; ++query) pattern[cell(query, query - 1, tokens)] = 1;
  return pattern;
}

std::vector<float> duplicate_token_pattern(const std::vector<int>& ids) {
  const int tokens = static_cast<int>(ids.size());
  std::vector<float> pattern = square(tokens);
  for (int query = 0; query < tokens; ++query) {
    for (int key = 0; key < query; ++key) {
      if (ids[static_cast<std::size_t>(key)] == ids[static_cast<std::size_t>(query)]) {
        pattern[cell(query, key, tokens)] = 1;
      }
    }
  }
  return pattern;
}

std::vector<float> induction_pattern(const std::vector<int>& ids) {
  const int tokens = static_cast<int>(ids.size());
  const std::vector<float> copies = duplicate_token_pattern(ids);
  std::vector<float> pattern = square(tokens);
  for (int query = 0; query < tokens; ++query) {
    for (int key = 1; key <= query; ++key) {
      pattern[cell(query, key, tokens)] = copies[cell(query, key - 1, tokens)];
    }
  }
  return pattern;
}

std::array<std::vector<float>, 3> detection_patterns(const std::vector<int>& ids) {
  return {previous_token_pattern(static_cast<int>(ids.size())), duplicate_token_pattern(ids),
          induction_pattern(ids)};
}

std::string_view measure_name(DetectionMeasure measure) {
  return measure == DetectionMeasure::mul ? "mul" : "abs";
}

double detection_score(const std::vector<float>& weights, const std::vector<float>& pattern,
                       int tokens, const DetectionOptions& options) {
  if (weights.size() != pattern.size() || weights.size() != square(tokens).size() || tokens == 0) {
    throw std::invalid_argument("[detection_score] weights and pattern must be [tokens, tokens]");
  }
  double inside = 0, all = 0, difference = 0;
  for (int query = 0; query < tokens; ++query) {
    for (int key = 0; key < tokens; ++key) {
      const double weight = weights[cell(query, key, tokens)];
      const double wanted = pattern[cell(query, key, tokens)];
      if (key > query && (weight != 0 || wanted != 0)) {
        throw std::invalid_argument("[detection_score] token " + std::to_string(query) +
                                    " looks forward");
      }
      if ((options.exclude_first && key == 0) || (options.exclude_current && key == query))
        continue;
      inside += weight * wanted;
      all += weight;
      difference += std::abs(weight - wanted);
    }
  }
  if (options.measure == DetectionMeasure::abs) return 1 - difference / tokens;
  return all > 0 ? inside / all : 0;
}

}  // namespace headlight
