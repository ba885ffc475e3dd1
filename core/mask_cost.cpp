#include "mask_cost.h"

#include <algorithm>
#include <optional>
#include <stdexcept>
#include <string>
#include <vector>

namespace headlight {
namespace {

constexpr int most_steps = 1024;  // Of a dilated part, one by one.

struct Span {
  std::int64_t first = 0;
  std::int64_t last = 0;  // Included.
};

// The keys of a row that a head can reach without its mask.
Span reach_of(int query, int tokens, bool causal, int window) {
  Span reach{0, causal ? query : tokens - 1};
  if (window > 0) {
    reach.first = std::max<std::int64_t>(reach.first, std::int64_t{query} - window + 1);
    reach.last = std::min<std::int64_t>(reach.last, std::int64_t{query} + window - 1);
  }
  return reach;
}

// Appends the keys of a part in one row, not yet cut to its reach. False for a part that has to be
// looked at key by key.
bool add_spans(const MaskPart& part, int query, int tokens, std::vector<Span>& spans) {
  const std::int64_t q = query, a = part.a;
  switch (part.kind) {
    case MaskKind::full:
      spans.push_back({0, tokens - 1});
      return true;
    case MaskKind::causal:
      spans.push_back({0, q});
      return true;
    case MaskKind::local:
      spans.push_back({q - a, q + a});
      return true;
    case MaskKind::dilated: {
      const std::int64_t gap = std::max(part.b, 1);
      const std::int64_t steps = std::min(a, tokens / gap);
      if (gap == 1) {
        spans.push_back({q - a, q + a});
        return true;
      }
      if (steps > most_steps) return false;
      spans.push_back({q, q});
      for (std::int64_t step = 1; step <= steps; ++step) {
        spans.push_back({q - step * gap, q - step * gap});
        spans.push_back({q + step * gap, q + step * gap});
      }
      return true;
    }
    case MaskKind::global:
      spans.push_back({0, q < a ? tokens - 1 : a - 1});
      return true;
    case MaskKind::block: {
      const std::int64_t first = q / std::max<std::int64_t>(a, 1) * std::max<std::int64_t>(a, 1);
      spans.push_back({first, first + std::max<std::int64_t>(a, 1) - 1});
      return true;
    }
    default:
      return false;
  }
}

// Keys in the union of the spans, cut to the reach. Sorts the spans.
std::int64_t size_of_union(std::vector<Span>& spans, Span reach) {
  if (spans.size() > 1) {
    std::sort(spans.begin(), spans.end(), [](Span x, Span y) { return x.first < y.first; });
  }
  std::int64_t size = 0, next = reach.first;  // Keys before `next` are counted.
  for (Span span : spans) {
    span.first = std::max(span.first, next);
    span.last = std::min(span.last, reach.last);
    if (span.first > span.last) continue;
    size += span.last - span.first + 1;
    next = span.last + 1;
  }
  return size;
}

// The steps of a dilated part in one row that stay in the reach.
std::int64_t dilated_keys(const MaskPart& part, int query, Span reach) {
  const std::int64_t gap = std::max(part.b, 1), a = part.a;
  const std::int64_t back = std::min(a, (query - reach.first) / gap);
  const std::int64_t on = std::min(a, std::max<std::int64_t>(reach.last - query, 0) / gap);
  return 1 + back + on;
}

// Rows of one part that has no spans; none for a part that this cannot tell.
std::optional<std::int64_t> lone_keys(const MaskPart& part, int query, Span reach, int window) {
  if (part.kind == MaskKind::dilated) return dilated_keys(part, query, reach);
  if (part.kind == MaskKind::random && window == 0)
    return std::min<std::int64_t>(std::max(part.a, 1), reach.last - reach.first + 1);
  return std::nullopt;
}

// Rows [begin, end) that all have as many keys: where no part meets an end of the text or the global
// tokens. Empty where there are none.
struct Rows {
  int begin = 0;
  int end = 0;
};
Rows alike_rows(const Mask& mask, int tokens, bool causal, int window) {
  if (mask.is_full()) return {};
  std::int64_t extent = 0, prefix = 0;
  for (const MaskPart& part : mask.parts) {
    if (part.kind == MaskKind::local)
      extent = std::max<std::int64_t>(extent, part.a);
    else if (part.kind == MaskKind::dilated)
      extent = std::max(extent, std::int64_t{part.a} * std::max(part.b, 1));
    else if (part.kind == MaskKind::global)
      prefix = std::max<std::int64_t>(prefix, part.a);
    else
      return {};
  }
  const std::int64_t begin = prefix + std::max<std::int64_t>(extent, window);
  const std::int64_t end = causal ? tokens : tokens - std::max<std::int64_t>(extent, window);
  if (begin >= end) return {};
  return {static_cast<int>(begin), static_cast<int>(end)};
}

std::int64_t looked_up(const Mask& mask, int query, bool causal, Span reach,
                       std::vector<std::uint8_t>& allowed) {
  allow_row(mask, query, causal, allowed);
  // Sums of 255 bytes stay in a byte, so that the compiler keeps them in vector registers.
  std::int64_t size = 0;
  for (std::int64_t key = reach.first; key <= reach.last; key += 255) {
    const std::int64_t end = std::min(key + 255, reach.last + 1);
    std::uint8_t sum = 0;
    for (std::int64_t k = key; k < end; ++k) sum = static_cast<std::uint8_t>(sum + allowed[k]);
    size += sum;
  }
  return size;
}

}  // namespace

std::int64_t mask_cells(const Mask& mask, int tokens, bool causal, int window) {
  if (tokens <= 0) return 0;
  std::vector<Span> spans;
  bool has_spans = true;
  for (const MaskPart& part : mask.parts) {
    spans.clear();
    has_spans = has_spans && add_spans(part, 0, tokens, spans);
  }
  std::vector<std::uint8_t> allowed;
  const Rows alike = alike_rows(mask, tokens, causal, window);
  std::int64_t cells = 0;
  for (int query = 0; query < tokens; ++query) {
    const std::int64_t before = cells;
    const Span reach = reach_of(query, tokens, causal, window);
    if (mask.is_full()) {
      cells += reach.last - reach.first + 1;
    } else if (has_spans) {
      spans.clear();
      for (const MaskPart& part : mask.parts) add_spans(part, query, tokens, spans);
      cells += size_of_union(spans, reach);
    } else if (const auto alone = mask.parts.size() == 1
                                      ? lone_keys(mask.parts[0], query, reach, window)
                                      : std::nullopt) {
      cells += *alone;
    } else {
      allowed.resize(static_cast<std::size_t>(causal ? query + 1 : tokens));
      cells += looked_up(mask, query, causal, reach, allowed);
    }
    if (alike.begin < alike.end && query == alike.begin) {
      cells += (cells - before) * (alike.end - alike.begin - 1);
      query = alike.end - 1;
    }
  }
  return cells;
}

MaskCost mask_cost(const Mask& mask, int tokens, int d_head, bool causal, int window) {
  if (tokens < 1) {
    throw std::invalid_argument("[mask_cost] expected at least 1 token, got " +
                                std::to_string(tokens));
  }
  check(mask);
  MaskCost cost;
  cost.tokens = tokens;
  cost.cells = mask_cells(mask, tokens, causal, window);
  cost.full_cells = mask_cells({}, tokens, causal, window);
  cost.all_cells = static_cast<std::int64_t>(tokens) * tokens;
  cost.multiplications = 2.0 * static_cast<double>(cost.cells) * d_head;
  cost.full_multiplications = 2.0 * static_cast<double>(cost.full_cells) * d_head;
  cost.bytes = 4.0 * static_cast<double>(cost.cells);
  cost.dense_bytes = 4.0 * static_cast<double>(cost.all_cells);
  return cost;
}

}  // namespace headlight
