#include "mask_cost.h"

#include <algorithm>
#include <stdexcept>
#include <string>
#include <vector>

namespace headlight {
namespace {

// Whether a part repeats itself along the row, so that it has more ranges than can be listed.
bool is_periodic(MaskKind kind) {
  return kind == MaskKind::dilated || kind == MaskKind::strided || kind == MaskKind::columns;
}

bool is_listable(const Mask& mask) {
  return std::none_of(mask.parts.begin(), mask.parts.end(), [](const MaskPart& part) {
    return is_periodic(part.kind) || part.kind == MaskKind::random;
  });
}

// Whole numbers k in [begin, end) with k % step == rest; begin >= 0.
std::int64_t multiples(std::int64_t begin, std::int64_t end, std::int64_t step, std::int64_t rest) {
  const auto before = [&](std::int64_t bound) {  // in [0, bound)
    return bound <= rest ? 0 : (bound - rest - 1) / step + 1;
  };
  return begin < end ? before(end) - before(begin) : 0;
}

// Keys of a periodic part in [begin, end), both inside the text.
std::int64_t periodic_keys(const MaskPart& part, std::int64_t query, std::int64_t begin,
                           std::int64_t end) {
  const std::int64_t a = part.a, b = part.b;
  switch (part.kind) {
    case MaskKind::dilated: {
      const std::int64_t gap = std::max<std::int64_t>(b, 1);
      begin = std::max(begin, query - std::min(a, query / gap) * gap);
      end = std::min(end, query + std::min(a, (std::int64_t{1} << 32) / gap) * gap + 1);
      return multiples(begin, end, gap, query % gap);
    }
    case MaskKind::strided: {
      const std::int64_t stride = std::max<std::int64_t>(a, 1);
      return multiples(begin, end, stride, query % stride);
    }
    case MaskKind::columns: {
      const std::int64_t stride = std::max<std::int64_t>(a, 1), count = std::min(b, stride);
      const auto before = [&](std::int64_t bound) {
        return bound / stride * count + std::max<std::int64_t>(bound % stride - (stride - count), 0);
      };
      return begin < end ? before(end) - before(begin) : 0;
    }
    default:
      return 0;
  }
}

// Counts row after row, by the cheapest way that the rule allows.
class Counter {
 public:
  Counter(const HeadRule& rule, int tokens) : rule_(rule), tokens_(tokens) {
    rule_.masked_cells = nullptr;
    const Mask* masks[] = {rule.mask, rule.built_in};
    for (const Mask* mask : masks) {
      if (mask == nullptr || mask->is_full() || is_listable(*mask)) continue;
      listable_ = false;
      others_.parts.clear();
      int periodic = 0;
      for (const MaskPart& part : mask->parts) {
        if (is_periodic(part.kind)) {
          part_ = part;
          ++periodic;
        } else {
          others_.parts.push_back(part);
        }
      }
      const Mask* other = mask == rule.mask ? rule.built_in : rule.mask;
      one_periodic_ = periodic == 1 && is_listable(others_) && rule.pool == 1 &&
                      (other == nullptr || other->is_full());
    }
  }

  std::int64_t row(int query) {
    if (listable_) return listed(query);
    if (one_periodic_) return with_periodic(query);
    allowed_keys(rule_, {}, query, tokens_, ranges_);
    return size_of_ranges();
  }

 private:
  KeyRange reach(int query) const {
    KeyRange reach{0, rule_.causal ? query + 1 : tokens_};
    if (rule_.window > 0) {
      reach.begin = std::max<std::int64_t>(0, std::int64_t{query} - rule_.window + 1);
      reach.end = std::min<std::int64_t>(reach.end, std::int64_t{query} + rule_.window);
    }
    return reach;
  }

  std::int64_t size_of_ranges() const {
    std::int64_t size = 0;
    for (const KeyRange& range : ranges_) size += range.end - range.begin;
    return size;
  }

  void intersect_with(const Mask* mask, int query) {
    if (mask == nullptr || mask->is_full()) return;
    allowed_ranges(*mask, query, tokens_, rule_.causal, more_);
    intersect(ranges_, more_);
  }

  std::int64_t listed(int query) {
    ranges_.assign(1, reach(query));
    intersect_with(rule_.mask, query);
    intersect_with(rule_.built_in, query);
    if (rule_.pool <= 1) return size_of_ranges();
    std::int64_t size = 0;
    for (const KeyRange& range : ranges_) {
      size += multiples(range.begin, std::min(range.end, query), rule_.pool, rule_.pool - 1);
      size += range.begin <= query && query < range.end;
    }
    return size;
  }

  // Ranges, and what of the periodic part lies outside them.
  std::int64_t with_periodic(int query) {
    const KeyRange all = reach(query);
    ranges_.clear();
    if (!others_.parts.empty()) {
      ranges_.push_back(all);
      intersect_with(&others_, query);
    }
    std::int64_t size = size_of_ranges() + periodic_keys(part_, query, all.begin, all.end);
    for (const KeyRange& range : ranges_) size -= periodic_keys(part_, query, range.begin, range.end);
    return size;
  }

  HeadRule rule_;
  int tokens_;
  bool listable_ = true, one_periodic_ = false;
  MaskPart part_;
  Mask others_;
  std::vector<KeyRange> ranges_, more_;
};

}  // namespace

std::int64_t rule_cells(const HeadRule& rule, int tokens) {
  Counter counter(rule, tokens);
  std::int64_t cells = 0;
  for (int query = 0; query < tokens; ++query) cells += counter.row(query);
  return cells;
}

MaskCost mask_cost(const HeadRule& rule, int tokens, int d_head) {
  if (tokens < 1) {
    throw std::invalid_argument("[mask_cost] expected at least 1 token, got " +
                                std::to_string(tokens));
  }
  const auto n = static_cast<std::int64_t>(tokens);
  MaskCost cost;
  cost.tokens = tokens;
  cost.cells = rule_cells(rule, tokens);
  cost.full_cells = rule.causal ? n * (n + 1) / 2 : n * n;
  cost.all_cells = n * n;
  cost.multiplications = 2.0 * static_cast<double>(cost.cells) * d_head;
  cost.full_multiplications = 2.0 * static_cast<double>(cost.full_cells) * d_head;
  cost.bytes = 4.0 * static_cast<double>(cost.cells);
  cost.dense_bytes = 4.0 * static_cast<double>(cost.all_cells);
  return cost;
}

}  // namespace headlight
