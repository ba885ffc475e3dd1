#pragma once

#include <doctest/doctest.h>
#include <hwy/highway.h>

#include <cmath>
#include <cstdint>
#include <cstring>
#include <string>
#include <vector>

// What the tests of the fast kernels share: numbers, comparison by index, and the instruction sets.

namespace headlight::test {

/// n numbers in [-1, 1), the same on every machine.
inline std::vector<float> numbers(std::size_t n, std::uint32_t seed) {
  std::vector<float> v(n);
  for (float& x : v) {
    seed = seed * 1664525u + 1013904223u;
    x = static_cast<float>(seed >> 8) / 8388608.0f - 1.0f;
  }
  return v;
}

/// Fails, naming the first index [row, column] where |got - want| > tolerance.
inline void check_near(const std::vector<float>& got, const std::vector<double>& want,
                       const std::vector<double>& tolerance, int columns, const std::string& what) {
  REQUIRE(got.size() == want.size());
  for (std::size_t i = 0; i < got.size(); ++i) {
    if (std::abs(got[i] - want[i]) <= tolerance[i]) continue;
    FAIL_CHECK(what, ": [", i / columns, ", ", i % columns, "] is ", got[i], ", expected ", want[i],
               " within ", tolerance[i]);
    return;
  }
}

/// Fails, naming the first index [row, column] where the bits differ.
inline void check_same(const float* got, const float* want, std::size_t n, int columns,
                       const std::string& what) {
  for (std::size_t i = 0; i < n; ++i) {
    if (std::memcmp(got + i, want + i, sizeof(float)) == 0) continue;
    FAIL_CHECK(what, ": [", i / columns, ", ", i % columns, "] is ", got[i], ", expected exactly ",
               want[i]);
    return;
  }
}

/// Calls work(name) with each instruction set that this machine has and the kernels are built for.
template <typename Work>
void with_each_target(const Work& work) {
  for (const std::int64_t target : hwy::SupportedAndGeneratedTargets()) {
    hwy::SetSupportedTargetsForTest(target);
    hwy::GetChosenTarget().Update(hwy::SupportedTargets());
    work(std::string(hwy::TargetName(target)));
  }
  hwy::SetSupportedTargetsForTest(0);
  hwy::GetChosenTarget().Update(hwy::SupportedTargets());
}

}  // namespace headlight::test
