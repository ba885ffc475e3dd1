#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace headlight {

enum class MaskKind { full, causal, local, dilated, global, block, random };

/// One pattern of allowed cells. `a` and `b` mean, by kind:
///   local:   a = window: keys at most `a` tokens away (Longformer's sliding window, one side).
///   dilated: a = window, b = gap: keys 0, b, 2b, ... a*b tokens away (Longformer's dilated window).
///   global:  a = tokens: the first `a` tokens see all and are seen by all (Longformer, BigBird).
///   block:   a = size: keys in the query's own block of `a` tokens.
///   random:  a = count, b = seed: `a` keys a row, drawn anew for each row from (seed, row) (BigBird),
///            among the keys that the row may see; the query itself is always one of them.
struct MaskPart {
  MaskKind kind = MaskKind::full;
  int a = 0;
  int b = 0;
  bool operator==(const MaskPart&) const = default;
};

/// Which keys a query may look at: the union of its parts. No part: no restriction (as full).
/// On a causal model every mask is intersected with causal by the pass.
struct Mask {
  std::vector<MaskPart> parts;

  bool is_full() const;
  bool operator==(const Mask&) const = default;
};

Mask full_mask();
Mask causal_mask();
Mask local_mask(int window);
Mask dilated_mask(int window, int gap);
Mask global_mask(int tokens);
Mask block_mask(int size);
Mask random_mask(int count, int seed);
Mask operator|(Mask a, const Mask& b);  ///< Union.

/// Sets allowed[key] to 1 where `query` may look at `key` under the mask, else 0. `allowed` has one
/// place for each key; `causal` says that keys after the query are out of reach.
void allow_row(const Mask& mask, int query, bool causal, std::span<std::uint8_t> allowed);

/// Throws std::invalid_argument, naming the part, for numbers that parse_mask refuses.
void check(const Mask& mask);

/// "none", "causal", "local:4", "dilated:4:2", "global:1", "block:8", "random:3:7", and unions of these
/// joined by '+'. Throws std::invalid_argument with the part that is wrong.
Mask parse_mask(std::string_view text);
std::string to_string(const Mask& mask);

}  // namespace headlight
