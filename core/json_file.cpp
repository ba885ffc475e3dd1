#include "json_file.h"

#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "mapped_file.h"

namespace headlight {

nlohmann::json read_json(const std::filesystem::path& file) {
  constexpr std::size_t largest = 64 << 20;
  constexpr int deepest = 32;
  const MappedFile mapped(file);
  const std::string_view bytes = mapped.bytes();
  if (bytes.empty()) throw load_error(file, "", "the file is empty");
  if (bytes.size() > largest)
    throw load_error(file, "", "larger than 64 MB: not a file of this kind");

  using Event = nlohmann::json::parse_event_t;
  std::vector<std::size_t> keys;  // How many each object that is still open has had.
  const auto check = [&](int depth, Event event, nlohmann::json& value) {
    switch (event) {
      case Event::object_start:
        keys.push_back(0);
        [[fallthrough]];
      case Event::array_start:
        if (depth >= deepest) throw load_error(file, "", "nested deeper than 32 levels");
        break;
      case Event::key:
        ++keys.back();
        break;
      case Event::object_end:
        if (value.size() != keys.back()) {
          throw load_error(file, "", "one object has the same key twice");
        }
        keys.pop_back();
        break;
      default:
        break;
    }
    return true;
  };
  try {
    nlohmann::json json = nlohmann::json::parse(bytes.begin(), bytes.end(), check);
    if (!json.is_object()) throw load_error(file, "", "not a JSON object");
    return json;
  } catch (const nlohmann::json::exception& error) {
    std::string what = error.what();  // "[json.exception.parse_error.101] parse error at ..."
    if (const std::size_t end = what.find("] "); end != std::string::npos) what.erase(0, end + 2);
    throw load_error(file, "", "not JSON: " + what);
  }
}

}  // namespace headlight
