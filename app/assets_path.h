#pragma once

#include <filesystem>
#include <string>

namespace headlight {

/// Where the program's models and other assets are: $HEADLIGHT_ASSETS, else `../assets` beside the
/// program's folder, else `assets` of the source tree it was built from, else
/// `../share/headlight/assets`. Throws std::runtime_error when there is none.
std::filesystem::path assets_folder();

/// The folder of a model as the user names it: a folder, one of its files (config.json,
/// model.safetensors), or the name of a built-in model; empty: the built-in default.
/// Throws LoadError when there is no such model.
std::filesystem::path model_folder(const std::string& model);

}  // namespace headlight
