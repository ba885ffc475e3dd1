#pragma once

#include <cstdint>
#include <optional>
#include <unordered_map>
#include <vector>

namespace headlight {

/// The pairs of symbols that byte-pair encoding joins, the most urgent first (Sennrich et al.
/// 2016).
class MergeTable {
 public:
  struct Merge {
    int left;
    int right;
    int merged;
  };

  /// Ranked behind all that were added before. False when the pair is there already.
  bool add(const Merge& merge);

  /// The rank of a pair, 0 the most urgent.
  std::optional<std::uint32_t> rank(int left, int right) const;
  const Merge& merge(std::uint32_t rank) const { return merges_[rank]; }

 private:
  std::vector<Merge> merges_;
  std::unordered_map<std::uint64_t, std::uint32_t> ranks_;
};

/// A symbol of a word and the place of its first byte.
struct Symbol {
  int id;
  std::uint32_t begin;
};

/// Joins the symbols of one word, in place: again and again the pair of the lowest rank, the
/// leftmost of those, until no pair is in the table. Time is n log n in the symbols.
class WordMerger {
 public:
  explicit WordMerger(const MergeTable& table) : table_(table) {}
  void merge(std::vector<Symbol>& word);

 private:
  void offer(const std::vector<Symbol>& word, std::uint32_t left);

  const MergeTable& table_;
  std::vector<std::uint64_t> heap_;  // Rank, then place of the left symbol.
  std::vector<std::uint32_t> previous_, next_;
};

}  // namespace headlight
