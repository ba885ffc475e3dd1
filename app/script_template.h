#pragma once

#include <map>
#include <string>
#include <string_view>

namespace headlight {

/// What the files of assets/words/en/walk are filled in with.
struct ScriptWords {
  std::map<std::string, std::string> words;  ///< Of {{word}}
  std::map<std::string, bool> conditions;    ///< Of #if
};

/// The Python text of a template: `{{word}}` replaced, the lines of `#if`, `#elif`, `#else`,
/// `#endif` kept or left out. With the condition `guided`, statements between `#gap HINT` and
/// `#endgap` become `NAME = ...` below the hint; else they stand as they are. The format:
/// assets/words/en/walk/README.md. Throws std::runtime_error, "NAME, line 12: ...", for a word or
/// condition that is not there, and for lines that do not match.
std::string fill_template(const std::string& name, std::string_view text, const ScriptWords& words);

/// A text as Python writes it, in double quotes; any bytes, of which those that are no UTF-8 become
/// U+FFFD.
std::string python_literal(std::string_view text);

/// A text that can stand in a comment: one line, without control characters.
std::string one_line(std::string_view text);

}  // namespace headlight
