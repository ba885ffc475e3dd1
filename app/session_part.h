#pragma once

#include <charconv>
#include <cmath>
#include <cstdint>
#include <nlohmann/json.hpp>
#include <string>
#include <utility>

#include "errors.h"

namespace headlight {

using Json = nlohmann::json;

inline constexpr int largest_index = 1'000'000'000;

/// How a session's file names a choice.
template <typename Enum>
struct Name {
  Enum value;
  const char* name;
};

template <typename Enum, std::size_t count>
const char* name_of(Enum value, const Name<Enum> (&names)[count]) {
  for (const auto& entry : names)
    if (entry.value == value) return entry.name;
  return names[0].name;
}

/// The double that prints as the float does: 0.1f as 0.1, not as 0.100000001490116.
inline double shortest(float value) {
  char digits[32];
  const auto end = std::to_chars(digits, digits + sizeof digits, value).ptr;
  double result = 0.0;
  std::from_chars(digits, end, result);
  return result;
}

/// A value inside a session's file, with the path that leads to it: "edits[2].gain".
class Part {
 public:
  Part(const Json& json, const std::string& source, std::string path)
      : json_(json), source_(source), path_(std::move(path)) {}

  [[noreturn]] void refuse(const std::string& what) const {
    throw LoadError(source_ + ": " + path_ + ": " + what);
  }

  template <typename Read>
  void member(const char* key, Read read) const {
    const auto found = json_.find(key);
    if (found != json_.end() && !found->is_null())
      read(Part(*found, source_, path_.empty() ? key : path_ + "." + key));
  }

  template <typename Read>
  void elements(Read read) const {
    if (!json_.is_array()) refuse("expected a list");
    for (std::size_t i = 0; i < json_.size(); ++i)
      read(Part(json_[i], source_, path_ + "[" + std::to_string(i) + "]"));
  }

  const Part& object() const {
    if (!json_.is_object()) refuse("expected an object");
    return *this;
  }

  std::string text() const {
    if (!json_.is_string()) refuse("expected a text");
    return json_.get<std::string>();
  }

  bool flag() const {
    if (!json_.is_boolean()) refuse("expected true or false");
    return json_.get<bool>();
  }

  int index() const {
    if (!json_.is_number_integer()) refuse("expected a whole number");
    const bool huge = json_.is_number_unsigned() && json_.get<std::uint64_t>() > largest_index;
    if (huge || json_.get<std::int64_t>() < 0)
      refuse("expected a number from 0 to " + std::to_string(largest_index));
    return json_.get<int>();
  }

  float number(float least, float most) const {
    if (!json_.is_number()) refuse("expected a number");
    const double value = json_.get<double>();
    if (!std::isfinite(value) || value < shortest(least) || value > shortest(most)) {
      const auto print = [](float bound) { return Json(shortest(bound)).dump(); };
      refuse("expected a number from " + print(least) + " to " + print(most));
    }
    return static_cast<float>(value);
  }

  template <typename Enum, std::size_t count>
  Enum choice(const Name<Enum> (&names)[count]) const {
    const std::string given = text();
    std::string expected;
    for (const auto& entry : names) {
      if (given == entry.name) return entry.value;
      expected += (expected.empty() ? "" : ", ") + std::string(entry.name);
    }
    refuse("expected one of " + expected);
  }

 private:
  const Json& json_;
  const std::string& source_;
  std::string path_;
};

}  // namespace headlight
