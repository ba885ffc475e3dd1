#include "words_file.h"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "assets_path.h"
#include "json_file.h"
#include "json_node.h"

namespace headlight {
namespace fs = std::filesystem;

Words::Words(const fs::path& file) {
  const nlohmann::json json = read_json(file);
  for (const auto& [key, value] : JsonNode(file, json).members()) sentences_[key] = value.text();
}

std::string Words::get(std::string_view key) const {
  const auto found = sentences_.find(key);
  return found == sentences_.end() ? std::string(key) : found->second;
}

std::string Words::get(
    std::string_view key,
    std::initializer_list<std::pair<std::string_view, std::string>> values) const {
  const std::string sentence = get(key);
  std::string filled;
  for (std::size_t at = 0; at < sentence.size();) {
    const std::size_t end = sentence[at] == '{' ? sentence.find('}', at) : std::string::npos;
    const auto value =
        end == std::string::npos
            ? values.end()
            : std::find_if(values.begin(), values.end(), [&](const auto& pair) {
                return pair.first == std::string_view(sentence).substr(at + 1, end - at - 1);
              });
    if (value == values.end()) {
      filled += sentence[at++];
    } else {
      filled += value->second;
      at = end + 1;
    }
  }
  return filled;
}

std::vector<std::string> Words::keys() const {
  std::vector<std::string> keys;
  for (const auto& [key, sentence] : sentences_) keys.push_back(key);
  return keys;
}

std::string Words::all() const {
  std::string text;
  for (const auto& [key, sentence] : sentences_) text += sentence;
  return text;
}

fs::path words_folder() { return assets_folder() / "words" / "en"; }

const Words& window_words(const std::string& part) {
  static std::map<std::string, Words> read;
  const auto [place, is_new] = read.try_emplace(part);
  if (is_new) {
    try {
      place->second = Words(words_folder() / (part + ".json"));
    } catch (const std::exception&) {
      // The names stand for the sentences.
    }
  }
  return place->second;
}

const std::string& window_words_characters() {
  static const std::string characters = [] {
    std::string all;
    try {
      for (const auto& entry : fs::directory_iterator(words_folder())) {
        if (entry.path().extension() == ".json") all += window_words(entry.path().stem()).all();
      }
    } catch (const std::exception&) {
    }
    return all;
  }();
  return characters;
}

}  // namespace headlight
