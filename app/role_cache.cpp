#include "role_cache.h"

#include <stdexcept>

#include "assets_path.h"
#include "battery.h"
#include "cache_folder.h"
#include "file_io.h"
#include "role_report.h"

namespace headlight {
namespace fs = std::filesystem;
namespace {

fs::path cached_file(const std::string& hash, const char* ending) {
  const fs::path cache = cache_folder();
  if (cache.empty()) return {};
  return cache / "roles" / (hash + "-" + std::to_string(battery_version) + ending);
}

std::optional<RoleReport> fitting(const fs::path& file, const std::string& hash) try {
  std::error_code error;
  if (file.empty() || !fs::is_regular_file(file, error)) return std::nullopt;
  RoleReport report = read_role_report(file);
  if (report.model_hash != hash || report.battery != battery_version) return std::nullopt;
  return report;
} catch (const LoadError&) {
  return std::nullopt;
}

bool is_built_in(const fs::path& model) try {
  std::error_code error;
  if (model.empty()) return false;
  const fs::path parent = fs::absolute(model, error).parent_path();
  return fs::equivalent(parent, assets_folder() / "models", error) ||
         fs::equivalent(parent, variants_folder(), error);
} catch (const std::runtime_error&) {  // There are no assets.
  return false;
}

}  // namespace

std::optional<RoleReport> stored_roles(const Model& model, const std::string& hash) {
  fs::path folder = model.path;
  if (!folder.empty() && !folder.has_filename()) folder = folder.parent_path();  // "mini-gpt/"
  if (is_built_in(folder))
    if (auto report = fitting(folder / "roles.json", hash)) return report;
  return fitting(cached_file(hash, ".json"), hash);
}

void store_roles(const RoleReport& report) {
  const fs::path file = cached_file(report.model_hash, ".json");
  if (file.empty())
    throw std::runtime_error("there is no cache folder: set HOME or XDG_CACHE_HOME");
  std::error_code error;
  fs::create_directories(file.parent_path(), error);
  write_file(file, role_report_json(report));
  fs::remove(cached_file(report.model_hash, ".partial"), error);
}

fs::path partial_roles(const std::string& hash) {
  const fs::path file = cached_file(hash, ".partial");
  if (file.empty()) return {};
  std::error_code error;
  fs::create_directories(file.parent_path(), error);
  return error ? fs::path() : file;
}

}  // namespace headlight
