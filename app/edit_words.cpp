#include "edit_words.h"

#include <charconv>

namespace headlight {
namespace {

std::string short_number(float value) {
  char digits[32];
  return std::string(digits, std::to_chars(digits, digits + sizeof digits, value).ptr);
}

}  // namespace

std::string edit_words(const HeadEdit& edit) {
  std::string text;
  const auto say = [&text](const std::string& words) { text += (text.empty() ? "" : ", ") + words; };
  const std::string mean = edit.replace == Replacement::mean ? " (mean)" : "";
  if (edit.gain == 0.0f) {
    say("pruned" + mean);
  } else if (edit.gain != 1.0f) {
    say("gain " + short_number(edit.gain) + mean);
  }
  if (edit.temperature != 1.0f) say("temperature " + short_number(edit.temperature));
  if (!edit.mask.is_full()) say(to_string(edit.mask));
  if (!edit.masked_cells.empty()) {
    say(std::to_string(edit.masked_cells.size()) +
        (edit.masked_cells.size() == 1 ? " cell masked" : " cells masked"));
  }
  return text;
}

}  // namespace headlight
