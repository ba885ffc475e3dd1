#pragma once

#include "role_evidence.h"

namespace headlight {

// The detectors: each adds what one map of a head shows to what was counted of it. Weights are
// [queries, keys] of the text.

void count_offsets(HeadEvidence& head, const RoleText& text, const float* weights);
void count_spread(HeadEvidence& head, const RoleText& text, const float* weights);
void count_sinks(HeadEvidence& head, const RoleText& text, const float* weights);
void count_repeats(HeadEvidence& head, const RoleText& text, const float* weights);
void count_detections(HeadEvidence& head, const RoleText& text, const float* weights);
void count_words(HeadEvidence& head, const RoleText& text, const float* weights);
void count_likeness(HeadEvidence& head, const RoleText& text, const float* weights);
void count_shape(HeadEvidence& head, const RoleText& text, const float* weights);

/// Keys that a query can see.
inline int visible_keys(const RoleText& text, int query) {
  return text.causal ? query + 1 : text.keys;
}

/// Rows and keys that offset `offset` is counted on: the key is there, is no sink, and is one of at
/// least |offset| + 2.
inline bool offset_counts(const RoleText& text, int query, int offset) {
  const int key = query + offset;
  const int visible = visible_keys(text, query);
  const int distance = offset < 0 ? -offset : offset;
  return !text.idle[static_cast<std::size_t>(query)] && key >= 0 && key < visible &&
         visible >= distance + 2 && !text.sink[static_cast<std::size_t>(key)];
}

}  // namespace headlight
