#include "parameters_table.h"

#include <array>
#include <cstdio>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "free_memory.h"

namespace headlight {
namespace {

using Json = nlohmann::ordered_json;

constexpr std::array<const char*, 3> sharing_names = {"mha", "gqa", "mqa"};
constexpr std::array<int, 4> lengths = {1024, 8192, 65536, 0};

Json describe(const ParameterCounts& model) {
  Json json = {{"name", model.name}};
  if (!model.source.empty()) json["source"] = model.source;
  if (model.encoder_layers > 0) json["encoder_layers"] = model.encoder_layers;
  json.update({{"layers", model.layers},
               {"heads", model.heads},
               {"key_value_heads", model.key_value_heads},
               {"d_model", model.d_model},
               {"d_head", model.d_head},
               {"parameters", model.total()},
               {"attention", model.attention()}});
  for (int i = 0; i < parameter_parts; ++i) {
    const auto part = static_cast<ParameterPart>(i);
    json["parts"][name_of(part)] = {{"count", model.of(part).count},
                                    {"formula", model.of(part).formula}};
  }
  if (!model.causal) return json;
  for (const int length : lengths) {
    const CacheMemory memory = cache_memory(model, length);
    Json entry = {{"tokens", memory.tokens}, {"beyond_context", memory.beyond_context}};
    for (std::size_t i = 0; i < sharing_names.size(); ++i) {
      entry[sharing_names[i]] = {{"key_value_heads", memory.key_value_heads[i]},
                                 {"bytes", memory.bytes[i]}};
    }
    entry["own"] = sharing_names[static_cast<std::size_t>(memory.own)];
    json["cache"].push_back(entry);
  }
  return json;
}

std::string share_of(std::size_t count, std::size_t total) {
  char text[24];
  std::snprintf(text, sizeof text, "%.1f",
                100.0 * static_cast<double>(count) / static_cast<double>(total));
  return text;
}

void print_counts(const std::vector<ParameterCounts>& models) {
  std::printf("%-20s", "");
  for (const ParameterCounts& model : models) std::printf(" %16.16s", model.name.c_str());
  const auto line = [&](const char* name, auto number) {
    std::printf("\n%-20s", name);
    for (const ParameterCounts& model : models) std::printf(" %16s", number(model).c_str());
  };
  line("layers", [](const ParameterCounts& m) {
    return (m.encoder_layers > 0 ? std::to_string(m.encoder_layers) + " + " : "") +
           std::to_string(m.layers);
  });
  line("heads", [](const ParameterCounts& m) { return std::to_string(m.heads); });
  line("d_model", [](const ParameterCounts& m) { return std::to_string(m.d_model); });
  line("d_head", [](const ParameterCounts& m) { return std::to_string(m.d_head); });
  line("parameters", [](const ParameterCounts& m) { return std::to_string(m.total()); });
  for (int i = 0; i < parameter_parts; ++i) {
    const auto part = static_cast<ParameterPart>(i);
    line((std::string("  % ") + name_of(part)).c_str(),
         [&](const ParameterCounts& m) { return share_of(m.of(part).count, m.total()); });
  }
  line("  % attention",
       [](const ParameterCounts& m) { return share_of(m.attention(), m.total()); });
  std::printf("\n");
}

void print_caches(const std::vector<ParameterCounts>& models) {
  std::printf("\nKey-value cache, 2 bytes a number; (*) longer than the model was made for\n");
  for (const int length : lengths) {
    const std::string at = length > 0 ? std::to_string(length) + " tokens" : "its context";
    for (std::size_t i = 0; i < sharing_names.size(); ++i) {
      std::printf("%-12s %-7s", i == 0 ? at.c_str() : "", sharing_names[i]);
      for (const ParameterCounts& model : models) {
        const CacheMemory memory = cache_memory(model, length);
        std::string text =
            model.causal ? byte_size(static_cast<std::uint64_t>(memory.bytes[i])) : "-";
        if (model.causal && memory.beyond_context) text += "*";
        std::printf(" %16s", text.c_str());
      }
      std::printf("\n");
    }
  }
}

}  // namespace

const char* name_of(ParameterPart part) {
  constexpr std::array<const char*, parameter_parts> names = {
      "token_embedding", "positions",  "q",      "k",    "v", "w_o", "mlp",
      "norms",           "final_norm", "output", "other"};
  return names[static_cast<std::size_t>(part)];
}

void print_parameters(const Model& model, bool json) {
  std::vector<ParameterCounts> models = {parameter_counts(model)};
  for (const KnownModel& known : known_models()) models.push_back(parameter_counts(known));
  if (!json) {
    print_counts(models);
    print_caches(models);
    return;
  }
  Json all = describe(models.front());
  for (std::size_t i = 1; i < models.size(); ++i) all["known"].push_back(describe(models[i]));
  const auto replace = Json::error_handler_t::replace;
  std::printf("%s\n", all.dump(2, ' ', false, replace).c_str());
}

}  // namespace headlight
