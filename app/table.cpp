#include "table.h"

#include <charconv>
#include <stdexcept>

namespace headlight {

void append_number(std::string& text, float value) {
  char digits[32];
  text.append(digits, std::to_chars(digits, digits + sizeof digits, value).ptr);
}

std::string write_table(const Trace& baseline, const Trace& edited, const FigureRequest& request,
                        TableFormat format) {
  if (request.heads.empty()) throw std::invalid_argument("[write_table] expected a head, got none");
  switch (format) {
    case TableFormat::csv:
      return csv_table(baseline, edited, request);
    case TableFormat::json:
      return json_table(baseline, edited, request);
    default:
      return npz_table(baseline, edited, request);
  }
}

}  // namespace headlight
