#include "json_file.h"

#include <nlohmann/json.hpp>
#include <set>
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
  std::vector<std::set<std::string>> keys;  // Those seen in each object that is still open.
  const auto check = [&](int depth, Event event, nlohmann::json& value) {
    switch (event) {
      case Event::object_start:
        keys.emplace_back();
        [[fallthrough]];
      case Event::array_start:
        if (depth >= deepest) throw load_error(file, "", "nested deeper than 32 levels");
        break;
      case Event::object_end:
        keys.pop_back();
        break;
      case Event::key: {
        const auto& key = value.get_ref<const std::string&>();
        if (!keys.back().insert(key).second)
          throw load_error(file, key, "stands twice in the file");
        break;
      }
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
