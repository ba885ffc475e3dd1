#pragma once

#include <filesystem>
#include <memory>
#include <string>
#include <string_view>

#include "errors.h"

namespace headlight {

/// A file's bytes, memory-mapped read-only; copies share the mapping.
class MappedFile {
 public:
  /// Throws LoadError when the file is missing, a folder, not a plain file, or may not be read.
  explicit MappedFile(const std::filesystem::path& file);

  const std::filesystem::path& path() const { return path_; }
  std::string_view bytes() const { return bytes_; }

 private:
  std::filesystem::path path_;
  std::shared_ptr<const void> mapping_;
  std::string_view bytes_;
};

/// The sentence `<file>: <part>: <what>`, on one line; an empty part is left out.
LoadError load_error(const std::filesystem::path& file, std::string_view part,
                     std::string_view what);

}  // namespace headlight
