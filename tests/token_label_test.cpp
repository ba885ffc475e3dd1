#include "token_label.h"

#include <doctest/doctest.h>

using namespace headlight;

namespace {

std::string label(const std::string& text, int limit = 14) {
  return token_label(Token{.id = 7, .text = text}, limit);
}

}  // namespace

TEST_CASE("a leading space is seen") {
  CHECK(label("The") == "The");
  CHECK(label(" cat") == "\u00b7cat");
  CHECK(label(" ") == "\u00b7");
  CHECK(label("") == "");
}

TEST_CASE("only the space before a word is marked") { CHECK(label(" a b") == "\u00b7a b"); }

TEST_CASE("the token before every text has a name") {
  CHECK(label("<|endoftext|>") == "<start>");
  CHECK(label("<s>") == "<start>");
  CHECK(label(" <s>") == "\u00b7<s>");
}

TEST_CASE("long tokens are cut after so many characters") {
  CHECK(label("abcd", 4) == "abcd");
  CHECK(label("abcde", 4) == "abcd\u2026");
  CHECK(label(" abcd", 4) == "\u00b7abcd");
  CHECK(label(" abcde", 4) == "\u00b7abcd\u2026");
  CHECK(label(std::string(10000, 'x')) == std::string(14, 'x') + "\u2026");
}

TEST_CASE("characters are counted and kept whole") {
  CHECK(label("\u00e9\u00e8\u00ea\u00eb", 4) == "\u00e9\u00e8\u00ea\u00eb");
  CHECK(label("\u4f60\u597d\u4e16\u754c\u5417", 3) == "\u4f60\u597d\u4e16\u2026");
  CHECK(label("\U0001F600\U0001F601\U0001F602", 2) == "\U0001F600\U0001F601\u2026");
}
