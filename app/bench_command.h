#pragma once

#include <string>
#include <vector>

namespace headlight {

/// What `headlight bench` was asked for.
struct BenchOptions {
  enum class Case { mini_gpt, gpt2_small, all };
  Case which = Case::all;
  std::vector<int> tokens = {8, 16, 32, 64, 128, 256, 512};
  std::vector<int> threads = {1, 2};
  int repeat = 0;  ///< Runs of each measurement; 0: as many as fit a second, at least 3.
  bool json = false;
  bool quiet = false;
};

/// Times passes with every head's weights and prints a table, or JSON, on stdout. Lengths over a
/// model's context are left out. Throws LoadError when the built-in model cannot be read.
int run_bench(const BenchOptions& options);

}  // namespace headlight
