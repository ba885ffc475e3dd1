#include "variants_command.h"

#include <cstdio>
#include <map>
#include <nlohmann/json.hpp>
#include <stdexcept>

#include "assets_path.h"
#include "variant_sheet.h"

namespace headlight {
namespace {

using Json = nlohmann::ordered_json;

struct LayerMeans {
  std::vector<double> distance, entropy;  // [layers]
};

LayerMeans layer_means(const Variant& variant) {
  LayerMeans means;
  const ModelConfig& config = variant.model->config;
  for (int layer = 0; layer < config.layers; ++layer) {
    double distance = 0.0, entropy = 0.0;
    for (int head = 0; head < config.heads; ++head) {
      const HeadStats* stats = variant.stats({layer, head});
      if (stats == nullptr) continue;
      distance += stats->distance / config.heads;
      entropy += stats->entropy / config.heads;
    }
    means.distance.push_back(distance);
    means.entropy.push_back(entropy);
  }
  return means;
}

std::map<std::string, int> role_counts(const Variant& variant) {
  std::map<std::string, int> counts;
  if (!variant.roles) return counts;
  for (const HeadRoles& head : variant.roles->heads) {
    std::string last;
    for (const RoleScore& score : head.scores) {
      if (!score.holds || role_name(score) == last) continue;
      ++counts[last = role_name(score)];
    }
  }
  return counts;
}

Json json_of(const Variant& variant) {
  Json row = {{"name", variant.name}};
  if (!variant.problem.empty()) {
    row["problem"] = variant.problem;
    return row;
  }
  row["design"] = variant.design;
  if (variant.validation_loss) row["validation_loss"] = *variant.validation_loss;
  if (variant.loss_error) row["validation_loss_standard_error"] = *variant.loss_error;
  if (variant.tokens_seen) row["tokens_seen"] = *variant.tokens_seen;
  row["parameters"] = variant.cost.parameters;
  row["cache_bytes_per_token"] = variant.cost.cache_bytes_per_token;
  row["cache_bytes_fixed"] = variant.cost.cache_bytes_fixed;
  row["multiplications_per_token"] = variant.cost.multiplications_per_token;
  row["ms_per_token"] = variant.ms_per_token;
  const LayerMeans means = layer_means(variant);
  row["mean_distance"] = means.distance;
  row["mean_entropy"] = means.entropy;
  row["roles"] = role_counts(variant);
  return row;
}

void print_table(const VariantSheet& sheet) {
  std::printf("%-20s %7s %7s %10s %9s %11s %9s  %s\n", "model", "loss", "+-", "parameters",
              "B/token", "fixed B", "us/token", "heads");
  for (const Variant& variant : sheet.variants) {
    if (!variant.problem.empty()) {
      std::printf("%-20s %s\n", variant.name.c_str(), variant.problem.c_str());
      continue;
    }
    char loss[32] = "", error[32] = "";
    if (variant.validation_loss) std::snprintf(loss, sizeof loss, "%.3f", *variant.validation_loss);
    if (variant.loss_error) std::snprintf(error, sizeof error, "%.3f", *variant.loss_error);
    std::printf("%-20s %7s %7s %10zu %9.0f %11.0f %9.0f  %s\n", variant.name.c_str(), loss, error,
                variant.cost.parameters, variant.cost.cache_bytes_per_token,
                variant.cost.cache_bytes_fixed, variant.ms_per_token * 1000.0,
                variant.design.c_str());
    std::printf("%-20s ", "");
    const LayerMeans means = layer_means(variant);
    std::printf("distance by layer");
    for (double value : means.distance) std::printf(" %.1f", value);
    std::printf("; entropy");
    for (double value : means.entropy) std::printf(" %.2f", value);
    std::printf("\n%-20s ", "");
    const char* separator = "roles: ";
    for (const auto& [name, count] : role_counts(variant)) {
      std::printf("%s%d %s", separator, count, name.c_str());
      separator = ", ";
    }
    std::printf("%s\n", variant.roles ? "" : "roles not measured");
  }
  if (sheet.bigram_loss) std::printf("%-20s %7.3f\n", "bigram", *sheet.bigram_loss);
  for (const VariantClaim& claim : sheet.claims) {
    std::printf("\n\"%s\" %s. %s\n", claim.claim.c_str(),
                claim.verdict.empty() ? "not measured" : claim.verdict.c_str(),
                claim.measured.c_str());
  }
}

}  // namespace

int run_variants(const VariantsOptions& options) {
  VariantSheetMaker maker(variants_folder(), options.text);
  while (maker.step()) {
  }
  const VariantSheet& sheet = maker.sheet();
  if (sheet.variants.empty()) {
    throw std::runtime_error("there are no variants in " + variants_folder().string());
  }
  if (!options.json) {
    print_table(sheet);
    return 0;
  }
  Json json = {{"text", sheet.text}, {"cost_tokens", VariantSheet::cost_tokens}};
  if (sheet.bigram_loss) json["bigram_loss"] = *sheet.bigram_loss;
  json["variants"] = Json::array();
  for (const Variant& variant : sheet.variants) json["variants"].push_back(json_of(variant));
  json["claims"] = Json::array();
  for (const VariantClaim& claim : sheet.claims) {
    json["claims"].push_back(
        {{"claim", claim.claim}, {"verdict", claim.verdict}, {"measured", claim.measured}});
  }
  std::printf("%s\n", json.dump(1, ' ', false, Json::error_handler_t::replace).c_str());
  return 0;
}

}  // namespace headlight
