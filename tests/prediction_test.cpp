#include "prediction.h"

#include <doctest/doctest.h>

#include <cmath>
#include <limits>
#include <numeric>
#include <stdexcept>
#include <string>
#include <vector>

#include "temporary_folder.h"

using namespace headlight;
using namespace headlight::test;
using doctest::Approx;

namespace {

using Logits = std::vector<float>;
constexpr float kInfinity = std::numeric_limits<float>::infinity();
constexpr float kLargest = std::numeric_limits<float>::max();

float log_of(double x) { return static_cast<float>(std::log(x)); }

Logits some_logits(int count, std::uint32_t seed, float size) {
  Logits logits;
  for (int i = 0; i < count; ++i) {
    seed = seed * 1664525u + 1013904223u;
    logits.push_back(size * (static_cast<float>(seed >> 8) / 8388608.0f - 1.0f));
  }
  return logits;
}

std::vector<int> ids_of(const std::vector<Candidate>& candidates) {
  std::vector<int> ids;
  for (const Candidate& candidate : candidates) ids.push_back(candidate.id);
  return ids;
}

}  // namespace

TEST_CASE("probabilities are the softmax of the logits") {
  CHECK(probabilities({}).empty());
  CHECK(probabilities(Logits{7.0f}) == std::vector<double>{1.0});
  const std::vector<double> p = probabilities(Logits{log_of(1), log_of(2), log_of(5)});
  CHECK(p[0] == Approx(0.125).epsilon(1e-6));
  CHECK(p[1] == Approx(0.25).epsilon(1e-6));
  CHECK(p[2] == Approx(0.625).epsilon(1e-6));
}

TEST_CASE("probabilities of huge and of forbidden logits are finite") {
  CHECK(probabilities(Logits{kLargest, kLargest})[0] == Approx(0.5));
  CHECK(probabilities(Logits{kLargest, -kLargest}) == std::vector<double>{1.0, 0.0});
  CHECK(probabilities(Logits{-1e6f, -1e6f, -1e6f, -1e6f})[3] == Approx(0.25));
  CHECK(probabilities(Logits{3.0f, -kInfinity}) == std::vector<double>{1.0, 0.0});
}

TEST_CASE("probabilities sum to 1 also over a large vocabulary") {
  for (float size : {0.0f, 1.0f, 30.0f, 1e4f}) {
    const std::vector<double> p = probabilities(some_logits(50257, 1, size));
    CHECK(std::accumulate(p.begin(), p.end(), 0.0) == Approx(1.0).epsilon(1e-12));
  }
}

TEST_CASE("the candidates are the most probable tokens in order") {
  const Logits logits{log_of(2), log_of(1), log_of(4), log_of(3)};
  const std::vector<Candidate> top = top_candidates(logits, 3);
  CHECK(ids_of(top) == std::vector<int>{2, 3, 0});
  CHECK(top[0].probability == Approx(0.4).epsilon(1e-6));
  CHECK(top[1].probability == Approx(0.3).epsilon(1e-6));
  CHECK(top[2].probability == Approx(0.2).epsilon(1e-6));
  CHECK(ids_of(top_candidates(logits, 4)) == std::vector<int>{2, 3, 0, 1});
  CHECK(ids_of(top_candidates(logits, 9)) == std::vector<int>{2, 3, 0, 1});
  CHECK(top_candidates(logits, 0).empty());
  CHECK(top_candidates(logits, -1).empty());
  CHECK(top_candidates({}, 3).empty());
}

TEST_CASE("candidates of the same logit are ordered by id") {
  CHECK(ids_of(top_candidates(Logits{1, 2, 1, 2, 1}, 5)) == std::vector<int>{1, 3, 0, 2, 4});
  CHECK(ids_of(top_candidates(Logits(100, 0.5f), 3)) == std::vector<int>{0, 1, 2});
}

TEST_CASE("candidates are ordered where their probabilities are too small to tell") {
  CHECK(ids_of(top_candidates(Logits{0, -3000, -1000, -2000}, 4)) == std::vector<int>{0, 2, 3, 1});
}

TEST_CASE("the divergence of two predictions equals the value by hand") {
  const Logits p{log_of(0.5), log_of(0.25), log_of(0.25)},
      q{log_of(0.25), log_of(0.5), log_of(0.25)};
  // 0.5 ln 2 - 0.25 ln 2
  CHECK(kl_divergence(p, q) == Approx(0.25 * std::log(2.0)).epsilon(1e-6));
  const Logits r{log_of(0.9), log_of(0.1)}, even{0, 0};
  CHECK(kl_divergence(r, even) == Approx(0.9 * std::log(1.8) + 0.1 * std::log(0.2)).epsilon(1e-6));
  CHECK(kl_divergence(even, r) ==
        Approx(0.5 * std::log(1 / 1.8) + 0.5 * std::log(5.0)).epsilon(1e-6));
  CHECK(kl_divergence({}, {}) == 0.0);
}

TEST_CASE("a prediction does not diverge from itself and never less than 0 from another") {
  for (std::uint32_t seed = 0; seed < 200; ++seed) {
    const float size = std::pow(10.0f, static_cast<float>(seed % 7) - 3.0f);
    const Logits p = some_logits(50, seed, size), q = some_logits(50, seed + 1000, size);
    CHECK(kl_divergence(p, p) == 0.0);
    CHECK(kl_divergence(p, q) >= 0.0);
    CHECK(std::isfinite(kl_divergence(p, q)));
    // A shift of all logits is the same prediction.
    Logits shifted = p;
    for (float& value : shifted) value += 4.0f;
    CHECK(kl_divergence(p, shifted) == Approx(0.0).epsilon(1e-9));
    CHECK(kl_divergence(p, shifted) >= 0.0);
    Logits close = p;  // Where rounding alone could make it negative.
    for (float& value : close) value = std::nextafter(value, seed % 2 == 0 ? 1e9f : -1e9f);
    CHECK(kl_divergence(p, close) >= 0.0);
  }
}

TEST_CASE("the divergence knows tokens that cannot come") {
  CHECK(kl_divergence(Logits{0, -kInfinity}, Logits{0, 0}) == Approx(std::log(2.0)));
  CHECK(kl_divergence(Logits{0, -kInfinity}, Logits{0, -kInfinity}) == 0.0);
  CHECK(kl_divergence(Logits{0, 0}, Logits{0, -kInfinity}) == kInfinity);
  CHECK(kl_divergence(Logits{kLargest, -kLargest}, Logits{kLargest, kLargest}) ==
        Approx(std::log(2.0)));
}

TEST_CASE("predictions over different vocabularies are refused") {
  CHECK(message_of<std::invalid_argument>([] {
          kl_divergence(Logits{1, 2}, Logits{1});
        }) == "[kl_divergence] the predictions have different sizes");
}
