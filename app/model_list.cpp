#include "model_list.h"

#include <algorithm>
#include <set>
#include <system_error>

#include "assets_path.h"
#include "recent_models.h"

namespace headlight {
namespace {

namespace fs = std::filesystem;

// The same place has one name, however it was reached.
fs::path whole_path(const fs::path& path) {
  std::error_code error;
  const fs::path whole = fs::weakly_canonical(path, error);
  return error ? path : whole;
}

// Without its assets the program still opens the user's models.
fs::path built_in_folder() {
  try {
    return assets_folder() / "models";
  } catch (const std::exception&) {
    return {};
  }
}

std::vector<ModelInfo> models_in(const fs::path& folder) {
  std::vector<ModelInfo> models;
  std::error_code error;
  for (fs::directory_iterator entry(folder, error), end; !error && entry != end;
       entry.increment(error)) {
    if (auto info = model_info(entry->path())) models.push_back(std::move(*info));
  }
  const std::string first(default_model);
  std::sort(models.begin(), models.end(), [&](const ModelInfo& a, const ModelInfo& b) {
    return std::pair(a.name != first, a.name) < std::pair(b.name != first, b.name);
  });
  return models;
}

}  // namespace

ModelList list_models() {
  ModelList list;
  std::set<fs::path> listed;
  const auto add = [&](std::vector<ModelInfo>& to, ModelInfo info) {
    if (listed.insert(whole_path(info.path)).second) to.push_back(std::move(info));
  };
  const fs::path built_in = built_in_folder();
  for (ModelInfo& info : models_in(built_in)) add(list.built_in, std::move(info));
  for (ModelInfo& info : models_in(built_in / "variants")) add(list.variants, std::move(info));
  for (const fs::path& path : recent_models()) {
    if (auto info = model_info(path)) add(list.recent, std::move(*info));
  }
  for (ModelInfo& info : models_in_cache()) add(list.cached, std::move(info));
  return list;
}

}  // namespace headlight
