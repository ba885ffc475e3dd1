#include "tokenizer.h"

#include <doctest/doctest.h>
#include <utf8proc.h>

#include <algorithm>
#include <chrono>
#include <map>
#include <random>
#include <stdexcept>

#include "paths.h"
#include "temporary_folder.h"

using namespace headlight;
using namespace headlight::test;

namespace {

namespace fs = std::filesystem;

// GPT-2's own algorithm, plainly (Radford et al. 2019, encoder.py): in a word, all occurrences of
// the most urgent pair are joined, from left to right, until none is known. Bytes instead of
// characters.
class PlainBpe {
 public:
  explicit PlainBpe(const fs::path& merges_file) {
    std::map<std::string, char> alphabet;
    int free = 0x100;
    for (int byte = 0; byte < 256; ++byte) {
      const bool own = (byte > 32 && byte < 127) || (byte > 160 && byte != 173);
      alphabet[utf8(own ? byte : free++)] = static_cast<char>(byte);
    }
    const auto bytes = [&](const std::string& token) {
      std::string result;
      for (const std::string& character : characters(token)) result += alphabet.at(character);
      return result;
    };
    std::ifstream file(merges_file);
    for (std::string line; std::getline(file, line);) {
      if (line.empty() || line.starts_with("#version")) continue;
      const std::size_t space = line.find(' ');
      const int rank = static_cast<int>(ranks_.size());
      ranks_[{bytes(line.substr(0, space)), bytes(line.substr(space + 1))}] = rank;
    }
  }

  std::vector<std::string> word(const std::string& text) const {
    std::vector<std::string> parts;
    for (const char byte : text) parts.emplace_back(1, byte);
    while (true) {
      const std::pair<const std::pair<std::string, std::string>, int>* best = nullptr;
      for (std::size_t i = 0; i + 1 < parts.size(); ++i) {
        const auto at = ranks_.find({parts[i], parts[i + 1]});
        if (at != ranks_.end() && (!best || at->second < best->second)) best = &*at;
      }
      if (!best) return parts;
      for (std::size_t i = 0; i + 1 < parts.size(); ++i) {
        if (parts[i] != best->first.first || parts[i + 1] != best->first.second) continue;
        parts[i] += parts[i + 1];
        parts.erase(parts.begin() + static_cast<std::ptrdiff_t>(i) + 1);
      }
    }
  }

  // The split pattern, by hand, on valid UTF-8:
  // 's|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+
  static std::vector<std::string> words(const std::string& text) {
    const std::vector<std::string> all = characters(text);
    std::vector<char> kinds;
    for (const std::string& character : all) kinds.push_back(kind(character));
    std::vector<std::string> result;
    for (std::size_t i = 0; i < all.size();) {
      std::size_t end = i;
      if (all[i] == "'") {
        for (const std::string_view tail : {"s", "t", "re", "ve", "m", "ll", "d"}) {
          std::string next;
          for (std::size_t j = i + 1; j < all.size() && j <= i + tail.size(); ++j) next += all[j];
          if (next == tail) end = i + 1 + tail.size();
          if (end != i) break;
        }
      }
      if (end == i) {
        const std::size_t first =
            all[i] == " " && i + 1 < all.size() && kinds[i + 1] != 's' ? i + 1 : i;
        end = first;
        while (end < all.size() && kinds[end] == kinds[first]) ++end;
        if (kinds[first] == 's' && end < all.size() && end - first > 1) --end;
      }
      std::string word;
      for (; i < end; ++i) word += all[i];
      result.push_back(word);
    }
    return result;
  }

  std::vector<std::string> text(const std::string& text) const {
    std::vector<std::string> parts;
    for (const std::string& one : words(text)) {
      for (const std::string& part : word(one)) parts.push_back(part);
    }
    return parts;
  }

  static std::string utf8(int code) {
    utf8proc_uint8_t bytes[4];
    const auto length = utf8proc_encode_char(code, bytes);
    return {reinterpret_cast<const char*>(bytes), static_cast<std::size_t>(length)};
  }

 private:
  static std::vector<std::string> characters(const std::string& text) {
    std::vector<std::string> result;
    for (const char byte : text) {
      if ((byte & 0xC0) == 0x80 && !result.empty()) {
        result.back() += byte;
      } else {
        result.emplace_back(1, byte);
      }
    }
    return result;
  }

  static char kind(const std::string& character) {
    utf8proc_int32_t code = 0;
    utf8proc_iterate(reinterpret_cast<const utf8proc_uint8_t*>(character.data()),
                     static_cast<utf8proc_ssize_t>(character.size()), &code);
    if ((code >= 9 && code <= 13) || code == 0x85) return 's';
    const std::string category = utf8proc_category_string(code);
    return category[0] == 'Z' ? 's' : category[0] == 'L' ? 'l' : category[0] == 'N' ? 'n' : 'o';
  }

  std::map<std::pair<std::string, std::string>, int> ranks_;
};

std::vector<int> ids(const std::vector<Token>& tokens) {
  std::vector<int> result;
  for (const Token& token : tokens) result.push_back(token.id);
  return result;
}

// The tokens' ranges, cut out of the text.
std::vector<std::string> pieces(const std::string& text, const std::vector<Token>& tokens) {
  std::vector<std::string> result;
  for (const Token& token : tokens)
    result.push_back(text.substr(token.begin, token.end - token.begin));
  return result;
}

// Ranges in order without gaps, each the bytes of its id, and the whole text back.
void check_round_trip(const Tokenizer& tokenizer, const std::string& raw) {
  const std::string text = valid_utf8(raw);
  const std::vector<Token> tokens = tokenizer.encode(raw);
  std::size_t at = 0;
  bool whole = true;
  for (const Token& token : tokens) {
    if (token.id == tokenizer.bos() && token.end == 0) continue;
    whole = whole && token.begin == at && token.end > at && token.id < tokenizer.size() &&
            tokenizer.decode({token.id}) == text.substr(at, token.end - at);
    at = token.end;
  }
  CHECK(whole);
  CHECK(at == text.size());
  CHECK(tokenizer.decode(ids(tokens)) == text);
}

std::string random_text(std::mt19937& random, std::size_t length) {
  static const std::vector<std::string> parts = {
      "a",      "e",          "t",      "h",       "the",
      "T",      "S",          "s",      "'s",      "'ll",
      "'re",    "'",          "'v",     "1",       "23",
      "\u00B2", "\u0664",     "\u216B", " ",       " ",
      " ",      "  ",         "\n",     "\t",      "\r\n",
      "\u00A0", "\u2003",     "\u3000", "\u180E",  "\u200B",
      "\x85",   "\u0085",     "\u2028", ".",       "!?",
      "-",      "_",          "\u00E9", "e\u0301", "\u65E5",
      "\u672C", "\U0001F600", "\u0645", "\u05D0",  "\u0939\u093F",
      "\x1C",   "\x07",       "and",    "ran"};
  std::string text;
  while (length-- > 0) text += parts[random() % parts.size()];
  return text;
}

std::string random_bytes(std::mt19937& random, std::size_t length) {
  std::string bytes;
  while (length-- > 0) bytes += static_cast<char>(random() % 2 ? random() : 0xC0 | random() % 0x40);
  return bytes;
}

fs::path tiny() { return test_data() / "models" / "tiny-gpt2"; }

// A folder with the tiny tokenizer's two files, to be changed.
struct Copy {
  Copy() {
    vocab = read_file(tiny() / "vocab.json");
    merges = read_file(tiny() / "merges.txt");
    write();
  }
  void write() const {
    folder.write("vocab.json", vocab);
    folder.write("merges.txt", merges);
  }
  void replace(std::string& text, const std::string& from, const std::string& to) {
    const std::size_t at = text.find(from);
    REQUIRE(at != text.npos);
    text.replace(at, from.size(), to);
    write();
  }
  std::string refusal(int vocabulary = 0) const {
    const std::string what =
        message_of<LoadError>([&] { Tokenizer::load(folder.path(), vocabulary); });
    const std::string path = folder.path().string() + "/";
    return what.starts_with(path) ? what.substr(path.size()) : what;
  }
  TemporaryFolder folder;
  std::string vocab, merges;
};

double seconds() {
  return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count();
}

}  // namespace

TEST_CASE("utf8: invalid parts are replaced as Unicode 15 section 3.9 shows") {
  const std::string r = "\uFFFD";
  CHECK(valid_utf8("") == "");
  CHECK(valid_utf8("caf\u00E9 \u65E5 \U0001F600") == "caf\u00E9 \u65E5 \U0001F600");
  CHECK(valid_utf8(std::string("a\0b", 3)) == std::string("a\0b", 3));
  // Tables 3-8 to 3-11.
  CHECK(valid_utf8("\xC0\xAF\xE0\x80\xBF\xF0\x81\x82\x41") == r + r + r + r + r + r + r + r + "A");
  CHECK(valid_utf8("\xED\xA0\x80\xED\xBF\xBF\xED\xAF\x41") == r + r + r + r + r + r + r + r + "A");
  CHECK(valid_utf8("\xF4\x91\x92\x93\xFF\x41\x80\xBF\x42") ==
        r + r + r + r + r + "A" + r + r + "B");
  CHECK(valid_utf8("\xE1\x80\xE2\xF0\x91\x92\xF1\xBF\x41") == r + r + r + r + "A");
  CHECK(valid_utf8("\xF0\x9F\x98") == r);
  CHECK(valid_utf8("x\xF5") == "x" + r);
}

TEST_CASE("utf8: the result is always valid and a valid text never changes") {
  std::mt19937 random(1);
  for (int i = 0; i < 2000; ++i) {
    const std::string valid = valid_utf8(random_bytes(random, random() % 20));
    CHECK(valid_utf8(valid) == valid);
    for (std::size_t at = 0; at < valid.size();) {
      utf8proc_int32_t code = 0;
      const auto length =
          utf8proc_iterate(reinterpret_cast<const utf8proc_uint8_t*>(valid.data()) + at,
                           static_cast<utf8proc_ssize_t>(valid.size() - at), &code);
      REQUIRE(length > 0);
      at += static_cast<std::size_t>(length);
    }
  }
}

TEST_CASE("utf8: what cannot be seen is spelled out") {
  CHECK(visible_utf8(" the cat") == " the cat");
  CHECK(visible_utf8("na\u00EFve \u65E5 \U0001F600") == "na\u00EFve \u65E5 \U0001F600");
  CHECK(visible_utf8("a\nb\tc\rd") == "a\\nb\\tc\\rd");
  CHECK(visible_utf8(std::string("\0\x07\x7F", 3)) == "\\x00\\x07\\x7F");
  CHECK(visible_utf8("\xF0\x9F\x98") == "\\xF0\\x9F\\x98");
  CHECK(visible_utf8("\x80 a\xE2") == "\\x80 a\\xE2");
  CHECK(visible_utf8("\u00A0\u200B\u202E\uFEFF\u2028\u0085") ==
        "\\u00A0\\u200B\\u202E\\uFEFF\\u2028\\u0085");
  CHECK(visible_utf8("\U000E0001") == "\\u0E0001");
}

TEST_CASE("tokenizer: the tiny vocabulary on a sentence") {
  const Tokenizer tokenizer = Tokenizer::load(tiny());
  CHECK(tokenizer.size() == 300);
  CHECK(tokenizer.bos() == -1);
  const std::string text = "The cat sat";
  const std::vector<Token> tokens = tokenizer.encode(text);
  CHECK(pieces(text, tokens) == std::vector<std::string>{"The", " cat", " s", "at"});
  CHECK(tokens[1].text == " cat");
  CHECK(tokens[1].begin == 3);
  CHECK(tokens[1].end == 7);
  CHECK(tokenizer.encode("").empty());
  CHECK(tokenizer.decode({}) == "");
}

TEST_CASE("tokenizer: a character over several tokens shows its bytes") {
  const Tokenizer tokenizer = Tokenizer::load(tiny());
  const std::vector<Token> tokens = tokenizer.encode("\U0001F600");
  REQUIRE(tokens.size() == 4);
  CHECK(tokens[0].text == "\\xF0");
  CHECK(tokens[3].text == "\\x80");
  CHECK(tokens[3].begin == 3);
  CHECK(tokenizer.decode(ids(tokens)) == "\U0001F600");
}

TEST_CASE("tokenizer: any text comes back from its tokens") {
  const Tokenizer tokenizer = Tokenizer::load(tiny());
  std::mt19937 random(2);
  for (int i = 0; i < 500; ++i) {
    check_round_trip(tokenizer, random_text(random, random() % 40));
    check_round_trip(tokenizer, random_bytes(random, random() % 40));
  }
  check_round_trip(tokenizer, std::string(3, '\0'));
  check_round_trip(tokenizer, random_text(random, 20000));
}

TEST_CASE("tokenizer: agrees with the plain algorithm") {
  const Tokenizer tokenizer = Tokenizer::load(tiny());
  const PlainBpe plain(tiny() / "merges.txt");
  std::mt19937 random(3);
  for (int i = 0; i < 1000; ++i) {
    const std::string text = valid_utf8(random_text(random, random() % 40));
    CAPTURE(visible_utf8(text));
    CHECK(pieces(text, tokenizer.encode(text)) == plain.text(text));
  }
}

TEST_CASE("tokenizer: agrees with the plain algorithm on random merges of few letters") {
  std::mt19937 random(4);
  for (int round = 0; round < 40; ++round) {
    Copy copy;
    std::vector<std::string> tokens = {"a", "b", "c"};
    copy.merges = "#version: 0.2\n";
    copy.vocab.resize(copy.vocab.find(", \"he\":"));  // The 256 bytes.
    int id = 256;
    for (int i = 0; i < 60; ++i) {
      const std::string left = tokens[random() % tokens.size()];
      const std::string right = tokens[random() % tokens.size()];
      // A token that two pairs make would let the plain algorithm, which joins all occurrences at
      // once, differ from the one that looks again after each.
      if (std::find(tokens.begin(), tokens.end(), left + right) != tokens.end()) continue;
      tokens.push_back(left + right);
      copy.merges += left + " " + right + "\n";
      copy.vocab += ", \"" + left + right + "\": " + std::to_string(id++);
    }
    copy.vocab += "}";
    copy.write();
    const Tokenizer tokenizer = Tokenizer::load(copy.folder.path());
    const PlainBpe plain(copy.folder / "merges.txt");
    for (int i = 0; i < 50; ++i) {
      std::string text;
      for (std::size_t length = random() % 60; length > 0; --length) {
        text += static_cast<char>('a' + random() % 3);
      }
      CAPTURE(text);
      CHECK(pieces(text, tokenizer.encode(text)) == plain.text(text));
    }
  }
}

TEST_CASE("tokenizer: GPT-2's own vocabulary gives GPT-2's ids") {
  const auto shared = shared_data();
  if (!shared || !fs::exists(*shared / "tokenizers" / "gpt2_encoder.json")) {
    MESSAGE("skipped: the reference data beside the source tree is missing");
    return;
  }
  const fs::path merges = *shared / "tokenizers" / "gpt2_vocab.bpe";
  const Tokenizer gpt2 = Tokenizer::load(*shared / "tokenizers" / "gpt2_encoder.json", merges);
  CHECK(gpt2.size() == 50257);
  const std::pair<std::string, std::vector<int>> examples[] = {
      {"Hello world", {15496, 995}},
      {" the", {262}},
      {"Data visualization empowers users to", {6601, 32704, 795, 30132, 2985, 284}},
      {"Artificial Intelligence is transforming the", {8001, 9542, 9345, 318, 25449, 262}},
      {"As the spaceship was approaching the", {1722, 262, 40663, 373, 13885, 262}},
      {"I'm", {40, 1101}},
      {"don't", {9099, 470}},
      {"!", {0}},
      {"\n", {198}},
      {"\n\n", {628}},
      {"  ", {220, 220}},
      {"  the", {220, 262}},
      {"\u00E9", {2634}},
      {"\u65E5\u672C", {33768, 98, 17312, 105}},
      {"\U0001F600", {47249, 222}},
      {"<|endoftext|>", {50256}},
      {"a<|endoftext|>b", {64, 50256, 65}},
      {"<|endoftext", {27, 91, 437, 1659, 5239}},
  };
  for (const auto& [text, expected] : examples) {
    CAPTURE(visible_utf8(text));
    CHECK(ids(gpt2.encode(text)) == expected);
  }
  CHECK(gpt2.encode("I'll")[1].text == "'ll");
  CHECK(gpt2.is_special(50256));
  CHECK_FALSE(gpt2.is_special(262));
  CHECK(gpt2.decode({15496, 50256, 995}) == "Hello world");

  const PlainBpe plain(merges);
  std::mt19937 random(5);
  for (int i = 0; i < 300; ++i) {
    const std::string text = valid_utf8(random_text(random, random() % 60));
    CAPTURE(visible_utf8(text));
    CHECK(pieces(text, gpt2.encode(text)) == plain.text(text));
  }
}

TEST_CASE("tokenizer: one endless word takes time that grows with its length") {
  const Tokenizer tokenizer = Tokenizer::load(tiny());
  std::mt19937 random(6);
  std::string word;
  while (word.size() < 1'000'000) word += "thean"[random() % 5];
  for (const std::string& text :
       {word, std::string(1'000'000, 'a'), std::string(1'000'000, ' ') + "x",
        std::string(1'000'000, '\n')}) {
    const double begin = seconds();
    const std::vector<Token> tokens = tokenizer.encode(text);
    CHECK(seconds() - begin < 60);  // An algorithm in n squared takes hours.
    CHECK(tokenizer.decode(ids(tokens)) == text);
  }
}

TEST_CASE("tokenizer: the token before every text") {
  const Tokenizer tokenizer = Tokenizer::load(test_data() / "models" / "tiny-llama-gqa");
  CHECK(tokenizer.bos() == 299);
  const std::vector<Token> tokens = tokenizer.encode("The");
  REQUIRE(tokens.size() == 2);
  CHECK(tokens[0] == Token{299, "<|endoftext|>", 0, 0});
  CHECK(tokens[1].begin == 0);
  CHECK(tokens[1].end == 3);
  CHECK(tokenizer.encode("").size() == 1);
  CHECK(tokenizer.decode(ids(tokens)) == "The");
}

TEST_CASE("tokenizer: special and added tokens of the neighbour files") {
  const Copy copy;
  copy.folder.write("added_tokens.json", R"({"two words": 300, "two": 301})");
  copy.folder.write("special_tokens_map.json",
                    R"({"bos_token": {"content": "<s>"}, "pad_token": null,
      "eos_token": "<|endoftext|>", "additional_special_tokens": ["[never in the vocabulary]"]})");
  copy.folder.write("tokenizer_config.json",
                    R"({"add_bos_token": true, "added_tokens_decoder":
      {"302": {"content": "<s>", "special": true}, "303": {"content": "plain", "special": false}}})");
  const Tokenizer tokenizer = Tokenizer::load(copy.folder.path());
  CHECK(tokenizer.size() == 304);
  CHECK(tokenizer.bos() == 302);
  const std::string text = "<s>two wordstwo<|endoftext|>plain";
  const std::vector<Token> tokens = tokenizer.encode(text);
  CHECK(ids(tokens) == std::vector<int>{302, 302, 300, 301, 299, 303});
  CHECK(tokens[2].text == "two words");
  CHECK(tokens[2].begin == 3);
  CHECK(tokens[2].end == 12);
  CHECK(tokenizer.is_special(302));
  CHECK_FALSE(tokenizer.is_special(300));
  CHECK_FALSE(tokenizer.is_special(303));
  CHECK(tokenizer.decode(ids(tokens)) == "two wordstwoplain");
}

TEST_CASE("tokenizer: ids that the files leave out have a name up to the vocabulary's size") {
  const Tokenizer tokenizer = Tokenizer::load(tiny(), 304);
  CHECK(tokenizer.size() == 304);
  CHECK(tokenizer.token(303).text == "<unused 303>");
  CHECK(tokenizer.token(299).text == "<|endoftext|>");
  CHECK(tokenizer.decode({303}) == "");
  CHECK(message_of<std::invalid_argument>([&] { tokenizer.token(304); }) ==
        "[token] id 304, expected 0 to 303");
  CHECK_THROWS_AS(tokenizer.token(-1), std::invalid_argument);
  CHECK(message_of<std::invalid_argument>([&] {
          tokenizer.decode({0, -1});
        }) == "[decode] id -1, expected 0 to 303");
  CHECK_FALSE(tokenizer.is_special(-1));
  CHECK_FALSE(tokenizer.is_special(1000));
}

TEST_CASE("tokenizer: files of other names") {
  const TemporaryFolder folder;
  CHECK_FALSE(Tokenizer::present(folder.path()));
  fs::copy(tiny() / "vocab.json", folder / "encoder.json");
  fs::copy(tiny() / "merges.txt", folder / "vocab.bpe");
  CHECK(Tokenizer::present(folder.path()));
  CHECK(Tokenizer::load(folder.path()).size() == 300);
  CHECK(Tokenizer::load(folder / "encoder.json", folder / "vocab.bpe").size() == 300);
}

TEST_CASE("tokenizer: Windows line ends and no version line") {
  Copy copy;
  std::string merges;
  for (const char c : copy.merges.substr(copy.merges.find('\n') + 1)) {
    if (c == '\n') merges += '\r';
    merges += c;
  }
  copy.merges = merges;
  copy.write();
  CHECK(ids(Tokenizer::load(copy.folder.path()).encode("The cat")) ==
        ids(Tokenizer::load(tiny()).encode("The cat")));
}

TEST_CASE("tokenizer: broken files are refused in one sentence") {
  CHECK(Copy().refusal() == "");
  CHECK(Copy().refusal(300) == "");
  SUBCASE("missing") {
    const Copy copy;
    fs::remove(copy.folder / "merges.txt");
    CHECK(Tokenizer::present(copy.folder.path()));
    CHECK(copy.refusal() == "merges.txt: there is no such file");
  }
  SUBCASE("not JSON") {
    Copy copy;
    copy.vocab.pop_back();
    copy.write();
    CHECK(copy.refusal().starts_with("vocab.json: not JSON: parse error at line 1, column "));
    copy.vocab = "[1]";
    copy.write();
    CHECK(copy.refusal() == "vocab.json: not a JSON object");
    copy.vocab = "";
    copy.write();
    CHECK(copy.refusal() == "vocab.json: the file is empty");
    copy.vocab = "{}";
    copy.write();
    CHECK(contains(copy.refusal(), "is missing"));
    copy.vocab = "{\"a\": " + std::string(1000, '[');
    copy.write();
    CHECK(copy.refusal() == "vocab.json: nested deeper than 32 levels");
  }
  SUBCASE("ids") {
    Copy copy;
    copy.replace(copy.vocab, "\"he\": 256", "\"he\": 257");
    CHECK(contains(copy.refusal(), "has the id 257 of another token"));
    copy.replace(copy.vocab, "\"he\": 257", "\"he\": -1");
    CHECK(copy.refusal() == "vocab.json: he: expected an id from 0 to 16777215, got -1");
    copy.replace(copy.vocab, "\"he\": -1", "\"he\": \"x\"");
    CHECK(copy.refusal() == "vocab.json: he: expected an id from 0 to 16777215, got \"x\"");
    copy.replace(copy.vocab, "\"he\": \"x\"", "\"he\": 16000000");
    CHECK(copy.refusal() ==
          "vocab.json: he: has the id 16000000, but the file has only 300 tokens");
    CHECK(copy.refusal(400) ==
          "vocab.json: he: has the id 16000000, but the model has only 400 tokens");
    copy.replace(copy.vocab, "\"he\": 16000000", "\"he\": 256");
    CHECK(copy.refusal() == "");
    CHECK(contains(copy.refusal(299), "has the id 299, but the model has only 299 tokens"));
  }
  SUBCASE("twice") {
    Copy copy;
    copy.replace(copy.vocab, "\"he\": 256", "\"he\": 256, \"he\": 256");
    CHECK(copy.refusal() == "vocab.json: one object has the same key twice");
  }
  SUBCASE("a byte without a token") {
    Copy copy;
    copy.replace(copy.vocab, "\"!\": 0", "\"!!!\": 0");
    CHECK(
        copy.refusal() ==
        "vocab.json: !: is missing: a byte-level vocabulary has a token for each of the 256 bytes");
  }
  SUBCASE("merges") {
    Copy copy;
    copy.replace(copy.merges, "h e\n", "he\n");
    CHECK(copy.refusal() == "merges.txt: line 2: expected two tokens and a space between them");
    copy.replace(copy.merges, "he\n", "h e r\n");
    CHECK(copy.refusal() == "merges.txt: line 2: expected two tokens and a space between them");
    copy.replace(copy.merges, "h e r\n", "h zz\n");
    CHECK(copy.refusal() == "merges.txt: line 2: \"zz\" is not in the vocabulary");
    copy.replace(copy.merges, "h zz\n", "z z\n");
    CHECK(copy.refusal() == "merges.txt: line 2: \"zz\" is not in the vocabulary");
    copy.replace(copy.merges, "z z\n", "h e\nh e\n");
    CHECK(copy.refusal() == "merges.txt: line 3: the same pair stands on an earlier line");
  }
  SUBCASE("neighbour files") {
    Copy copy;
    const auto config = copy.folder.write("tokenizer_config.json", R"({"bos_token": 7})");
    CHECK(copy.refusal() == "tokenizer_config.json: bos_token: expected a token's text");
    copy.folder.write("tokenizer_config.json", R"({"add_bos_token": true, "bos_token": "<none>"})");
    CHECK(copy.refusal() ==
          "vocab.json: add_bos_token asks for \"<none>\", which is not in the vocabulary");
    copy.folder.write("tokenizer_config.json",
                      R"({"added_tokens_decoder": {"x": {"content": "y"}}})");
    CHECK(copy.refusal() ==
          "tokenizer_config.json: added_tokens_decoder: expected an id, got \"x\"");
    copy.folder.write("tokenizer_config.json",
                      R"({"added_tokens_decoder": {"3": {"content": "he"}}})");
    CHECK(copy.refusal() == "vocab.json: he: has the id 256, but its neighbour files say 3");
    copy.folder.write("tokenizer_config.json", "{");
    CHECK(copy.refusal().starts_with("tokenizer_config.json: not JSON: "));
  }
}
