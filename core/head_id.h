#pragma once

#include <compare>
#include <string>
#include <string_view>
#include <vector>

namespace headlight {

/// One attention head, both numbers counted from 0.
struct HeadId {
  int layer = 0;
  int head = 0;
  auto operator<=>(const HeadId&) const = default;
};

/// "L5 H3", the way a head is written everywhere.
std::string to_string(HeadId id);

/// Heads named by "5.3", "5.*", "*.3", "*.*", or several of these separated by commas, sorted, each once.
/// Throws std::invalid_argument, naming the part, for bad syntax or a head that the model does not have.
std::vector<HeadId> parse_heads(std::string_view text, int layers, int heads);

}  // namespace headlight
