#include "script_template.h"

#include <algorithm>
#include <cctype>
#include <cstdio>
#include <stdexcept>
#include <vector>

#include "tokenizer.h"

namespace headlight {
namespace {

std::string_view trimmed(std::string_view text) {
  const std::size_t begin = text.find_first_not_of(' ');
  if (begin == std::string_view::npos) return {};
  return text.substr(begin, text.find_last_not_of(' ') + 1 - begin);
}

// What follows a mark such as "#if" on a line of its own.
bool takes(std::string_view line, std::string_view mark, std::string_view& rest) {
  if (!line.starts_with(mark)) return false;
  if (line.size() > mark.size() && line[mark.size()] != ' ') return false;
  rest = trimmed(line.substr(mark.size()));
  return true;
}

// The name of a statement "name = ...", else nothing.
std::string_view assigned(std::string_view line) {
  const std::size_t end = line.find(" = ");
  if (end == std::string_view::npos || end == 0) return {};
  const std::string_view name = line.substr(0, end);
  for (const char c : name) {
    if (!(std::isalnum(static_cast<unsigned char>(c)) || c == '_')) return {};
  }
  return name;
}

class Filler {
 public:
  Filler(const std::string& name, const ScriptWords& words) : name_(name), words_(words) {}

  std::string fill(std::string_view text) {
    while (!text.empty()) {
      const std::size_t end = std::min(text.find('\n'), text.size());
      ++line_;
      take(text.substr(0, end));
      text.remove_prefix(std::min(end + 1, text.size()));
    }
    if (!open_.empty()) fail("an #if is never closed");
    if (in_gap_) fail("a #gap is never closed");
    return std::move(out_);
  }

 private:
  // An #if: whether its lines are kept, whether one of its branches was, and whether what is around
  // is.
  struct Open {
    bool kept, any, outside;
  };

  [[noreturn]] void fail(const std::string& why) const {
    throw std::runtime_error(name_ + ", line " + std::to_string(line_) + ": " + why);
  }

  bool kept() const { return open_.empty() || open_.back().kept; }

  bool holds(std::string_view condition) const {
    if (const std::size_t at = condition.find(" or "); at != std::string_view::npos)
      return holds(condition.substr(0, at)) | holds(condition.substr(at + 4));
    if (const std::size_t at = condition.find(" and "); at != std::string_view::npos)
      return holds(condition.substr(0, at)) & holds(condition.substr(at + 5));
    condition = trimmed(condition);
    if (condition.starts_with("not ")) return !holds(condition.substr(4));
    const auto found = words_.conditions.find(std::string(condition));
    if (found == words_.conditions.end())
      fail("\"" + std::string(condition) + "\" is not a condition");
    return found->second;
  }

  std::string filled(std::string_view line) const {
    std::string text;
    for (std::size_t at = 0; at < line.size();) {
      const std::size_t begin = line.find("{{", at);
      if (begin == std::string_view::npos) return text += line.substr(at);
      const std::size_t end = line.find("}}", begin);
      if (end == std::string_view::npos) fail("a {{ is never closed");
      const std::string word(line.substr(begin + 2, end - begin - 2));
      const auto found = words_.words.find(word);
      if (found == words_.words.end()) fail("\"" + word + "\" is not a word");
      text += line.substr(at, begin - at);
      text += found->second;
      at = end + 2;
    }
    return text;
  }

  void take(std::string_view line) {
    const std::string_view mark = trimmed(line);
    std::string_view rest;
    if (takes(mark, "#if", rest)) {
      const bool now = holds(rest);
      open_.push_back({kept() && now, now, kept()});
    } else if (takes(mark, "#elif", rest)) {
      if (open_.empty()) fail("#elif without #if");
      Open& last = open_.back();
      const bool now = holds(rest) && !last.any;
      last = {last.outside && now, last.any || now, last.outside};
    } else if (mark == "#else") {
      if (open_.empty()) fail("#else without #if");
      Open& last = open_.back();
      last = {last.outside && !last.any, true, last.outside};
    } else if (mark == "#endif") {
      if (open_.empty()) fail("#endif without #if");
      open_.pop_back();
    } else if (takes(mark, "#gap", rest)) {
      if (!kept()) return;
      if (in_gap_) fail("a #gap within a #gap");
      in_gap_ = true;
      if (holds("guided")) hint(filled(rest));
    } else if (mark == "#endgap") {
      if (!kept()) return;
      if (!in_gap_) fail("#endgap without #gap");
      in_gap_ = false;
    } else if (kept()) {
      write(line);
    }
  }

  // A comment, broken between words.
  void hint(std::string_view text) {
    constexpr std::size_t width = 96;
    while (text.size() > width) {
      const std::size_t end = text.rfind(' ', width);
      if (end == std::string_view::npos || end == 0) break;
      out_.append("# ").append(text.substr(0, end)).append("\n");
      text.remove_prefix(end + 1);
    }
    out_.append("# ").append(text).append("\n");
  }

  void write(std::string_view line) {
    const std::string text = filled(line);
    if (in_gap_ && holds("guided")) {
      if (const std::string_view name = assigned(text); !name.empty())
        out_ += std::string(name) + " = ...\n";
      return;
    }
    out_ += text + "\n";
  }

  const std::string& name_;
  const ScriptWords& words_;
  std::string out_;
  std::vector<Open> open_;
  bool in_gap_ = false;
  int line_ = 0;
};

}  // namespace

std::string fill_template(const std::string& name, std::string_view text,
                          const ScriptWords& words) {
  return Filler(name, words).fill(text);
}

std::string python_literal(std::string_view text) {
  std::string literal = "\"";
  for (const char c : valid_utf8(text)) {
    const auto byte = static_cast<unsigned char>(c);
    if (c == '"' || c == '\\') {
      literal += '\\';
      literal += c;
    } else if (c == '\n') {
      literal += "\\n";
    } else if (byte < 0x20 || byte == 0x7f) {
      char escape[8];
      std::snprintf(escape, sizeof escape, "\\x%02x", byte);
      literal += escape;
    } else {
      literal += c;
    }
  }
  return literal + '"';
}

std::string one_line(std::string_view text) {
  std::string line = valid_utf8(text);
  for (char& c : line) {
    const auto byte = static_cast<unsigned char>(c);
    if (byte < 0x20 || byte == 0x7f) c = ' ';
  }
  return line;
}

}  // namespace headlight
