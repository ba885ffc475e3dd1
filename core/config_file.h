#pragma once

#include <filesystem>
#include <memory>
#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>
#include <vector>

#include "errors.h"

namespace headlight {

/// A model's config.json, read by key. Every reader throws LoadError, naming the file and the key,
/// when the value is of another type, and, without a fallback, when it is missing or null.
class ConfigFile {
 public:
  explicit ConfigFile(const std::filesystem::path& file);  ///< Throws LoadError.

  const std::filesystem::path& file() const { return file_; }
  bool has(const std::string& key) const;  ///< Present and not null.

  int integer(const std::string& key, std::optional<int> fallback = {}) const;
  float number(const std::string& key, std::optional<float> fallback = {}) const;
  std::string text(const std::string& key, std::optional<std::string> fallback = {}) const;
  bool flag(const std::string& key, bool fallback) const;
  /// A whole number, or a list of them.
  std::vector<int> integers(const std::string& key) const;
  std::vector<float> numbers(const std::string& key) const;      ///< A list.
  std::vector<std::string> texts(const std::string& key) const;  ///< A list.
  ConfigFile section(const std::string& key) const;  ///< A nested object.
  /// A list of objects, as the only inner list, or a list of such lists.
  std::vector<std::vector<ConfigFile>> nested_sections(const std::string& key) const;
  /// Refuses a key that is none of these: one that is misspelt would be left out in silence.
  void refuse_unknown(const std::vector<std::string>& known) const;

  /// Throws LoadError: `<file>: <key>: <what>`.
  [[noreturn]] void refuse(const std::string& key, const std::string& what) const;

 private:
  ConfigFile() = default;
  const nlohmann::json* find(const std::string& key) const;
  ConfigFile within(const nlohmann::json& object, const std::string& name) const;

  std::filesystem::path file_;
  std::shared_ptr<const nlohmann::json> json_;
  std::string prefix_;  // "rope_parameters." inside that section.
};

}  // namespace headlight
