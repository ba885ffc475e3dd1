#pragma once

#include "edits.h"

namespace headlight {

/// Whether every query, 0 to `queries` - 1, is forbidden to look at this key by single masked cells: what
/// the padding of a batch is to a head.
bool hides_key(const HeadEdit& edit, int queries, int key);

/// Forbids the key to every query, or allows it again. All other masked cells stay.
void hide_key(HeadEdit& edit, int queries, int key, bool hidden);

}  // namespace headlight
