#include "config_file.h"

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <limits>
#include <nlohmann/json.hpp>

#include "json_file.h"
#include "mapped_file.h"

namespace headlight {

ConfigFile::ConfigFile(const std::filesystem::path& file)
    : file_(file), json_(std::make_shared<const nlohmann::json>(read_json(file))) {}

void ConfigFile::refuse(const std::string& key, const std::string& what) const {
  throw load_error(file_, prefix_ + key, what);
}

const nlohmann::json* ConfigFile::find(const std::string& key) const {
  const auto at = json_->find(key);
  return at == json_->end() || at->is_null() ? nullptr : &*at;
}

bool ConfigFile::has(const std::string& key) const { return find(key) != nullptr; }

int ConfigFile::integer(const std::string& key, std::optional<int> fallback) const {
  const nlohmann::json* value = find(key);
  if (!value && fallback) return *fallback;
  if (!value) refuse(key, "is missing");
  constexpr int largest = std::numeric_limits<int>::max();
  if (!value->is_number_integer()) refuse(key, "expected a whole number, got " + value->dump());
  if (*value < 0 || *value > largest) refuse(key, "is out of range: " + value->dump());
  return value->get<int>();
}

float ConfigFile::number(const std::string& key, std::optional<float> fallback) const {
  const nlohmann::json* value = find(key);
  if (!value && fallback) return *fallback;
  if (!value) refuse(key, "is missing");
  if (!value->is_number()) refuse(key, "expected a number, got " + value->dump());
  const auto number = value->get<double>();
  if (std::abs(number) > std::numeric_limits<float>::max()) {
    refuse(key, "is out of range: " + value->dump());
  }
  return static_cast<float>(number);
}

std::string ConfigFile::text(const std::string& key, std::optional<std::string> fallback) const {
  const nlohmann::json* value = find(key);
  if (!value && fallback) return *fallback;
  if (!value) refuse(key, "is missing");
  if (!value->is_string()) refuse(key, "expected a text, got " + value->dump());
  return value->get<std::string>();
}

bool ConfigFile::flag(const std::string& key, bool fallback) const {
  const nlohmann::json* value = find(key);
  if (!value) return fallback;
  if (!value->is_boolean()) refuse(key, "expected true or false, got " + value->dump());
  return value->get<bool>();
}

std::vector<int> ConfigFile::integers(const std::string& key) const {
  const nlohmann::json* value = find(key);
  if (!value) refuse(key, "is missing");
  if (!value->is_array()) return {integer(key)};
  std::vector<int> list;
  for (const nlohmann::json& item : *value) {
    if (!item.is_number_integer() || item < 0 || item > std::numeric_limits<int>::max()) {
      refuse(key, "expected a list of whole numbers, got " + value->dump());
    }
    list.push_back(item.get<int>());
  }
  return list;
}

std::vector<float> ConfigFile::numbers(const std::string& key) const {
  const nlohmann::json* value = find(key);
  if (!value) refuse(key, "is missing");
  std::vector<float> list;
  for (const nlohmann::json& item : *value) {
    if (!value->is_array() || !item.is_number()) refuse(key, "expected a list of numbers");
    list.push_back(item.get<float>());
  }
  return list;
}

std::vector<std::string> ConfigFile::texts(const std::string& key) const {
  const nlohmann::json* value = find(key);
  if (!value) refuse(key, "is missing");
  std::vector<std::string> list;
  for (const nlohmann::json& item : *value) {
    if (!value->is_array() || !item.is_string()) refuse(key, "expected a list of texts");
    list.push_back(item.get<std::string>());
  }
  return list;
}

ConfigFile ConfigFile::section(const std::string& key) const {
  const nlohmann::json* value = find(key);
  if (!value) refuse(key, "is missing");
  if (!value->is_object()) refuse(key, "expected an object, got " + value->dump());
  return within(*value, key);
}

ConfigFile ConfigFile::within(const nlohmann::json& object, const std::string& name) const {
  ConfigFile section;
  section.file_ = file_;
  section.json_ = std::shared_ptr<const nlohmann::json>(json_, &object);
  section.prefix_ = prefix_ + name + ".";
  return section;
}

std::vector<std::vector<ConfigFile>> ConfigFile::nested_sections(const std::string& key) const {
  const nlohmann::json* value = find(key);
  if (!value) refuse(key, "is missing");
  const auto list = [&](const nlohmann::json& items, const std::string& name) {
    std::vector<ConfigFile> sections;
    for (std::size_t i = 0; i < items.size(); ++i) {
      const std::string at = name + "[" + std::to_string(i) + "]";
      if (!items[i].is_object()) refuse(at, "expected an object, got " + items[i].dump());
      sections.push_back(within(items[i], at));
    }
    return sections;
  };
  if (!value->is_array() || value->empty()) refuse(key, "expected a list of objects");
  if (!value->front().is_array()) return {list(*value, key)};
  std::vector<std::vector<ConfigFile>> lists;
  for (std::size_t i = 0; i < value->size(); ++i) {
    const std::string at = key + "[" + std::to_string(i) + "]";
    if (!(*value)[i].is_array()) refuse(at, "expected a list of objects");
    lists.push_back(list((*value)[i], at));
  }
  return lists;
}

void ConfigFile::refuse_unknown(const std::vector<std::string>& known) const {
  for (const auto& [key, value] : json_->items()) {
    if (std::find(known.begin(), known.end(), key) != known.end()) continue;
    std::string names;
    for (const std::string& name : known) names += (names.empty() ? "" : ", ") + name;
    refuse(key, "is not known; known are " + names);
  }
}

}  // namespace headlight
