#pragma once

#include <string>
#include <vector>

#include "model.h"
#include "thread_pool.h"

namespace headlight {

/// Wall-clock milliseconds over the repeats of one measurement.
struct Times {
  double median = 0.0;
  double least = 0.0;
  int repeats = 0;
};

/// A whole pass, then every head's weights written to memory that is there already. The logits are
/// not part of it.
struct RunTime {
  std::string name;  ///< Of the case.
  int tokens = 0;
  int threads = 0;
  Times time;
};

/// A pass that starts from an earlier one, with the weights, against the whole of the same result.
struct PartTime {
  std::string name;
  int tokens = 0;
  int threads = 0;
  int layer = -1;  ///< Of the edited head; -1: a token was appended instead.
  double median = 0.0;
  double ratio = 0.0;  ///< To the median of the whole.
};

struct BenchReport {
  std::vector<RunTime> runs;
  std::vector<PartTime> typing;
  std::vector<PartTime> edits;
};

/// Measures a model at one length and adds to the report: a whole run, the last token appended to
/// the run without it, and a head pruned in the first, middle and last layer. Ids are random but
/// seeded. `repeat` 0: as often as fits about a second, at least 3 times.
void time_runs(const std::string& name, const Model& model, int tokens, ThreadPool& pool,
               int repeat, BenchReport& report);

}  // namespace headlight
