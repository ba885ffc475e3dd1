#include <utf8proc.h>

#include "tokenizer.h"

namespace headlight {
namespace {

// What stands at the start of some bytes: a character, or an invalid part that is to be replaced
// whole.
struct Part {
  std::size_t length;
  bool valid;
};

// Unicode 15, table 3-7: the second byte's range depends on the first; an invalid part is the
// longest beginning of a character, or else one byte.
Part first_part(std::string_view bytes) {
  const auto at = [&](std::size_t i) { return static_cast<unsigned char>(bytes[i]); };
  const unsigned char lead = at(0);
  if (lead < 0x80) return {1, true};
  if (lead < 0xC2 || lead > 0xF4) return {1, false};
  const std::size_t length = lead < 0xE0 ? 2 : lead < 0xF0 ? 3 : 4;
  unsigned char low = lead == 0xE0 ? 0xA0 : lead == 0xF0 ? 0x90 : 0x80;
  unsigned char high = lead == 0xED ? 0x9F : lead == 0xF4 ? 0x8F : 0xBF;
  for (std::size_t i = 1; i < length; ++i) {
    if (i == bytes.size() || at(i) < low || at(i) > high) return {i, false};
    low = 0x80;
    high = 0xBF;
  }
  return {length, true};
}

void append_hex(std::string& text, const char* prefix, unsigned value, int digits) {
  text += prefix;
  for (int i = digits - 1; i >= 0; --i) text += "0123456789ABCDEF"[value >> (4 * i) & 0xF];
}

bool invisible(utf8proc_int32_t character) {
  if (character == ' ') return false;
  switch (utf8proc_category(character)) {
    case UTF8PROC_CATEGORY_CC:
    case UTF8PROC_CATEGORY_CF:
    case UTF8PROC_CATEGORY_ZS:
    case UTF8PROC_CATEGORY_ZL:
    case UTF8PROC_CATEGORY_ZP:
      return true;
    default:
      return false;
  }
}

}  // namespace

std::string valid_utf8(std::string_view text) {
  std::string valid;
  valid.reserve(text.size());
  while (!text.empty()) {
    const Part part = first_part(text);
    valid += part.valid ? text.substr(0, part.length) : "\xEF\xBF\xBD";
    text.remove_prefix(part.length);
  }
  return valid;
}

std::string visible_utf8(std::string_view bytes) {
  std::string visible;
  visible.reserve(bytes.size());
  while (!bytes.empty()) {
    const Part part = first_part(bytes);
    const std::string_view own = bytes.substr(0, part.length);
    bytes.remove_prefix(part.length);
    if (!part.valid) {
      for (const char byte : own) append_hex(visible, "\\x", static_cast<unsigned char>(byte), 2);
      continue;
    }
    utf8proc_int32_t character = own[0];
    if (own.size() > 1) {
      utf8proc_iterate(reinterpret_cast<const utf8proc_uint8_t*>(own.data()),
                       static_cast<utf8proc_ssize_t>(own.size()), &character);
    }
    const auto code = static_cast<unsigned>(character);
    if (!invisible(character)) {
      visible += own;
    } else if (character == '\n') {
      visible += "\\n";
    } else if (character == '\t') {
      visible += "\\t";
    } else if (character == '\r') {
      visible += "\\r";
    } else if (code < 0x80) {
      append_hex(visible, "\\x", code, 2);
    } else {
      append_hex(visible, "\\u", code, code < 0x10000 ? 4 : 6);
    }
  }
  return visible;
}

}  // namespace headlight
