#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "errors.h"

namespace headlight {

/// One piece of the text as the model reads it.
struct Token {
  int id = 0;
  /// The token's own bytes as visible_utf8 spells them: a leading space is kept, and a token that
  /// holds only part of a character, as those of an emoji often do, reads "\xF0\x9F".
  std::string text;
  /// Byte range in valid_utf8(text); empty for tokens that are not in it (BOS).
  std::size_t begin = 0;
  std::size_t end = 0;
  bool operator==(const Token&) const = default;
};

/// Byte-level byte-pair encoding with GPT-2's split pattern (Radford et al. 2019; Sennrich et al.
/// 2016). Plain data, never changed after loading; a copy shares the tables.
class Tokenizer {
 public:
  /// Whether the folder has vocab.json or merges.txt (or encoder.json or vocab.bpe, their older
  /// names).
  static bool present(const std::filesystem::path& folder);

  /// Reads vocab.json and merges.txt, and, where they exist, the special tokens of
  /// tokenizer_config.json, special_tokens_map.json and added_tokens.json. With a `vocabulary`, the
  /// rows of the model's embedding, larger ids are refused, and ids that the files leave out get a
  /// name. Throws LoadError.
  static Tokenizer load(const std::filesystem::path& folder, int vocabulary = 0);

  /// The same from two files of any name. `<|endoftext|>` is special where the vocabulary has it.
  static Tokenizer load(const std::filesystem::path& vocab_file,
                        const std::filesystem::path& merges_file, int vocabulary = 0);

  /// The text as tokens, with the BOS token first where the model wants one. Bytes that are not
  /// valid UTF-8 are replaced by U+FFFD first; a special token spelled out in the text becomes that
  /// token. Any text, of any length, gives tokens; the time is n log n in the bytes.
  std::vector<Token> encode(std::string_view text) const;

  /// The bytes that the ids stand for; special tokens are left out. Throws std::invalid_argument
  /// for an id out of range.
  std::string decode(const std::vector<int>& ids) const;

  /// The token of an id, as the user may see it; its range is empty. Throws std::invalid_argument
  /// for an id out of range.
  Token token(int id) const;

  int size() const;               ///< Ids are 0 .. size()-1.
  int bos() const;                ///< Id of the token before every text, or -1.
  bool is_special(int id) const;  ///< False for an id out of range.

 private:
  struct Tables;
  explicit Tokenizer(std::shared_ptr<const Tables> tables) : tables_(std::move(tables)) {}
  std::shared_ptr<const Tables> tables_;
};

/// The text with each maximal invalid part replaced by U+FFFD (Unicode 15, section 3.9).
std::string valid_utf8(std::string_view text);

/// The bytes for showing on one line, with nothing invisible: bytes that are no valid UTF-8 are
/// spelled
/// "\xE2", control characters "\n", "\t" or "\x07", and format characters and spaces other than
/// U+0020
/// "\u200B".
std::string visible_utf8(std::string_view bytes);

}  // namespace headlight
