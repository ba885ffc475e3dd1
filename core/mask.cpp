#include "mask.h"

#include <algorithm>
#include <charconv>
#include <stdexcept>
#include <unordered_set>

namespace headlight {
namespace {

struct KindName {
  MaskKind kind;
  std::string_view name;
  int numbers;  ///< How many parameters follow the name.
  int least_a;
  int least_b;
};

constexpr KindName kind_names[] = {
    {MaskKind::full, "none", 0, 0, 0},       {MaskKind::causal, "causal", 0, 0, 0},
    {MaskKind::local, "local", 1, 0, 0},     {MaskKind::dilated, "dilated", 2, 0, 1},
    {MaskKind::global, "global", 1, 0, 0},   {MaskKind::token, "token", 1, 0, 0},
    {MaskKind::block, "block", 1, 1, 0},     {MaskKind::strided, "strided", 1, 1, 0},
    {MaskKind::columns, "columns", 2, 1, 0}, {MaskKind::random, "random", 2, 0, 0},
};

const KindName& name_of(MaskKind kind) {
  return *std::find_if(std::begin(kind_names), std::end(kind_names),
                       [kind](const KindName& entry) { return entry.kind == kind; });
}

// SplitMix64 (Steele, Lea, Flood 2014): the same keys on every machine, unlike <random>'s distributions.
std::uint64_t next_random(std::uint64_t& state) {
  state += 0x9e3779b97f4a7c15ull;
  std::uint64_t z = state;
  z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9ull;
  z = (z ^ (z >> 27)) * 0x94d049bb133111ebull;
  return z ^ (z >> 31);
}

// Adds ranges, clipped to [0, reach).
class Ranges {
 public:
  Ranges(int reach, std::vector<KeyRange>& to) : reach_(reach), to_(to) {}

  int reach() const { return reach_; }
  void add(long long first, long long last) {  // both included
    first = std::max(first, 0LL);
    last = std::min(last, reach_ - 1LL);
    if (first <= last) to_.push_back({static_cast<int>(first), static_cast<int>(last) + 1});
  }

 private:
  int reach_;
  std::vector<KeyRange>& to_;
};

// The query itself and count - 1 of the other keys of [0, reach), drawn without repetition by Floyd's
// method.
void add_random(const MaskPart& part, int query, Ranges& ranges) {
  ranges.add(query, query);
  std::uint64_t state = (static_cast<std::uint64_t>(static_cast<std::uint32_t>(part.b)) << 32) ^
                        static_cast<std::uint32_t>(query);
  const int others = ranges.reach() - 1;
  const int count = std::min(std::max(part.a, 1) - 1, others);
  std::unordered_set<int> drawn;  // places among the others
  for (int j = others - count; j < others; ++j) {
    const int t = static_cast<int>(next_random(state) % static_cast<std::uint64_t>(j + 1));
    const int place = drawn.contains(t) ? j : t;
    drawn.insert(place);
    const int key = place < query ? place : place + 1;
    ranges.add(key, key);
  }
}

void add_part(const MaskPart& part, int query, Ranges& ranges) {
  const long long at = query;
  const long long a = part.a;
  const int last = ranges.reach() - 1;
  switch (part.kind) {
    case MaskKind::full:
      ranges.add(0, last);
      break;
    case MaskKind::causal:
      ranges.add(0, at);
      break;
    case MaskKind::local:
      ranges.add(at - a, at + a);
      break;
    case MaskKind::dilated: {
      const long long gap = std::max(part.b, 1);
      // The first that is not before key 0, and as many as reach the last key.
      for (long long step = -std::min(a, at / gap); step <= a && at + step * gap <= last; ++step) {
        ranges.add(at + step * gap, at + step * gap);
      }
      break;
    }
    case MaskKind::global:
      ranges.add(0, at < a ? last : a - 1);
      break;
    case MaskKind::token:
      if (at == a) {
        ranges.add(0, last);
      } else {
        ranges.add(a, a);
      }
      break;
    case MaskKind::block: {
      const long long size = std::max(part.a, 1);
      const long long first = at / size * size;
      ranges.add(first, first + size - 1);
      break;
    }
    case MaskKind::strided: {
      const long long stride = std::max(part.a, 1);
      for (long long key = at % stride; key <= last; key += stride) ranges.add(key, key);
      break;
    }
    case MaskKind::columns: {
      const long long stride = std::max(part.a, 1);
      const long long count = std::min<long long>(part.b, stride);
      for (long long end = stride; count > 0 && end - count <= last; end += stride) {
        ranges.add(end - count, end - 1);
      }
      break;
    }
    case MaskKind::random:
      add_random(part, query, ranges);
      break;
  }
}

// Ascending, and those that touch made one.
void tidy(std::vector<KeyRange>& ranges) {
  std::sort(ranges.begin(), ranges.end(),
            [](const KeyRange& a, const KeyRange& b) { return a.begin < b.begin; });
  std::size_t kept = 0;
  for (const KeyRange& range : ranges) {
    if (kept > 0 && range.begin <= ranges[kept - 1].end) {
      ranges[kept - 1].end = std::max(ranges[kept - 1].end, range.end);
    } else {
      ranges[kept++] = range;
    }
  }
  ranges.resize(kept);
}

Mask single(MaskKind kind, int a, int b) { return Mask{{MaskPart{kind, a, b}}}; }

}  // namespace

bool Mask::is_full() const {
  return parts.empty() || std::any_of(parts.begin(), parts.end(), [](const MaskPart& part) {
           return part.kind == MaskKind::full;
         });
}

Mask full_mask() { return {}; }
Mask causal_mask() { return single(MaskKind::causal, 0, 0); }
Mask local_mask(int window) { return single(MaskKind::local, window, 0); }
Mask dilated_mask(int window, int gap) { return single(MaskKind::dilated, window, gap); }
Mask global_mask(int tokens) { return single(MaskKind::global, tokens, 0); }
Mask token_mask(int place) { return single(MaskKind::token, place, 0); }
Mask block_mask(int size) { return single(MaskKind::block, size, 0); }
Mask strided_mask(int stride) { return single(MaskKind::strided, stride, 0); }
Mask columns_mask(int stride, int count) { return single(MaskKind::columns, stride, count); }
Mask random_mask(int count, int seed) { return single(MaskKind::random, count, seed); }

Mask operator|(Mask a, const Mask& b) {
  if (a.is_full() || b.is_full()) return full_mask();
  a.parts.insert(a.parts.end(), b.parts.begin(), b.parts.end());
  return a;
}

void allowed_ranges(const Mask& mask, int query, int keys, bool causal,
                    std::vector<KeyRange>& ranges) {
  ranges.clear();
  Ranges all(causal ? std::min(query + 1, keys) : keys, ranges);
  if (mask.is_full()) return all.add(0, all.reach() - 1);
  for (const MaskPart& part : mask.parts) add_part(part, query, all);
  if (ranges.size() > 1) tidy(ranges);
}

void intersect(std::vector<KeyRange>& ranges, const std::vector<KeyRange>& others) {
  std::vector<KeyRange> both;
  for (std::size_t i = 0, j = 0; i < ranges.size() && j < others.size();) {
    const KeyRange common{std::max(ranges[i].begin, others[j].begin),
                          std::min(ranges[i].end, others[j].end)};
    if (common.begin < common.end) both.push_back(common);
    ++(ranges[i].end < others[j].end ? i : j);
  }
  ranges = std::move(both);
}

void allow_row(const Mask& mask, int query, bool causal, std::span<std::uint8_t> allowed) {
  std::fill(allowed.begin(), allowed.end(), std::uint8_t{0});
  std::vector<KeyRange> ranges;
  allowed_ranges(mask, query, static_cast<int>(allowed.size()), causal, ranges);
  for (const KeyRange& range : ranges) {
    std::fill(allowed.begin() + range.begin, allowed.begin() + range.end, std::uint8_t{1});
  }
}

void check(const Mask& mask) {
  for (const MaskPart& part : mask.parts) {
    const KindName& kind = name_of(part.kind);
    if (part.a >= kind.least_a && part.b >= kind.least_b) continue;
    throw std::invalid_argument(
        "[mask] \"" + to_string(Mask{{part}}) + "\": expected numbers of at least " +
        std::to_string(kind.least_a) + (kind.numbers > 1 ? " and " + std::to_string(kind.least_b) : ""));
  }
}

Mask parse_mask(std::string_view text) {
  Mask mask;
  while (true) {
    const std::size_t plus = text.find('+');
    const std::string_view part = text.substr(0, plus);
    const auto refuse = [&](const std::string& why) {
      throw std::invalid_argument("[parse_mask] \"" + std::string(part) + "\": " + why);
    };

    std::string_view rest = part;
    std::vector<std::string_view> fields;
    while (true) {
      const std::size_t colon = rest.find(':');
      fields.push_back(rest.substr(0, colon));
      if (colon == std::string_view::npos) break;
      rest.remove_prefix(colon + 1);
    }
    const KindName* kind = std::find_if(
        std::begin(kind_names), std::end(kind_names),
        [&](const KindName& entry) { return entry.name == fields[0]; });
    if (kind == std::end(kind_names)) {
      refuse(
          "expected none, causal, local:W, dilated:W:GAP, global:K, token:PLACE, block:SIZE, "
          "strided:STRIDE, columns:STRIDE:COUNT or random:COUNT:SEED");
    }
    const int given = static_cast<int>(fields.size()) - 1;
    // random may leave its seed out.
    if (given != kind->numbers && !(kind->kind == MaskKind::random && given == 1)) {
      refuse(std::string(kind->name) + " takes " + std::to_string(kind->numbers) +
             (kind->numbers == 1 ? " number" : " numbers"));
    }
    int numbers[2] = {0, 0};
    for (int i = 0; i < given; ++i) {
      const std::string_view field = fields[i + 1];
      const auto [end, error] =
          std::from_chars(field.data(), field.data() + field.size(), numbers[i]);
      const int least = i == 0 ? kind->least_a : kind->least_b;
      if (error != std::errc{} || end != field.data() + field.size() || numbers[i] < least) {
        refuse("\"" + std::string(field) + "\" is not a whole number of at least " +
               std::to_string(least));
      }
    }
    mask.parts.push_back({kind->kind, numbers[0], numbers[1]});
    if (plus == std::string_view::npos) break;
    text.remove_prefix(plus + 1);
  }
  return mask.is_full() ? full_mask() : mask;
}

std::string to_string(const Mask& mask) {
  if (mask.is_full()) return "none";
  std::string text;
  for (const MaskPart& part : mask.parts) {
    const KindName& kind = name_of(part.kind);
    if (!text.empty()) text += '+';
    text += kind.name;
    if (kind.numbers >= 1) text += ":" + std::to_string(part.a);
    if (kind.numbers >= 2) text += ":" + std::to_string(part.b);
  }
  return text;
}

}  // namespace headlight
