#pragma once

#include <string>

#include "tokenizer.h"

namespace headlight {

/// A token as it stands on an axis or a chip: leading spaces as "·", the token that stands before every
/// text as "<start>", cut to `limit` characters with "…". Longer texts are shown on hover.
std::string token_label(const Token& token, int limit = 14);

}  // namespace headlight
