#pragma once

#include <filesystem>
#include <string>
#include <string_view>

namespace headlight {

/// The built-in model that the program starts with.
inline constexpr std::string_view default_model = "mini-gpt";

/// Where the program's models and other assets are: $HEADLIGHT_ASSETS, else `../assets` beside the
/// program's folder, else `assets` of the source tree it was built from, else
/// `../share/headlight/assets`. Throws std::runtime_error when there is none.
std::filesystem::path assets_folder();

/// The models that differ only in how their heads are built, a folder each; may be missing.
std::filesystem::path variants_folder();

/// Where a model is, as the user names it: a folder, a file, or the name of a built-in model;
/// empty: the built-in default. Throws LoadError when there is no such model.
std::filesystem::path model_path(const std::string& model);

}  // namespace headlight
