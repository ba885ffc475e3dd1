#include "walk_table.h"

#include <cmath>
#include <span>
#include <stdexcept>

#include "command_values.h"
#include "figure_metadata.h"
#include "npz.h"
#include "table.h"

namespace headlight {
namespace {

constexpr const char* rule_names[] = {"given",   "copied", "sum",     "divided", "masked",
                                      "softmax", "normed", "dropped", "mlp"};

std::vector<std::string> texts_of(const std::vector<Token>& tokens) {
  std::vector<std::string> texts;
  for (const Token& token : tokens) texts.push_back(token.text);
  return texts;
}

template <typename Visit>
void each_tensor(const LayerWalk& walk, Visit visit) {
  for (int i = 0; i < walk_tensors; ++i) {
    const auto tensor = static_cast<WalkTensor>(i);
    if (walk.has(tensor)) visit(tensor);
  }
}

void append(std::string& json, double value) {
  if (std::isfinite(value)) {
    append_number(json, static_cast<float>(value));
  } else {
    json += "null";
  }
}

void append_tokens(std::string& json, const char* name, const std::vector<Token>& tokens) {
  json += std::string(",\n \"") + name + "\":[";
  for (std::size_t i = 0; i < tokens.size(); ++i)
    json += (i > 0 ? "," : "") + json_string(tokens[i].text);
  json += ']';
}

void append_tensor(std::string& json, const LayerWalk& walk, WalkTensor tensor) {
  const WalkShape shape = walk.shape(tensor);
  const std::vector<float> values = walk.values(tensor);
  json += std::string("\n  \"") + to_string(tensor) + "\":{\"shape\":[" +
          std::to_string(shape.rows) + "," + std::to_string(shape.columns) + "],\"values\":[";
  std::size_t at = 0;
  for (int row = 0; row < shape.rows; ++row) {
    json += row > 0 ? ",[" : "[";
    for (int column = 0; column < shape.columns; ++column) {
      if (column > 0) json += ',';
      append(json, values[at++]);
    }
    json += ']';
  }
  json += "]}";
}

std::string cell_json(WalkCell cell) {
  return std::string("{\"tensor\":\"") + to_string(cell.tensor) +
         "\",\"row\":" + std::to_string(cell.row) + ",\"column\":" + std::to_string(cell.column) +
         "}";
}

void append_derivation(std::string& json, const LayerWalk& walk, WalkCell cell) {
  const Derivation derivation = walk.derive(cell);
  using Rule = Derivation::Rule;
  const Rule rule = derivation.rule;
  std::string place = cell_json(cell);
  place.pop_back();
  json += ",\n \"cell\":" + place + ",\"rule\":\"" + rule_names[static_cast<int>(rule)] + "\"";
  const auto number = [&](const char* name, double value) {
    json += std::string(",\"") + name + "\":";
    append(json, value);
  };
  number("value", derivation.value);
  if (rule == Rule::sum || rule == Rule::dropped) number("factor", derivation.factor);
  if (rule == Rule::divided) number("divisor", derivation.divisor);
  if (rule == Rule::softmax) {
    number("largest", derivation.largest);
    number("total", derivation.total);
  }
  if (rule == Rule::normed) {
    number("mean", derivation.mean);
    number("deviation", derivation.deviation);
    number("gain", derivation.gain);
    number("bias", derivation.bias);
  }
  json += ",\"terms\":[";
  for (std::size_t i = 0; i < derivation.terms.size(); ++i) {
    const WalkTerm& term = derivation.terms[i];
    json += i > 0 ? ",\n  {\"left\":" : "\n  {\"left\":";
    append(json, term.left);
    number("right", term.right);
    if (term.left_cell) json += ",\"left_cell\":" + cell_json(*term.left_cell);
    if (term.right_cell) json += ",\"right_cell\":" + cell_json(*term.right_cell);
    json += '}';
  }
  json += "]}";
}

}  // namespace

std::string npz_walk(const LayerWalk& walk) {
  NpzWriter npz;
  if (walk.head().kind == AttentionKind::cross) {
    npz.add("query_tokens", texts_of(walk.query_tokens()));
    npz.add("key_tokens", texts_of(walk.key_tokens()));
  } else {
    npz.add("tokens", texts_of(walk.query_tokens()));
  }
  each_tensor(walk, [&](WalkTensor tensor) {
    const std::vector<float> values = walk.values(tensor);
    npz.add(to_string(tensor), std::span<const float>(values),
            {walk.shape(tensor).rows, walk.shape(tensor).columns});
  });
  return npz.finish();
}

std::string json_walk(const LayerWalk& walk, std::optional<WalkCell> cell) {
  std::string json = "{\"model\":" + json_string(walk.model().name) +
                     ",\"head\":" + json_string(head_name(walk.model().config, walk.head()));
  if (walk.head().kind == AttentionKind::cross) {
    append_tokens(json, "query_tokens", walk.query_tokens());
    append_tokens(json, "key_tokens", walk.key_tokens());
  } else {
    append_tokens(json, "tokens", walk.query_tokens());
  }
  json += ",\n \"divisor\":";
  append(json, walk.divisor());
  json += ",\"temperature\":";
  append(json, walk.temperature());
  json += ",\n \"tensors\":{";
  const char* separator = "";
  each_tensor(walk, [&](WalkTensor tensor) {
    json += separator;
    separator = ",";
    append_tensor(json, walk, tensor);
  });
  json += '}';
  if (cell) append_derivation(json, walk, *cell);
  return json + "}\n";
}

WalkCell parse_walk_cell(const std::string& text) {
  const std::vector<std::string> parts = split(text, ',');
  if (parts.size() == 3) {
    for (int i = 0; i < walk_tensors; ++i) {
      const auto tensor = static_cast<WalkTensor>(i);
      if (parts[0] != to_string(tensor)) continue;
      const std::vector<int> at = whole_numbers("--cell", parts[1] + "," + parts[2], 0);
      return {tensor, at[0], at[1]};
    }
  }
  std::string names;
  for (int i = 0; i < walk_tensors; ++i)
    names += (i > 0 ? ", " : "") + std::string(to_string(static_cast<WalkTensor>(i)));
  throw std::invalid_argument("--cell: \"" + text +
                              "\" is not TENSOR,ROW,COLUMN; the tensors are " + names);
}

}  // namespace headlight
