#include "mask.h"

#include <algorithm>
#include <charconv>
#include <cstdlib>
#include <stdexcept>

namespace headlight {
namespace {

struct KindName {
  MaskKind kind;
  std::string_view name;
  int numbers;  ///< How many parameters follow the name.
  int least_a;
};

constexpr KindName kind_names[] = {
    {MaskKind::full, "none", 0, 0},     {MaskKind::causal, "causal", 0, 0},
    {MaskKind::local, "local", 1, 0},   {MaskKind::dilated, "dilated", 2, 0},
    {MaskKind::global, "global", 1, 0}, {MaskKind::block, "block", 1, 1},
    {MaskKind::random, "random", 2, 0},
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

// The query itself and count - 1 of the other keys of [0, reach), drawn without repetition by Floyd's
// method.
void allow_random(const MaskPart& part, int query, int reach, std::span<std::uint8_t> allowed) {
  if (query < static_cast<int>(allowed.size())) allowed[query] = 1;
  std::uint64_t state = (static_cast<std::uint64_t>(static_cast<std::uint32_t>(part.b)) << 32) ^
                        static_cast<std::uint32_t>(query);
  const int others = reach - 1;
  const int count = std::min(std::max(part.a, 1) - 1, others);
  std::vector<bool> drawn(std::max(others, 0));  // places among the others
  for (int j = others - count; j < others; ++j) {
    const int t = static_cast<int>(next_random(state) % static_cast<std::uint64_t>(j + 1));
    const int place = drawn[t] ? j : t;
    drawn[place] = true;
    allowed[place < query ? place : place + 1] = 1;
  }
}

void allow_part(const MaskPart& part, int query, int reach, std::span<std::uint8_t> allowed) {
  const auto allow = [&](int first, int last) {  // both included
    for (int key = std::max(first, 0); key <= std::min(last, reach - 1); ++key) allowed[key] = 1;
  };
  switch (part.kind) {
    case MaskKind::full:
      allow(0, reach - 1);
      break;
    case MaskKind::causal:
      allow(0, query);
      break;
    case MaskKind::local:
      allow(query - std::min(part.a, query), part.a >= reach ? reach - 1 : query + part.a);
      break;
    case MaskKind::dilated: {
      const int gap = std::max(part.b, 1);
      for (int step = 0; step <= part.a && step * static_cast<long long>(gap) <= reach; ++step) {
        allow(query - step * gap, query - step * gap);
        allow(query + step * gap, query + step * gap);
      }
      break;
    }
    case MaskKind::global:
      allow(0, query < part.a ? reach - 1 : part.a - 1);
      break;
    case MaskKind::block: {
      const int first = query / std::max(part.a, 1) * std::max(part.a, 1);
      allow(first, part.a >= reach ? reach - 1 : first + part.a - 1);
      break;
    }
    case MaskKind::random:
      allow_random(part, query, reach, allowed);
      break;
  }
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
Mask block_mask(int size) { return single(MaskKind::block, size, 0); }
Mask random_mask(int count, int seed) { return single(MaskKind::random, count, seed); }

Mask operator|(Mask a, const Mask& b) {
  if (a.is_full() || b.is_full()) return full_mask();
  a.parts.insert(a.parts.end(), b.parts.begin(), b.parts.end());
  return a;
}

void allow_row(const Mask& mask, int query, bool causal, std::span<std::uint8_t> allowed) {
  const int keys = static_cast<int>(allowed.size());
  const int reach = causal ? std::min(query + 1, keys) : keys;
  std::fill(allowed.begin(), allowed.end(), std::uint8_t{0});
  if (mask.is_full()) {
    std::fill(allowed.begin(), allowed.begin() + reach, std::uint8_t{1});
    return;
  }
  for (const MaskPart& part : mask.parts) allow_part(part, query, reach, allowed);
}

void check(const Mask& mask) {
  for (const MaskPart& part : mask.parts) {
    const KindName& kind = name_of(part.kind);
    const int least_b = part.kind == MaskKind::dilated ? 1 : 0;
    if (part.a >= kind.least_a && part.b >= least_b) continue;
    throw std::invalid_argument(
        "[mask] \"" + to_string(Mask{{part}}) + "\": expected numbers of at least " +
        std::to_string(kind.least_a) + (kind.numbers > 1 ? " and " + std::to_string(least_b) : ""));
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
      refuse("expected none, causal, local:W, dilated:W:GAP, global:K, block:SIZE or random:COUNT:SEED");
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
      const int least = i == 0 ? kind->least_a : (kind->kind == MaskKind::dilated ? 1 : 0);
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
