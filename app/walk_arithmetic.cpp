#include "walk_arithmetic.h"

#include <cmath>
#include <cstdio>

#include "token_label.h"
#include "words_file.h"

namespace headlight {
namespace {

constexpr std::size_t shown_terms = 3;

enum class Axis { query, key, number };

Axis row_axis(WalkTensor tensor) {
  switch (tensor) {
    case WalkTensor::w_q:
    case WalkTensor::w_k:
    case WalkTensor::w_v:
    case WalkTensor::w_o: return Axis::number;
    case WalkTensor::source:
    case WalkTensor::all_k:
    case WalkTensor::all_v:
    case WalkTensor::k:
    case WalkTensor::v: return Axis::key;
    default: return Axis::query;
  }
}

bool between_tokens(WalkTensor tensor) {
  return tensor == WalkTensor::products || tensor == WalkTensor::scores || tensor == WalkTensor::masked ||
         tensor == WalkTensor::weights || tensor == WalkTensor::dropped;
}

std::string label(const LayerWalk& walk, Axis axis, int at) {
  if (axis == Axis::number) return std::to_string(at);
  const auto& tokens = axis == Axis::query ? walk.query_tokens() : walk.key_tokens();
  return token_label(tokens[static_cast<std::size_t>(at)], 10);
}

// A negative factor stands in brackets.
std::string factor_text(double value) {
  const std::string text = number_text(value);
  return value < 0.0 ? "(" + text + ")" : text;
}

std::string product_text(const WalkTerm& term, bool brackets) {
  const std::string left = brackets ? factor_text(term.left) : number_text(term.left);
  if (term.right == 1.0 && !term.right_cell) return left;
  return left + " × " + factor_text(term.right);
}

std::string sum_text(const Derivation& derivation, const Words& words) {
  std::string text;
  const auto& terms = derivation.terms;
  const std::size_t shown = terms.size() <= shown_terms + 1 ? terms.size() : shown_terms;
  for (std::size_t i = 0; i < shown; ++i) {
    if (i > 0) text += " + ";
    text += product_text(terms[i], i > 0);
  }
  if (terms.empty()) text = "0";
  if (shown < terms.size()) text += " + … " + words.get("more", {{"count", std::to_string(terms.size() - shown)}});
  if (derivation.factor == 1.0) return text;
  return number_text(derivation.factor) + " × (" + text + ")";
}

std::string term_line(const LayerWalk& walk, const WalkTerm& term) {
  const auto named = [&](const std::optional<WalkCell>& cell, double value) {
    return (cell ? cell_name(walk, *cell) + " " : std::string()) + factor_text(value);
  };
  std::string line = named(term.left_cell, term.left);
  if (term.right == 1.0 && !term.right_cell) return line;
  line += " × " + named(term.right_cell, term.right);
  return line + " = " + number_text(term.left * term.right);
}

std::string softmax_text(const Derivation& derivation) {
  const double own = std::exp(derivation.terms.front().left - derivation.largest);
  return "exp(" + number_text(derivation.terms.front().left) + " − " + factor_text(derivation.largest) + ") ÷ " +
         number_text(derivation.total) + " = " + number_text(own) + " ÷ " + number_text(derivation.total);
}

std::string normed_text(const Derivation& derivation) {
  double own = 0.0;
  for (const WalkTerm& term : derivation.terms) own += term.left * term.right;
  std::string text = "(" + number_text(own) + " − " + factor_text(derivation.mean) + ") ÷ " +
                     number_text(derivation.deviation) + " × " + factor_text(derivation.gain);
  if (derivation.mean == 0.0) text = number_text(own) + " ÷ " + number_text(derivation.deviation) + " × " + factor_text(derivation.gain);
  if (derivation.bias != 0.0) text += " + " + factor_text(derivation.bias);
  return text;
}

}  // namespace

std::string number_text(double value) {
  if (std::isinf(value)) return value < 0.0 ? "−∞" : "∞";
  char text[32];
  const double size = std::abs(value);
  if (size != 0.0 && (size < 0.0001 || size >= 1e5)) {
    std::snprintf(text, sizeof text, "%.2e", size);
  } else {
    std::snprintf(text, sizeof text, size < 1.0 ? "%.4f" : "%.4g", size);
    std::string trimmed = text;  // 0.5000 reads worse than 0.5
    if (trimmed.find('.') != std::string::npos) {
      while (trimmed.back() == '0') trimmed.pop_back();
      if (trimmed.back() == '.') trimmed.pop_back();
    }
    return (value < 0.0 && size != 0.0 ? "−" : "") + trimmed;
  }
  return (value < 0.0 ? "−" : "") + std::string(text);
}

std::string cell_name(const LayerWalk& walk, WalkCell cell) {
  const Words& words = window_words("walk");
  const Axis column = between_tokens(cell.tensor) ? Axis::key : Axis::number;
  return words.get(std::string("tensor.") + to_string(cell.tensor)) + "[" + label(walk, row_axis(cell.tensor), cell.row) +
         ", " + label(walk, column, cell.column) + "]";
}

WalkArithmetic arithmetic_of(const LayerWalk& walk, WalkCell cell) {
  using Rule = Derivation::Rule;
  const Words& words = window_words("walk");
  const Derivation derivation = walk.derive(cell);
  WalkArithmetic text;
  text.name = cell_name(walk, cell);
  text.value = number_text(derivation.value);
  const Axis column = between_tokens(cell.tensor) ? Axis::key : Axis::number;
  const std::string key = std::string("how.") + to_string(cell.tensor);
  const std::string rule = derivation.rule == Rule::masked ? "how.forbidden" : key;
  const std::string row = label(walk, row_axis(cell.tensor), cell.row);
  text.sentence = words.get(rule, {{"row", row}, {"column", label(walk, column, cell.column)},
                                   {"terms", std::to_string(derivation.terms.size())}});
  const std::string is = " = " + text.value;
  switch (derivation.rule) {
    case Rule::given: break;
    case Rule::copied:
      if (const auto from = derivation.terms.front().left_cell) text.line = cell_name(walk, *from) + is;
      break;
    case Rule::sum: text.line = sum_text(derivation, words) + is; break;
    case Rule::divided:
      text.line = number_text(derivation.terms.front().left) + " ÷ " + number_text(derivation.divisor) + is;
      break;
    case Rule::masked: text.line = number_text(derivation.terms.front().left) + " → " + text.value; break;
    case Rule::softmax: text.line = softmax_text(derivation) + is; break;
    case Rule::normed: text.line = normed_text(derivation) + is; break;
    case Rule::dropped:
      text.line = derivation.factor == 0.0
                      ? number_text(derivation.terms.front().left) + " → 0"
                      : number_text(derivation.terms.front().left) + " × " + number_text(derivation.factor) + is;
      break;
    case Rule::mlp: text.line = number_text(derivation.terms.front().left) + " → " + text.value; break;
  }
  const std::size_t first = derivation.rule == Rule::softmax ? 1 : 0;
  for (std::size_t i = first; i < derivation.terms.size(); ++i) {
    text.terms.push_back(term_line(walk, derivation.terms[i]));
  }
  return text;
}

}  // namespace headlight
