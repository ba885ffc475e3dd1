#pragma once

#include <array>
#include <string>
#include <vector>

#include "bpe.h"
#include "tokenizer.h"

namespace headlight {

/// A token that is looked for in the text before any splitting.
struct AddedToken {
  std::string text;
  int id;
};

struct Tokenizer::Tables {
  struct Entry {
    std::string bytes;     ///< Empty for an id that the files leave out.
    bool special = false;  ///< Stands for no text: decode leaves it out.
  };
  std::vector<Entry> entries;       // [size]
  std::array<int, 256> byte_ids{};  // Of the tokens of one byte.
  MergeTable merges;
  std::vector<AddedToken> added;        // The longest first.
  std::array<bool, 256> added_start{};  // Whether one begins with this byte.
  int bos = -1;
};

}  // namespace headlight
