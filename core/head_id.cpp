#include "head_id.h"

#include <charconv>
#include <set>
#include <stdexcept>

namespace headlight {
namespace {

[[noreturn]] void refuse(std::string_view part, const std::string& why) {
  throw std::invalid_argument("[parse_heads] \"" + std::string(part) + "\": " + why);
}

// The numbers that one side of "L.H" names: one, or all `count` for '*'.
std::vector<int> side(std::string_view part, std::string_view text, int count, const char* noun) {
  std::vector<int> numbers;
  if (text == "*") {
    for (int i = 0; i < count; ++i) numbers.push_back(i);
    return numbers;
  }
  int value = -1;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc{} || end != text.data() + text.size() || value < 0) {
    refuse(part, "expected LAYER.HEAD, two numbers counted from 0, or * for all");
  }
  if (value >= count) {
    refuse(part, "the model has " + std::to_string(count) + " " + noun + " (0 to " +
                     std::to_string(count - 1) + ")");
  }
  numbers.push_back(value);
  return numbers;
}

}  // namespace

std::string to_string(HeadId id) {
  return "L" + std::to_string(id.layer) + " H" + std::to_string(id.head);
}

std::vector<HeadId> parse_heads(std::string_view text, int layers, int heads) {
  std::set<HeadId> ids;
  while (true) {
    const std::size_t comma = text.find(',');
    const std::string_view part = text.substr(0, comma);
    const std::size_t dot = part.find('.');
    if (dot == std::string_view::npos) refuse(part, "expected LAYER.HEAD, as in 2.3, 2.* or *.*");
    for (int layer : side(part, part.substr(0, dot), layers, "layers")) {
      for (int head : side(part, part.substr(dot + 1), heads, "heads a layer")) {
        ids.insert({layer, head});
      }
    }
    if (comma == std::string_view::npos) break;
    text.remove_prefix(comma + 1);
  }
  return {ids.begin(), ids.end()};
}

}  // namespace headlight
