#include "token_label.h"

#include <cstdint>

namespace headlight {

std::string token_label(const Token& token, int limit) {
  if (token.text == "<|endoftext|>" || token.text == "<s>") return "<start>";
  std::string label;
  std::size_t i = 0;
  for (; i < token.text.size() && token.text[i] == ' '; ++i) label += "\u00b7";
  for (int characters = 0; i < token.text.size(); ++i) {
    const auto byte = static_cast<std::uint8_t>(token.text[i]);
    const bool starts = (byte & 0xc0) != 0x80;
    if (starts && ++characters > limit) return label + "\u2026";
    label += token.text[i];
  }
  return label;
}

}  // namespace headlight
