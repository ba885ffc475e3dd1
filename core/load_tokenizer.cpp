#include <utf8proc.h>

#include <algorithm>
#include <map>
#include <nlohmann/json.hpp>
#include <optional>
#include <system_error>
#include <unordered_map>

#include "json_file.h"
#include "mapped_file.h"
#include "tokenizer_tables.h"

namespace headlight {
namespace {

namespace fs = std::filesystem;
using Json = nlohmann::json;

bool is_there(const fs::path& path) {
  std::error_code error;
  return fs::exists(path, error);
}

// The first of the names that exists, or the first of all.
fs::path first_file(const fs::path& folder, std::string_view name, std::string_view older) {
  return !is_there(folder / name) && is_there(folder / older) ? folder / older : folder / name;
}
fs::path vocab_file_of(const fs::path& folder) {
  return first_file(folder, "vocab.json", "encoder.json");
}
fs::path merges_file_of(const fs::path& folder) {
  return first_file(folder, "merges.txt", "vocab.bpe");
}

// GPT-2 writes each byte as a printable character: itself where it is one, else the next free one
// from U+0100. [code point] -> byte, or -1.
std::array<int, 0x144> byte_alphabet() {
  std::array<int, 0x144> bytes;
  bytes.fill(-1);
  std::size_t free = 0x100;
  for (int byte = 0; byte < 256; ++byte) {
    const bool printable =
        (byte >= '!' && byte <= '~') || (byte >= 0xA1 && byte <= 0xAC) || byte >= 0xAE;
    bytes[printable ? static_cast<std::size_t>(byte) : free++] = byte;
  }
  return bytes;
}

// The bytes that an entry of the vocabulary stands for. An added token may have characters outside
// of the alphabet (a space); it stands for its own.
std::string bytes_of(const std::string& entry) {
  static const std::array<int, 0x144> alphabet = byte_alphabet();
  std::string bytes;
  const auto* at = reinterpret_cast<const utf8proc_uint8_t*>(entry.data());
  for (std::size_t i = 0; i < entry.size();) {
    utf8proc_int32_t character = 0;
    const utf8proc_ssize_t length =
        utf8proc_iterate(at + i, static_cast<utf8proc_ssize_t>(entry.size() - i), &character);
    if (length <= 0 || character >= static_cast<int>(alphabet.size())) return entry;
    const int byte = alphabet[static_cast<std::size_t>(character)];
    if (byte < 0) return entry;
    bytes += static_cast<char>(byte);
    i += static_cast<std::size_t>(length);
  }
  return bytes;
}

// What the files say of tokens that are no words, before their ids are settled.
struct AddedTokens {
  std::map<std::string, bool> special;  // By text: true for special ones, false for added words.
  std::map<std::string, int> ids;       // Those that the files give.
  std::string bos;
  bool add_bos = false;
};

// "<s>" or {"content": "<s>", ...}; null is none.
std::string content(const fs::path& file, const std::string& key, const Json& value) {
  if (value.is_null()) return "";
  const Json* text = &value;
  if (value.is_object()) {
    const auto at = value.find("content");
    if (at != value.end()) text = &*at;
  }
  if (!text->is_string()) throw load_error(file, key, "expected a token's text");
  return text->get<std::string>();
}

int id_of(const fs::path& file, const std::string& token, const Json& value) {
  if (!value.is_number_unsigned() || value.get<std::uint64_t>() >= 1u << 24) {
    throw load_error(file, token, "expected an id from 0 to 16777215, got " + value.dump());
  }
  return value.get<int>();
}

void name_id(AddedTokens& added, const fs::path& file, const std::string& token, int id) {
  const auto [at, fresh] = added.ids.emplace(token, id);
  if (!fresh && at->second != id) {
    throw load_error(file, token,
                     "has the ids " + std::to_string(at->second) + " and " + std::to_string(id));
  }
}

// tokenizer_config.json and special_tokens_map.json name the special tokens by the same keys.
void read_special_names(AddedTokens& added, const fs::path& file, const Json& json) {
  for (const char* key : {"bos_token", "eos_token", "unk_token", "pad_token", "sep_token",
                          "cls_token", "mask_token"}) {
    const auto at = json.find(key);
    if (at == json.end()) continue;
    const std::string text = content(file, key, *at);
    if (std::string_view(key) == "bos_token") added.bos = text;
    added.special[text] = true;
  }
  if (const auto at = json.find("additional_special_tokens"); at != json.end() && at->is_array()) {
    for (const Json& value : *at) {
      added.special[content(file, "additional_special_tokens", value)] = true;
    }
  }
}

AddedTokens read_added_tokens(const fs::path& folder) {
  AddedTokens added;
  if (const fs::path file = folder / "added_tokens.json"; is_there(file)) {
    const Json json = read_json(file);
    for (const auto& [text, id] : json.items()) {
      added.special.emplace(text, false);
      name_id(added, file, text, id_of(file, text, id));
    }
  }
  if (const fs::path file = folder / "special_tokens_map.json"; is_there(file)) {
    read_special_names(added, file, read_json(file));
  }
  if (const fs::path file = folder / "tokenizer_config.json"; is_there(file)) {
    const Json json = read_json(file);
    read_special_names(added, file, json);
    if (const auto at = json.find("add_bos_token"); at != json.end() && at->is_boolean()) {
      added.add_bos = at->get<bool>();
    }
    if (const auto list = json.find("added_tokens_decoder");
        list != json.end() && list->is_object()) {
      for (const auto& [key, value] : list->items()) {
        const std::string text = content(file, key, value);
        if (key.empty() || key.size() > 8 ||
            !std::all_of(key.begin(), key.end(), [](char c) { return c >= '0' && c <= '9'; })) {
          throw load_error(file, "added_tokens_decoder", "expected an id, got \"" + key + "\"");
        }
        bool special = false;
        if (const auto at = value.is_object() ? value.find("special") : value.end();
            at != value.end() && at->is_boolean())
          special = at->get<bool>();
        bool& known = added.special[text];
        known = known || special;
        name_id(added, file, text, id_of(file, text, std::stoul(key)));
      }
    }
  }
  if (added.bos.empty() && added.add_bos) added.bos = "<|endoftext|>";
  added.special.emplace("<|endoftext|>", true);  // GPT-2's own, whatever the files say.
  added.special.erase("");
  return added;
}

using Ids = std::unordered_map<std::string, int>;

void read_merges(const fs::path& file, const Ids& ids, MergeTable& table) {
  const MappedFile mapped(file);
  std::string_view rest = mapped.bytes();
  for (int number = 1; !rest.empty(); ++number) {
    const std::size_t newline = rest.find('\n');
    std::string_view line = rest.substr(0, newline);
    rest.remove_prefix(newline == rest.npos ? rest.size() : newline + 1);
    if (line.ends_with('\r')) line.remove_suffix(1);
    if (line.empty() || (number == 1 && line.starts_with("#version"))) continue;
    const std::string part = "line " + std::to_string(number);
    const std::size_t space = line.find(' ');
    if (space == line.npos || space == 0 || space + 1 == line.size() ||
        line.find(' ', space + 1) != line.npos) {
      throw load_error(file, part, "expected two tokens and a space between them");
    }
    const std::string left(line.substr(0, space)), right(line.substr(space + 1));
    const auto id = [&](const std::string& token) {
      const auto at = ids.find(token);
      if (at == ids.end())
        throw load_error(file, part, "\"" + token + "\" is not in the vocabulary");
      return at->second;
    };
    if (!table.add({id(left), id(right), id(left + right)})) {
      throw load_error(file, part, "the same pair stands on an earlier line");
    }
  }
}

}  // namespace

bool Tokenizer::present(const fs::path& folder) {
  return is_there(vocab_file_of(folder)) || is_there(merges_file_of(folder));
}

Tokenizer Tokenizer::load(const fs::path& folder, int vocabulary) {
  return load(vocab_file_of(folder), merges_file_of(folder), vocabulary);
}

Tokenizer Tokenizer::load(const fs::path& vocab_file, const fs::path& merges_file, int vocabulary) {
  const AddedTokens added = read_added_tokens(vocab_file.parent_path());
  const Json vocab = read_json(vocab_file);
  Ids ids;
  for (const auto& [token, id] : vocab.items()) {
    if (token.empty()) throw load_error(vocab_file, "\"\"", "a token without text");
    ids.emplace(token, id_of(vocab_file, token, id));
  }
  for (const auto& [token, id] : added.ids) {
    if (token.empty()) continue;
    if (const auto at = ids.emplace(token, id).first; at->second != id) {
      throw load_error(vocab_file, token,
                       "has the id " + std::to_string(at->second) +
                           ", but its neighbour files say " + std::to_string(id));
    }
  }

  // Every id in range, and only once; without a vocabulary's size, none left out.
  auto tables = std::make_shared<Tables>();
  tables->entries.resize(vocabulary > 0 ? static_cast<std::size_t>(vocabulary) : ids.size());
  for (const auto& [token, id] : ids) {
    if (id >= static_cast<int>(tables->entries.size())) {
      throw load_error(vocab_file, token,
                       "has the id " + std::to_string(id) + ", but the " +
                           (vocabulary > 0 ? "model" : "file") + " has only " +
                           std::to_string(tables->entries.size()) + " tokens");
    }
    Tables::Entry& entry = tables->entries[static_cast<std::size_t>(id)];
    if (!entry.bytes.empty()) {
      throw load_error(vocab_file, token, "has the id " + std::to_string(id) + " of another token");
    }
    const bool is_added = added.special.count(token) != 0;
    entry.bytes = is_added ? token : bytes_of(token);
    if (!is_added) continue;
    entry.special = added.special.at(token);
    tables->added.push_back({token, id});
    tables->added_start[static_cast<unsigned char>(token[0])] = true;
  }
  std::sort(tables->added.begin(), tables->added.end(), [](const auto& a, const auto& b) {
    return a.text.size() != b.text.size() ? a.text.size() > b.text.size() : a.text < b.text;
  });
  if (added.add_bos) {
    const auto at = ids.find(added.bos);
    if (at == ids.end()) {
      throw load_error(
          vocab_file, "",
          "add_bos_token asks for \"" + added.bos + "\", which is not in the vocabulary");
    }
    tables->bos = at->second;
  }

  // One token for each byte, so that any text can be written.
  const auto alphabet = byte_alphabet();
  for (std::size_t character = 0; character < alphabet.size(); ++character) {
    if (alphabet[character] < 0) continue;
    utf8proc_uint8_t spelled[4];
    const utf8proc_ssize_t length =
        utf8proc_encode_char(static_cast<utf8proc_int32_t>(character), spelled);
    const std::string token(reinterpret_cast<const char*>(spelled),
                            static_cast<std::size_t>(length));
    const auto at = ids.find(token);
    if (at == ids.end()) {
      throw load_error(vocab_file, token,
                       "is missing: a byte-level vocabulary has a token for each of the 256 bytes");
    }
    tables->byte_ids[static_cast<std::size_t>(alphabet[character])] = at->second;
  }
  read_merges(merges_file, ids, tables->merges);
  return Tokenizer(std::move(tables));
}

}  // namespace headlight
