#include "lesson_phrase.h"

#include <charconv>
#include <cmath>
#include <stdexcept>

#include "token_label.h"

namespace headlight {
namespace {

constexpr std::string_view spaces = " \t";

[[noreturn]] void refuse(const std::string& what) { throw std::invalid_argument(what); }

// What stands there, for a sentence.
std::string shown(std::string_view left) {
  if (left.empty()) return "the end of the line";
  return "\"" + visible_utf8(left.substr(0, 40)) + "\"";
}

bool is_place(std::string_view text) {
  if (text == "*") return true;
  return !text.empty() && text.size() <= 4 && text.find_first_not_of("0123456789") == text.npos;
}

}  // namespace

std::string plain_token(const Token& token) {
  const std::string label = token_label(token, 60);
  if (label == "<start>") return label;
  return std::string(trimmed(token.text));
}

int TokenPlace::among(const std::vector<Token>& tokens) const {
  const int count = static_cast<int>(tokens.size());
  if (count == 0) refuse("the text is empty");
  if (by == By::first) return 0;
  if (by == By::last) return count - 1;
  if (by == By::number) {
    if (number < count) return number;
    refuse("there is no token " + std::to_string(number) + ": the text has " +
           std::to_string(count));
  }
  int left = number;
  for (int i = 0; i < count; ++i) {
    if (plain_token(tokens[static_cast<std::size_t>(i)]) == word && --left == 0) return i;
  }
  const std::string which = number > 1 ? "#" + std::to_string(number) : "";
  refuse("no token of the text is \"" + word + "\"" + which);
}

std::string_view trimmed(std::string_view text) {
  const std::size_t begin = text.find_first_not_of(" \t\r");
  if (begin == text.npos) return {};
  return text.substr(begin, text.find_last_not_of(" \t\r") - begin + 1);
}

std::vector<std::string_view> split_unquoted(std::string_view text, std::string_view separator) {
  std::vector<std::string_view> parts;
  bool quoted = false;
  std::size_t begin = 0;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '"') quoted = !quoted;
    if (quoted || text.substr(i, separator.size()) != separator) continue;
    parts.push_back(trimmed(text.substr(begin, i - begin)));
    begin = i + separator.size();
    i = begin - 1;
  }
  parts.push_back(trimmed(text.substr(begin)));
  return parts;
}

void Phrase::skip() { left_ = trimmed(left_); }

bool Phrase::take(std::string_view words) {
  std::string_view text = left_;
  for (std::string_view wanted : split_unquoted(words, " ")) {
    if (!text.starts_with(wanted)) return false;
    text.remove_prefix(wanted.size());
    const bool ends = text.empty() || spaces.find(text[0]) != spaces.npos;
    if (!ends) return false;
    text = trimmed(text);
  }
  left_ = text;
  return true;
}

void Phrase::expect(std::string_view words) {
  if (!take(words)) refuse("expected \"" + std::string(words) + "\", found " + shown(left_));
}

void Phrase::end() const {
  if (!ended()) refuse("did not expect " + shown(left_));
}

std::string Phrase::word() {
  const std::size_t end = std::min(left_.find_first_of(spaces), left_.size());
  const std::string word(left_.substr(0, end));
  if (word.empty()) refuse("expected a word, found the end of the line");
  left_.remove_prefix(end);
  skip();
  return word;
}

std::string Phrase::rest() {
  const std::string rest(left_);
  left_ = {};
  return rest;
}

std::string Phrase::quoted() {
  const std::size_t end = left_.size() > 1 ? left_.find('"', 1) : left_.npos;
  if (!left_.starts_with('"') || end == left_.npos) {
    refuse("expected a text in quotation marks, found " + shown(left_));
  }
  const std::string text(left_.substr(1, end - 1));
  left_.remove_prefix(end + 1);
  if (!left_.starts_with('#')) skip();  // a token's number follows directly
  return text;
}

TokenPlace Phrase::token() {
  if (left_.starts_with('"')) {
    TokenPlace place{TokenPlace::By::word, 1, quoted()};
    if (left_.starts_with('#')) {
      left_.remove_prefix(1);
      place.number = whole_number();
      if (place.number < 1) refuse("words are counted from #1");
    }
    skip();
    return place;
  }
  if (take("first")) return {TokenPlace::By::first, 0, ""};
  if (take("last")) return {TokenPlace::By::last, 0, ""};
  if (left_.empty() || left_[0] < '0' || left_[0] > '9') {
    refuse("expected a token, as \"cat\", \"cat\"#2, 3, first or last, found " + shown(left_));
  }
  return {TokenPlace::By::number, whole_number(), ""};
}

std::string Phrase::heads() {
  const std::string given = ended() ? "" : word();
  for (std::string_view part : split_unquoted(given, ",")) {
    for (const char* kind : {"decoder:", "encoder:", "cross:"}) {
      if (part.starts_with(kind)) part.remove_prefix(std::string_view(kind).size());
    }
    const std::size_t dot = part.find('.');
    if (dot == part.npos || !is_place(part.substr(0, dot)) || !is_place(part.substr(dot + 1))) {
      refuse("expected heads as 1.5, 2.* or 2.1,2.2, found " + shown(given));
    }
  }
  return given;
}

HeadId Phrase::head() {
  const std::string given = heads();
  if (given.find_first_of("*,") != given.npos) {
    refuse("expected one head, as 1.5, found " + shown(given));
  }
  HeadId id;
  std::string_view text = given;
  if (const std::size_t colon = text.find(':'); colon != text.npos) {
    id.kind = parse_attention_kind(text.substr(0, colon));
    text.remove_prefix(colon + 1);
  }
  const std::size_t dot = text.find('.');
  std::from_chars(text.data(), text.data() + dot, id.layer);
  std::from_chars(text.data() + dot + 1, text.data() + text.size(), id.head);
  return id;
}

double Phrase::number() {
  double value = 0.0;
  const auto [end, error] = std::from_chars(left_.data(), left_.data() + left_.size(), value);
  const auto length = static_cast<std::size_t>(end - left_.data());
  const bool ends = length == left_.size() || spaces.find(left_[length]) != spaces.npos;
  if (error != std::errc() || !ends || !std::isfinite(value)) {
    refuse("expected a number, found " + shown(left_));
  }
  left_.remove_prefix(length);
  skip();
  return value;
}

int Phrase::whole_number() {
  int value = 0;
  const auto [end, error] = std::from_chars(left_.data(), left_.data() + left_.size(), value);
  const auto length = static_cast<std::size_t>(end - left_.data());
  const bool ends = length == left_.size() || spaces.find(left_[length]) != spaces.npos;
  if (error != std::errc() || !ends || value < 0) {
    refuse("expected a whole number from 0 on, found " + shown(left_));
  }
  left_.remove_prefix(length);
  skip();
  return value;
}

bool Phrase::flag() {
  if (take("on") || take("yes")) return true;
  if (take("off") || take("no")) return false;
  refuse("expected on or off, found " + shown(left_));
}

}  // namespace headlight
