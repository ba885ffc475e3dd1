#pragma once

#include <filesystem>
#include <string>

#include "model.h"

namespace headlight {

/// What a model is, as 32 hexadecimal digits: XXH3 (128 bits) of the files that it was loaded from,
/// names and bytes (of a folder: weights, config and tokenizer's files, however the folder is
/// called). Of a model made in memory, or whose files have changed since it was loaded, of its shape
/// and weights. Two models with the same hash have the same heads. It is no protection against
/// forgery. Throws LoadError when a file cannot be read.
std::string content_hash(const Model& model);

/// Names, sizes, times and numbers of the files that content_hash reads: another text when one of
/// them was replaced. Empty where there are none.
std::string file_stamp(const std::filesystem::path& model);

/// Whether the files that the model was loaded from have changed, or gone, since.
bool files_changed(const Model& model);

}  // namespace headlight
