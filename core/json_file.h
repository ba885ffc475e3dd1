#pragma once

#include <filesystem>
#include <nlohmann/json_fwd.hpp>

#include "errors.h"

namespace headlight {

/// A JSON file whose top level is an object. Throws LoadError when it cannot be read, is not JSON,
/// is larger than 64 MB or nested deeper than 32, or names a key twice in one object.
nlohmann::json read_json(const std::filesystem::path& file);

}  // namespace headlight
