#include "learn_code.h"

#include <algorithm>
#include <initializer_list>

namespace headlight {
namespace {

// Pads to where comments begin.
std::string line(std::string code, const std::string& comment) {
  constexpr std::size_t column = 46;
  code.resize(std::max(code.size() + 2, column), ' ');
  return code + "# " + comment + "\n";
}

std::string shape(std::initializer_list<std::string> sizes) {
  std::string text = "[";
  for (const std::string& size : sizes) text += (text.size() > 1 ? ", " : "") + size;
  return text + "]";
}

std::string number(int value) { return std::to_string(value); }

}  // namespace

std::string naive_code(const ModelConfig& config, bool bias) {
  const std::string d = number(config.d_head), width = number(config.d_model);
  const bool turns = config.position == PositionKind::rotary;
  const int group = config.heads / config.key_value_heads;
  const std::string shared = group > 1 ? "h // " + number(group) : "h";
  const auto product = [&](const char* letter, const std::string& head) {
    const std::string l = letter;
    std::string code = "    " + l + " = x @ W_" + l + "[" + head + "]";
    if (bias) code += " + b_" + l + "[" + head + "]";
    return line(code, shape({"n", d}));
  };
  std::string code = line("def one_head(x, h):", "x " + shape({"n", width}));
  code += product("q", "h") + product("k", shared) + product("v", shared);
  if (turns) code += line("    q, k = rotate(q), rotate(k)", "by position");
  code += line("    scores = q @ k.T / " + d + " ** 0.5", shape({"n", "n"}));
  if (config.causal) code += line("    scores = scores + mask", "-inf: the future");
  code += line("    return torch.softmax(scores, -1) @ v", shape({"n", d}));
  code += "z = torch.cat([one_head(x, h)\n";
  code += line("               for h in range(" + number(config.heads) + ")], -1)",
               shape({"n", number(config.query_width())}));
  return code;
}

std::string vectorised_code(const ModelConfig& config, bool bias) {
  const std::string d = number(config.d_head), heads = number(config.heads);
  const std::string pairs = number(config.key_value_heads);
  const std::string width = number(config.query_width()), keys = number(config.key_value_width());
  const int group = config.heads / config.key_value_heads;
  const bool turns = config.position == PositionKind::rotary;
  const auto reshaped = [&](const std::string& l, const std::string& count, bool repeated) {
    std::string code = l + " = " + l + ".view(n, " + count + ", " + d + ").transpose(0, 1)";
    std::string all = line(code, shape({count, "n", d}));
    if (repeated && group > 1) {
      all += line(l + " = " + l + ".repeat_interleave(" + number(group) + ", 0)",
                  shape({heads, "n", d}));
    }
    return all;
  };
  std::string code = line(std::string("qkv = x @ W_qkv") + (bias ? " + b_qkv" : ""),
                          shape({"n", number(config.qkv_width())}));
  code += "q, k, v = qkv.split([" + width + ", " + keys + ", " + keys + "], -1)\n";
  code += reshaped("q", heads, false) + reshaped("k", pairs, true) + reshaped("v", pairs, true);
  if (turns) code += line("q, k = rotate(q), rotate(k)", "by position");
  code += line("scores = q @ k.transpose(1, 2) / " + d + " ** 0.5", shape({heads, "n", "n"}));
  if (config.causal) code += line("scores = scores + mask", "-inf: the future");
  code += line("z = torch.softmax(scores, -1) @ v", shape({heads, "n", d}));
  code += line("z = z.transpose(0, 1).reshape(n, " + width + ")", shape({"n", width}));
  return code;
}

}  // namespace headlight
