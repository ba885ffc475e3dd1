#pragma once

#include <filesystem>
#include <initializer_list>
#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "errors.h"

namespace headlight {

/// What the window says in one of its parts: sentences by name, in a file, so that they can be
/// translated. The file is one JSON object of strings: {"next": "Next", "part": "Part {n} of {all}"}.
class Words {
 public:
  Words() = default;
  /// Reads a file. Throws LoadError: `<file>: <key>: <what>`.
  explicit Words(const std::filesystem::path& file);

  /// The sentence of this name; where there is none, the name itself, so that a window with a
  /// damaged file can still be used.
  std::string get(std::string_view key) const;
  /// The same with `{name}` replaced by what is given for it; other braces stay as they are. What is
  /// put in is not looked at again.
  std::string get(std::string_view key,
                  std::initializer_list<std::pair<std::string_view, std::string>> values) const;

  bool has(std::string_view key) const { return sentences_.find(key) != sentences_.end(); }
  std::vector<std::string> keys() const;
  /// All sentences one after the other: the characters that a font needs.
  std::string all() const;

 private:
  std::map<std::string, std::string, std::less<>> sentences_;
};

/// assets/words/en
std::filesystem::path words_folder();

/// The words of `assets/words/en/PART.json`, read once; a file that is missing or broken leaves the
/// names in their places. For the window's thread only.
const Words& window_words(const std::string& part);

/// Every character of every part's words.
const std::string& window_words_characters();

}  // namespace headlight
