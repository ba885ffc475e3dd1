#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace headlight {

enum class MaskKind { full, causal, local, dilated, global, token, block, strided, columns, random };

/// One pattern of allowed cells. `a` and `b` mean, by kind:
///   local:   a = window: keys at most `a` tokens away (Longformer's sliding window, one side).
///   dilated: a = window, b = gap: keys 0, b, 2b, ... a*b tokens away (Longformer's dilated window).
///   global:  a = tokens: the first `a` tokens see all and are seen by all (Longformer, BigBird).
///   token:   a = place: the token at place `a` sees all and is seen by all.
///   block:   a = size: keys in the query's own block of `a` tokens.
///   strided: a = stride: keys 0, a, 2a, ... tokens away, however far (Sparse Transformer).
///   columns: a = stride, b = count: the last `b` of every `a` tokens are seen by all (Sparse
///            Transformer's fixed pattern).
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
Mask token_mask(int place);
Mask block_mask(int size);
Mask strided_mask(int stride);
Mask columns_mask(int stride, int count);
Mask random_mask(int count, int seed);
Mask operator|(Mask a, const Mask& b);  ///< Union.

/// Keys begin, begin + 1, ... end - 1.
struct KeyRange {
  int begin = 0;
  int end = 0;
  bool operator==(const KeyRange&) const = default;
};

/// The keys of [0, keys) that `query` may look at under the mask, ascending and apart from one
/// another, in time that grows with their number and not with `keys`. `causal` says that keys after
/// the query are out of reach.
void allowed_ranges(const Mask& mask, int query, int keys, bool causal,
                    std::vector<KeyRange>& ranges);

/// Keeps of the ranges what lies in `others` too; both ascending and apart.
void intersect(std::vector<KeyRange>& ranges, const std::vector<KeyRange>& others);

/// Sets allowed[key] to 1 where `query` may look at `key` under the mask, else 0. `allowed` has one
/// place for each key; `causal` says that keys after the query are out of reach.
void allow_row(const Mask& mask, int query, bool causal, std::span<std::uint8_t> allowed);

/// Throws std::invalid_argument, naming the part, for numbers that parse_mask refuses.
void check(const Mask& mask);

/// "none", "causal", "local:4", "dilated:4:2", "global:1", "token:3", "block:8", "strided:4",
/// "columns:4:1", "random:3:7", and unions of these joined by '+'. Throws std::invalid_argument with the part that is wrong.
Mask parse_mask(std::string_view text);
std::string to_string(const Mask& mask);

}  // namespace headlight
