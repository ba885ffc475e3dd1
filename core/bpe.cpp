#include "bpe.h"

#include <algorithm>
#include <functional>

namespace headlight {
namespace {

std::uint64_t pair_key(int left, int right) {
  return static_cast<std::uint64_t>(static_cast<std::uint32_t>(left)) << 32 |
         static_cast<std::uint32_t>(right);
}

constexpr int joined = -1;  // The id of a symbol that its left neighbour has absorbed.

}  // namespace

bool MergeTable::add(const Merge& merge) {
  const auto rank = static_cast<std::uint32_t>(merges_.size());
  if (!ranks_.emplace(pair_key(merge.left, merge.right), rank).second) return false;
  merges_.push_back(merge);
  return true;
}

std::optional<std::uint32_t> MergeTable::rank(int left, int right) const {
  const auto at = ranks_.find(pair_key(left, right));
  return at == ranks_.end() ? std::nullopt : std::optional(at->second);
}

void WordMerger::offer(const std::vector<Symbol>& word, std::uint32_t left) {
  const std::uint32_t right = next_[left];
  if (right == word.size()) return;
  const auto rank = table_.rank(word[left].id, word[right].id);
  if (rank) heap_.push_back(static_cast<std::uint64_t>(*rank) << 32 | left);
}

// The symbols stay where they are and form a linked list; the heap holds every pair that was ever a
// neighbour and in the table. A pair that has changed since is skipped when it comes up: its
// symbols are then no longer those of its merge.
void WordMerger::merge(std::vector<Symbol>& word) {
  const auto size = static_cast<std::uint32_t>(word.size());
  if (size < 2) return;
  previous_.resize(size);
  next_.resize(size);
  heap_.clear();
  for (std::uint32_t i = 0; i < size; ++i) {
    previous_[i] = i - 1;
    next_[i] = i + 1;
  }
  for (std::uint32_t i = 0; i < size; ++i) offer(word, i);
  std::make_heap(heap_.begin(), heap_.end(), std::greater<>());

  while (!heap_.empty()) {
    std::pop_heap(heap_.begin(), heap_.end(), std::greater<>());
    const auto left = static_cast<std::uint32_t>(heap_.back());
    const MergeTable::Merge& merge = table_.merge(static_cast<std::uint32_t>(heap_.back() >> 32));
    heap_.pop_back();
    const std::uint32_t right = next_[left];
    if (word[left].id != merge.left || right == size || word[right].id != merge.right) continue;

    word[left].id = merge.merged;
    word[right].id = joined;
    next_[left] = next_[right];
    if (next_[left] != size) previous_[next_[left]] = left;
    const auto push = [&](std::uint32_t place) {
      const std::size_t before = heap_.size();
      offer(word, place);
      if (heap_.size() != before) std::push_heap(heap_.begin(), heap_.end(), std::greater<>());
    };
    push(left);
    if (left != 0) push(previous_[left]);
  }
  std::erase_if(word, [](const Symbol& symbol) { return symbol.id == joined; });
}

}  // namespace headlight
