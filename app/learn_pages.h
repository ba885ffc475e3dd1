#pragma once

#include <array>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "cache_walk.h"
#include "parameter_counts.h"
#include "rotary_walk.h"
#include "snapshot.h"
#include "state.h"

namespace headlight {

/// What the pages of the Learn view on parameters, on the key-value cache and on rotary positions
/// show for a snapshot and a state. Each page's numbers are made anew only while it is open and when
/// what they depend on has changed.
class LearnPages {
 public:
  void update(const std::shared_ptr<const Snapshot>& snapshot, const State& state);

  /// The open model first, where it has weights, then the known ones.
  const std::vector<ParameterCounts>& counts() const { return counts_; }
  bool has_open_counts() const { return counts_.size() > known_models().size(); }

  /// Lengths that the memory of caches is shown for; 0: each model's own context.
  static constexpr std::array<int, 4> cache_lengths = {1024, 8192, 65536, 0};
  /// The memory of one model's key-value cache, by KeySharing.
  struct CacheRow : CacheMemory {
    std::string name;
    bool has_cache = true;   ///< Not where every token looks at every other.
    double own_bytes = 0.0;  ///< As it was built, windows and pools included.
  };
  /// As counts(), of one of cache_lengths.
  const std::vector<CacheRow>& cache_rows(int length) const {
    return cache_rows_[static_cast<std::size_t>(length)];
  }

  /// The token that is appended.
  struct Cache {
    CacheWalk walk;
    AppendCost with, without;
    double bytes = 0.0;
  };
  /// What it costs along the text's length.
  struct CostPoint {
    int tokens = 0;
    AppendCost with, without;
  };
  const std::optional<Cache>& cache() const { return cache_; }
  const std::vector<CostPoint>& costs() const { return costs_; }

  /// None where the model has no rotary positions.
  const std::optional<RotaryWalk>& rotary() const { return rotary_; }
  float rotary_weight() const { return rotary_weight_; }  ///< Attention weight of the shown pair.

 private:
  void make_counts(const Model& model);
  void make_costs(const Model& model);
  void make_cache(const Trace& trace, HeadId head, int cached);
  void make_rotary(const Trace& trace, const Selection& selection, int shift);

  std::shared_ptr<const Snapshot> snapshot_;
  std::shared_ptr<const Model> counted_, costed_;
  Selection selection_;
  Learn learn_;
  std::vector<ParameterCounts> counts_;
  std::array<std::vector<CacheRow>, cache_lengths.size()> cache_rows_;
  std::optional<Cache> cache_;
  std::vector<CostPoint> costs_;
  std::optional<RotaryWalk> rotary_;
  float rotary_weight_ = 0.0f;
};

/// Whether a model is a decoder of one stack: what the page on the key-value cache is about.
bool appends_tokens(const Model& model);
/// How many tokens stand before the one that is appended (Learn::cached).
int cached_tokens(const Learn& learn, int tokens);

}  // namespace headlight
