#include "info_command.h"

#include <algorithm>
#include <cstdio>
#include <nlohmann/json.hpp>
#include <set>
#include <string>

#include "assets_path.h"
#include "attention_file.h"
#include "design_text.h"
#include "free_memory.h"
#include "input.h"
#include "model_folder.h"
#include "parameters_table.h"
#include "token_label.h"

namespace headlight {
namespace {

using Json = nlohmann::ordered_json;

const char* name_of(NormKind norm) { return norm == NormKind::rms_norm ? "RMSNorm" : "LayerNorm"; }
const char* name_of(NormPlace place) { return place == NormPlace::post ? "post" : "pre"; }

const char* name_of(PositionKind position) {
  return position == PositionKind::rotary ? "rotary" : "learned";
}

const char* name_of(MlpKind mlp) {
  switch (mlp) {
    case MlpKind::gelu_erf:
      return "GELU (erf)";
    case MlpKind::relu:
      return "ReLU";
    case MlpKind::silu:
      return "SiLU";
    case MlpKind::swiglu:
      return "SwiGLU";
    default:
      return "GELU (tanh)";
  }
}

const char* name_of(ModelConfig::Predicts predicts) {
  switch (predicts) {
    case ModelConfig::Predicts::next_token:
      return "the next token";
    case ModelConfig::Predicts::masked_token:
      return "masked tokens";
    default:
      return "nothing";
  }
}

const char* kind_of(const Model& model) {
  if (model.recorded) return "attention file";
  if (model.config.encoder_decoder()) return "encoder-decoder";
  return model.config.causal ? "causal" : "bidirectional";
}

Json texts_of(const std::vector<Token>& tokens) {
  Json texts = Json::array();
  for (const Token& token : tokens) texts.push_back(token.text);
  return texts;
}

Json describe_recorded(const Model& model) {
  const RecordedAttention& recorded = *model.recorded;
  const Input input = recorded_input(recorded);
  Json json = {{"name", model.name},      {"path", model.path.string()},
               {"kind", kind_of(model)},  {"layers", recorded.layers},
               {"heads", recorded.heads}, {"queries", recorded.queries},
               {"keys", recorded.keys}};
  if (input.source.empty()) {
    json["tokens"] = texts_of(input.tokens);
  } else {
    json["query_tokens"] = texts_of(input.tokens);
    json["key_tokens"] = texts_of(input.source);
  }
  if (!recorded.token_ids.empty()) json["token_ids"] = recorded.token_ids;
  if (!recorded.notice.empty()) json["notice"] = recorded.notice;
  return json;
}

Json describe(const Model& model) {
  if (model.recorded) return describe_recorded(model);
  const ModelConfig& config = model.config;
  Json json = {{"name", model.name},
               {"path", model.path.string()},
               {"kind", kind_of(model)},
               {"family", config.family},
               {"layers", config.layers},
               {"heads", config.heads},
               {"key_value_heads", config.key_value_heads}};
  if (config.encoder_decoder()) {
    json["encoder_layers"] = config.encoder_layers;
    json["encoder_heads"] = config.encoder_heads;
    json["encoder_d_ff"] = config.encoder_d_ff;
  }
  json.update({{"d_model", config.d_model},
               {"d_head", config.d_head},
               {"d_ff", config.d_ff},
               {"vocabulary", config.vocabulary},
               {"context", config.context},
               {"positions", name_of(config.position)},
               {"norm", name_of(config.norm)},
               {"norm_place", name_of(config.norm_place)},
               {"mlp", name_of(config.mlp)},
               {"causal", config.causal}});
  if (!config.windows.empty()) json["windows"] = config.windows;
  if (config.family == "headlight") json["heads_made"] = design_text(model);
  json["predicts"] = name_of(config.predicts);
  json["tokenizer"] = model.tokenizer.has_value();
  json["parameters"] = model.parameters();
  json["weights_bytes"] = model.parameters() * sizeof(float);
  return json;
}

void print_line(const std::string& label, const std::string& value) {
  std::printf("%-16s %s\n", label.c_str(), value.c_str());
}

std::string by(int a, int b) { return std::to_string(a) + " x " + std::to_string(b); }

// "1 234 567", which is read faster than 1234567.
std::string grouped(std::size_t number) {
  std::string digits = std::to_string(number);
  for (std::size_t at = digits.size(); at > 3; at -= 3) digits.insert(at - 3, " ");
  return digits;
}

// "4096 tokens", with the layers that have one where not all have the same.
std::string window_words(const std::vector<int>& windows) {
  std::string words;
  for (int window : std::set<int>(windows.begin(), windows.end())) {
    if (window == 0) continue;
    const auto layers = std::count(windows.begin(), windows.end(), window);
    words += (words.empty() ? "" : ", ") + std::to_string(window) + " tokens";
    if (layers < static_cast<std::ptrdiff_t>(windows.size()))
      words +=
          " in " + std::to_string(layers) + " of " + std::to_string(windows.size()) + " layers";
  }
  return words;
}

std::string token_words(const std::vector<Token>& tokens) {
  constexpr std::size_t most = 40;
  std::string words;
  for (std::size_t i = 0; i < std::min(tokens.size(), most); ++i)
    words += (i ? "  " : "") + token_label(tokens[i], 40);
  if (tokens.size() > most) words += "  and " + std::to_string(tokens.size() - most) + " more";
  return words;
}

void print_recorded(const Model& model) {
  const RecordedAttention& recorded = *model.recorded;
  const Input input = recorded_input(recorded);
  print_line("layers x heads", by(recorded.layers, recorded.heads));
  print_line("queries x keys", by(recorded.queries, recorded.keys));
  print_line(input.source.empty() ? "tokens" : "query tokens", token_words(input.tokens));
  if (!input.source.empty()) print_line("key tokens", token_words(input.source));
  if (!recorded.notice.empty()) print_line("notice", recorded.notice);
}

void print_config(const Model& model) {
  const ModelConfig& config = model.config;
  const bool two_stacks = config.encoder_decoder();
  if (two_stacks)
    print_line("layers x heads", "encoder " + by(config.encoder_layers, config.encoder_heads) +
                                     ", decoder " + by(config.layers, config.heads));
  else
    print_line("layers x heads", by(config.layers, config.heads));
  if (config.key_value_heads < config.heads)
    print_line("key-value heads", std::to_string(config.key_value_heads));
  print_line("d_model", std::to_string(config.d_model));
  print_line("d_head", std::to_string(config.d_head));
  const std::string d_ff = std::to_string(config.d_ff);
  print_line("d_ff", two_stacks && config.encoder_d_ff != config.d_ff
                         ? "encoder " + std::to_string(config.encoder_d_ff) + ", decoder " + d_ff
                         : d_ff);
  print_line("MLP", name_of(config.mlp));
  print_line("norm", std::string(name_of(config.norm)) + (config.norm_place == NormPlace::pre
                                                              ? ", before each part (pre)"
                                                              : ", after each part (post)"));
  print_line("positions", name_of(config.position));
  if (const std::string words = window_words(config.windows); !words.empty())
    print_line("window", words);
  print_line("context", std::to_string(config.context) + " tokens");
  print_line("vocabulary", std::to_string(config.vocabulary) + " tokens" +
                               (model.tokenizer ? "" : ", no tokenizer: it takes ids"));
  print_line("predicts", name_of(config.predicts));
  if (config.family == "headlight") print_line("heads made", design_text(model));
  print_line("parameters", grouped(model.parameters()));
  print_line("memory", byte_size(model.parameters() * sizeof(float)) + " of weights");
}

// What a config says of a model that does not open, as one that is too large for the memory.
void print_closed(const ModelInfo& info) {
  print_line("name", info.name);
  print_line("path", info.path.string());
  print_line("kind", info.kind);
  const std::string heads = by(info.layers, info.heads);
  if (info.layers > 0)
    print_line("layers x heads",
               info.encoder_layers > 0 ? std::to_string(info.encoder_layers) + " + " + heads : heads);
  print_line("files", byte_size(info.bytes));
}

Model opened(const InfoOptions& options) {
  const std::filesystem::path path = model_path(options.model);
  try {
    return load_model(path);
  } catch (const LoadError&) {
    const auto info = model_info(path);
    if (info && !options.json) print_closed(*info);
    throw;
  }
}

}  // namespace

int run_info(const InfoOptions& options) {
  const Model model = opened(options);
  if (options.parameters) {
    print_parameters(model, options.json);
    return 0;
  }
  if (options.json) {
    const auto replace = Json::error_handler_t::replace;
    std::printf("%s\n", describe(model).dump(2, ' ', false, replace).c_str());
    return 0;
  }
  const bool family = !model.recorded;
  print_line("name", model.name);
  print_line("path", model.path.string());
  print_line("kind", kind_of(model) + (family ? ", " + model.config.family : std::string()));
  if (model.recorded)
    print_recorded(model);
  else
    print_config(model);
  return 0;
}

}  // namespace headlight
