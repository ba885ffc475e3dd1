#pragma once

#include <cstdlib>
#include <filesystem>
#include <optional>

namespace headlight::test {

/// The root of the source tree.
inline std::filesystem::path source_dir() { return HEADLIGHT_SOURCE_DIR; }

/// Files that belong to the tests.
inline std::filesystem::path test_data() { return source_dir() / "tests" / "data"; }

/// The reference data beside the source tree, or where HEADLIGHT_SHARED_DATA says; none where it is
/// missing: a test that needs it then says so and is skipped.
inline std::optional<std::filesystem::path> shared_data() {
  const char* named = std::getenv("HEADLIGHT_SHARED_DATA");
  const std::filesystem::path folder = named ? named : source_dir() / ".." / "shared" / "data";
  std::error_code error;
  if (!std::filesystem::is_directory(folder, error)) return std::nullopt;
  return folder;
}

}  // namespace headlight::test
