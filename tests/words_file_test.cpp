#include "words_file.h"

#include <doctest/doctest.h>

#include <regex>
#include <set>

#include "paths.h"
#include "temporary_folder.h"

using namespace headlight;
using namespace headlight::test;

namespace {

const TemporaryFolder folder;

std::string refusal(std::string_view json) {
  const auto file = folder.write("a.json", json);
  return message_of<LoadError>([&] { Words words(file); });
}

// The names that follow `words().get(` in the sources whose name begins with `prefix`, also those
// behind a question mark or colon in its argument.
std::set<std::string> keys_in_sources(const std::string& prefix) {
  std::set<std::string> keys;
  static const std::regex call(R"re(\bwords\(\)\s*\.get\(([^{};]*))re");
  static const std::regex name(R"re((?:^|get\(|[?:])\s*"([a-z][a-z ]+)")re");
  for (const auto& entry : std::filesystem::directory_iterator(source_dir() / "app")) {
    if (!entry.path().filename().string().starts_with(prefix)) continue;
    const std::string source = read_file(entry.path());
    for (std::sregex_iterator it(source.begin(), source.end(), call), end; it != end; ++it) {
      const std::string argument = (*it)[1];
      for (std::sregex_iterator key(argument.begin(), argument.end(), name); key != end; ++key) {
        keys.insert((*key)[1]);
      }
    }
  }
  return keys;
}

}  // namespace

TEST_CASE("words are found by name, and a missing one is its name") {
  const Words words(folder.write("w.json", R"({"next": "Go on", "part": "Part {n} of {all}"})"));
  CHECK(words.get("next") == "Go on");
  CHECK(words.get("absent") == "absent");
  CHECK(words.has("next"));
  CHECK_FALSE(words.has("absent"));
  CHECK(words.keys() == std::vector<std::string>{"next", "part"});
  CHECK(words.all() == "Go onPart {n} of {all}");
  CHECK(Words().get("next") == "next");
}

TEST_CASE("names in braces are filled in, once, and other braces stay") {
  const Words words(folder.write(
      "w.json", R"({"part": "Part {n} of {all}", "odd": "{ {n {} {n}} {m} {n}", "end": "{n}{"})"));
  CHECK(words.get("part", {{"n", "3"}, {"all", "9"}}) == "Part 3 of 9");
  CHECK(words.get("part", {{"n", "{all}"}, {"all", "9"}}) == "Part {all} of 9");
  CHECK(words.get("part", {}) == "Part {n} of {all}");
  CHECK(words.get("odd", {{"n", "x"}}) == "{ {n {} x} {m} x");
  CHECK(words.get("end", {{"n", "x"}}) == "x{");
  CHECK(words.get("absent", {{"n", "x"}}) == "absent");
}

TEST_CASE("a broken file is refused with its name and the key") {
  CHECK(contains(refusal("{"), "a.json: "));
  CHECK(contains(refusal("[]"), "a.json: "));
  CHECK(contains(refusal(R"({"next": 3})"), "a.json: next: "));
  CHECK(contains(message_of<LoadError>([] { Words words(folder / "none.json"); }), "none.json"));
}

TEST_CASE("the program's own words are all there, and all of use") {
  const Words words(words_folder() / "lessons.json");
  const std::set<std::string> used = keys_in_sources("panel_lesson");
  CHECK(used.size() >= 4);
  for (const std::string& key : used) CHECK_MESSAGE(words.has(key), key);
  for (const std::string& key : words.keys()) CHECK_MESSAGE(used.contains(key), key);
  CHECK(contains(window_words_characters(), words.get("next")));
  CHECK(&window_words("lessons") == &window_words("lessons"));
  CHECK(window_words("no such part").get("next") == "next");
}
