#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "head_id.h"
#include "tokenizer.h"

namespace headlight {

/// A token as a lesson names it: by its place (3), its word ("cat", or the second one: "cat"#2), or
/// as `first` or `last`.
struct TokenPlace {
  enum class By { number, word, first, last };
  By by = By::number;
  int number = 0;    ///< Of `number` the place, of `word` which one, from 1.
  std::string word;  ///< Without the space before it.

  /// Throws std::invalid_argument where the text has no such token.
  int among(const std::vector<Token>& tokens) const;
  bool operator==(const TokenPlace&) const = default;
};

/// A token's text as a lesson's choices and placeholders write it: without the space before it; the
/// token before every text as "<start>".
std::string plain_token(const Token& token);

/// A line of a lesson, read word by word: what conditions, measures and set-ups are made of. All
/// readers throw std::invalid_argument, one sentence, for what is not there.
class Phrase {
 public:
  explicit Phrase(std::string_view text) : left_(text) { skip(); }

  /// Passes over these words when they come next; else leaves the phrase as it is.
  bool take(std::string_view words);
  /// The same, but they have to come.
  void expect(std::string_view words);
  bool ended() const { return left_.empty(); }
  void end() const;  ///< Throws when something is left.
  std::string_view left() const { return left_; }

  TokenPlace token();
  /// "1.5", "2.*,3.1", "cross:0.2": the form only; which there are, a model knows.
  std::string heads();
  /// "1.5": one head.
  HeadId head();
  double number();
  int whole_number();
  std::string quoted();  ///< "between these"
  std::string word();    ///< Up to the next space.
  std::string rest();    ///< All that is left.
  bool flag();           ///< on, yes, off, no

 private:
  void skip();
  std::string_view left_;
};

/// The text without spaces at its ends.
std::string_view trimmed(std::string_view text);

/// The parts of a text between separators that stand outside of quotation marks, trimmed.
std::vector<std::string_view> split_unquoted(std::string_view text, std::string_view separator);

}  // namespace headlight
