#include "assets_path.h"

#include <cstdlib>
#include <stdexcept>
#include <vector>

#include "errors.h"

namespace headlight {
namespace fs = std::filesystem;
namespace {

fs::path program_folder() {
  std::error_code error;
  return fs::read_symlink("/proc/self/exe", error).parent_path();
}

}  // namespace

fs::path assets_folder() {
  std::error_code error;
  if (const char* given = std::getenv("HEADLIGHT_ASSETS"); given && *given) {
    if (fs::is_directory(given, error)) return given;
    throw std::runtime_error(std::string("HEADLIGHT_ASSETS names ") + given +
                             ", which is not a folder");
  }
  std::vector<fs::path> places;
  const fs::path program = program_folder();
  if (!program.empty()) places.push_back(program.parent_path() / "assets");
#ifdef HEADLIGHT_SOURCE_DIR
  places.push_back(fs::path(HEADLIGHT_SOURCE_DIR) / "assets");
#endif
  if (!program.empty()) places.push_back(program.parent_path() / "share/headlight/assets");
  for (const fs::path& place : places)
    if (fs::is_directory(place / "models", error)) return place;
  throw std::runtime_error(
      "the program's assets folder is missing: set HEADLIGHT_ASSETS to where it is");
}

fs::path variants_folder() { return assets_folder() / "models" / "variants"; }

fs::path model_path(const std::string& model) {
  std::error_code error;
  const fs::path given(model);
  if (!model.empty() && fs::exists(given, error)) return given;
  const bool plain_name = model.find('/') == std::string::npos && model != "." && model != "..";
  if (plain_name) {
    const fs::path name = model.empty() ? std::string(default_model) : model;
    for (const fs::path& folder : {assets_folder() / "models", variants_folder()}) {
      if (fs::is_directory(folder / name, error)) return folder / name;
    }
  }
  throw LoadError((model.empty() ? std::string(default_model) : model) +
                  ": there is no such model");
}

}  // namespace headlight
