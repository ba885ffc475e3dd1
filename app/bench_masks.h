#pragma once

#include <cstddef>
#include <string>
#include <vector>

namespace headlight {

/// One causal head of d_head 64 under a mask, its output without the whole of its weights.
struct MaskTime {
  std::string mask;
  int tokens = 0;
  double ms = 0.0;              ///< Wall clock, the least of the repeats, one thread.
  std::size_t bytes = 0;        ///< Of the memory that it worked in, besides q, k, v and z.
  std::size_t cells = 0;        ///< That the mask leaves.
};

/// Each mask at each length, with seeded random queries, keys and values. `repeat` 0: three of each.
std::vector<MaskTime> time_masks(const std::vector<std::string>& masks,
                                 const std::vector<int>& lengths, int repeat);

/// On stdout.
void print_masks(const std::vector<MaskTime>& times, bool json);

}  // namespace headlight
