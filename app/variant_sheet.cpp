#include "variant_sheet.h"

#include <algorithm>
#include <chrono>
#include <limits>
#include <map>
#include <nlohmann/json.hpp>

#include "content_hash.h"
#include "design_text.h"
#include "input_options.h"
#include "json_file.h"
#include "pass.h"
#include "role_cache.h"
#include "run_command.h"

namespace headlight {
namespace {

namespace fs = std::filesystem;
using Json = nlohmann::json;

constexpr int tile_size = 24;

// A file that may be missing, or not be what it should: then there are no such figures.
Json figures(const fs::path& file) {
  std::error_code error;
  if (!fs::is_regular_file(file, error)) return {};
  try {
    return read_json(file);
  } catch (const LoadError&) {
    return {};
  }
}

std::optional<double> number(const Json& object, const char* key) {
  const auto found = object.is_object() ? object.find(key) : object.end();
  if (!object.is_object() || found == object.end() || !found->is_number()) return std::nullopt;
  return found->get<double>();
}

std::string text_of(const Json& object, const char* key) {
  return object.contains(key) && object[key].is_string() ? object[key].get<std::string>() : "";
}

std::vector<VariantClaim> read_claims(const fs::path& file) {
  std::vector<VariantClaim> claims;
  const Json json = figures(file);
  if (!json.is_object() || !json.contains("claims") || !json["claims"].is_array()) return claims;
  for (const Json& item : json["claims"]) {
    if (!item.is_object()) continue;
    claims.push_back({text_of(item, "claim"), text_of(item, "verdict"), text_of(item, "measured")});
  }
  return claims;
}

// The text's tokens, cut to what the model takes.
void run_on(const std::string& text, Variant& variant) {
  using Clock = std::chrono::steady_clock;
  InputOptions options;
  options.text = text;
  std::string notice;
  const Input input = given_input(*variant.model, options, notice);
  double least = std::numeric_limits<double>::infinity();
  for (int i = 0; i < 5; ++i) {
    const Clock::time_point begin = Clock::now();
    Trace trace = run(*variant.model, input);
    least = std::min(least, std::chrono::duration<double, std::milli>(Clock::now() - begin).count());
    if (i == 0) variant.trace = std::make_shared<const Trace>(std::move(trace));
  }
  variant.ms_per_token = least / variant.trace->size();
  variant.heads = std::make_shared<const SummariesByKind>(summarize(*variant.trace, tile_size));
}

}  // namespace

const HeadStats* Variant::stats(HeadId id) const {
  if (model == nullptr || !model->config.has(id)) return nullptr;
  if (roles) {
    const HeadRoles* head = find_head(*roles, id);
    return head == nullptr ? nullptr : &head->stats;
  }
  if (heads == nullptr) return nullptr;
  return &heads->at(id.kind).stats[static_cast<std::size_t>(id.layer * model->config.heads + id.head)];
}

VariantSheetMaker::VariantSheetMaker(fs::path folder, std::string text, const VariantSheet* earlier) {
  sheet_.text = std::move(text);
  if (earlier != nullptr) known_ = earlier->variants;
  std::error_code error;
  for (fs::directory_iterator entry(folder, error), end; !error && entry != end;
       entry.increment(error)) {
    if (fs::is_regular_file(entry->path() / "config.json", error)) folders_.push_back(entry->path());
  }
  std::sort(folders_.begin(), folders_.end(), [](const fs::path& a, const fs::path& b) {
    return std::pair(a.filename() != "standard", a) < std::pair(b.filename() != "standard", b);
  });
  sheet_.claims = read_claims(folder / "claims.json");
  const Json measured = figures(folder / "measured.json");
  sheet_.bigram_loss = number(measured, "bigram_loss");
  for (const fs::path& path : folders_) {
    Variant& variant = sheet_.variants.emplace_back();
    variant.name = path.filename().string();
    if (!measured.is_object() || !measured.contains("variants")) continue;
    const Json& all = measured["variants"];
    if (!all.is_object() || !all.contains(variant.name)) continue;
    const Json& own = all[variant.name];
    variant.validation_loss = number(own, "validation_loss");
    variant.loss_error = number(own, "validation_loss_standard_error");
    variant.tokens_seen = number(own, "tokens_seen");
  }
}

bool VariantSheetMaker::step() {
  if (done_ >= folders_.size()) return false;
  const fs::path& path = folders_[done_];
  Variant& variant = sheet_.variants[done_++];
  try {
    const auto known = std::find_if(known_.begin(), known_.end(), [&](const Variant& earlier) {
      return earlier.name == variant.name && earlier.model != nullptr;
    });
    if (known != known_.end()) {
      variant.model = known->model;
      variant.roles = known->roles;
    } else {
      auto model = std::make_shared<const Model>(load_model(path));
      variant.roles = stored_roles(*model, content_hash(*model));
      variant.model = std::move(model);
    }
    variant.design = design_text(*variant.model);
    variant.cost = model_cost(*variant.model, VariantSheet::cost_tokens);
    run_on(sheet_.text, variant);
  } catch (const std::exception& error) {
    variant.problem = as_sentence(plain_sentence(error));
    variant.trace = nullptr;
    variant.heads = nullptr;
  }
  return done_ < folders_.size();
}

float VariantSheetMaker::fraction() const {
  return folders_.empty() ? 1.0f
                          : static_cast<float>(done_) / static_cast<float>(folders_.size());
}

}  // namespace headlight
