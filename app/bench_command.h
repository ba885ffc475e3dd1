#pragma once

#include <optional>
#include <string>
#include <vector>

namespace headlight {

/// What `headlight bench` was asked for.
struct BenchOptions {
  enum class Case { mini_gpt, gpt2_small, all };
  Case which = Case::all;
  /// Runs with every head's weights; the ways of making heads; masks on long texts.
  enum class What { runs, variants, masks };
  What what = What::runs;
  std::vector<int> tokens;  ///< Lengths; none: 8, 16, ... 512; of a sweep 32, of variants 32 and
                            ///< 128, of masks 1024, 2048, 4096, 8192.
  std::vector<int> threads = {1, 2};
  /// A model whose opening is timed instead, as model_path takes it.
  std::optional<std::string> open;
  /// Time the ablation of each head in turn instead, by `which` and `threads`, and `tokens` if given.
  bool sweep = false;
  int repeat =
      0;  ///< Runs of each measurement; 0: as many as fit a second, at least 3; one opening.
  bool json = false;
  bool quiet = false;
};

/// Times passes with every head's weights, or the opening of a model, and prints a table, or JSON,
/// on stdout. Lengths over a model's context are left out. Throws LoadError when the model cannot
/// be read.
int run_bench(const BenchOptions& options);

}  // namespace headlight
