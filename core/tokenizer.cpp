#include "tokenizer.h"

#define PCRE2_CODE_UNIT_WIDTH 8
#include <pcre2.h>

#include <stdexcept>

#include "tokenizer_tables.h"

namespace headlight {
namespace {

// GPT-2's pattern, with \s written out as the characters of Unicode's property White_Space: PCRE2's
// own \s has U+180E besides. Possessive (++), because no alternative gains by giving characters
// back.
constexpr const char* split_pattern =
    R"('(?:[stmd]|re|ve|ll)| ?\p{L}++| ?\p{N}++| ?[^\p{Z}\t-\r\x{85}\p{L}\p{N}]++)"
    R"(|[\p{Z}\t-\r\x{85}]+(?![^\p{Z}\t-\r\x{85}])|[\p{Z}\t-\r\x{85}]++)";

constexpr std::size_t longest_text = std::size_t{1} << 30;

struct CodeDeleter {
  void operator()(pcre2_code* code) const { pcre2_code_free(code); }
};
struct MatchDeleter {
  void operator()(pcre2_match_data* data) const { pcre2_match_data_free(data); }
};

// Compiled once; matching does not change it, so that threads may share it.
const pcre2_code* compiled_pattern() {
  static const std::unique_ptr<pcre2_code, CodeDeleter> code = [] {
    int error = 0;
    PCRE2_SIZE where = 0;
    std::unique_ptr<pcre2_code, CodeDeleter> made(
        pcre2_compile(reinterpret_cast<PCRE2_SPTR>(split_pattern), PCRE2_ZERO_TERMINATED,
                      PCRE2_UTF | PCRE2_ANCHORED, &error, &where, nullptr));
    if (!made) throw std::runtime_error("the split pattern does not compile: PCRE2 lacks Unicode");
    pcre2_jit_compile(made.get(), PCRE2_JIT_COMPLETE);  // Where it fails, matching is slower.
    return made;
  }();
  return code.get();
}

// Cuts valid UTF-8 into words, one after the other.
class WordSplitter {
 public:
  WordSplitter()
      : code_(compiled_pattern()), match_(pcre2_match_data_create_from_pattern(code_, nullptr)) {
    if (!match_) throw std::bad_alloc();
  }

  // The end of the word that begins at `begin` < text.size(). Every character begins a match.
  std::size_t end_of_word(std::string_view text, std::size_t begin) {
    const auto match = [&](std::uint32_t options) {
      return pcre2_match(code_, reinterpret_cast<PCRE2_SPTR>(text.data()), text.size(), begin,
                         PCRE2_NO_UTF_CHECK | options, match_.get(), nullptr);
    };
    if (match(0) < 0 && match(PCRE2_NO_JIT) < 0) {
      throw std::runtime_error("[encode] the text could not be split into words");
    }
    return pcre2_get_ovector_pointer(match_.get())[1];
  }

 private:
  const pcre2_code* code_;
  std::unique_ptr<pcre2_match_data, MatchDeleter> match_;
};

// The added token that begins here, the longest of those.
const AddedToken* added_at(const std::vector<AddedToken>& added, std::string_view text) {
  for (const AddedToken& token : added) {
    if (text.starts_with(token.text)) return &token;
  }
  return nullptr;
}

}  // namespace

std::vector<Token> Tokenizer::encode(std::string_view raw) const {
  if (raw.size() > longest_text)
    throw std::invalid_argument("[encode] the text has more than 1 GB");
  const std::string valid = valid_utf8(raw);
  const std::string_view text = valid;
  std::vector<Token> tokens;
  if (bos() >= 0) tokens.push_back(token(bos()));
  const auto append = [&](int id, std::size_t begin, std::size_t end) {
    Token made = token(id);
    made.begin = begin;
    made.end = end;
    tokens.push_back(std::move(made));
  };

  WordSplitter splitter;
  WordMerger merger(tables_->merges);
  std::vector<Symbol> word;
  const auto encode_stretch = [&](std::size_t begin, std::size_t end) {  // Without added tokens.
    const std::string_view stretch = text.substr(0, end);
    while (begin < end) {
      const std::size_t word_end = splitter.end_of_word(stretch, begin);
      word.clear();
      for (std::size_t i = begin; i < word_end; ++i) {
        word.push_back({tables_->byte_ids[static_cast<unsigned char>(text[i])],
                        static_cast<std::uint32_t>(i)});
      }
      merger.merge(word);
      for (std::size_t i = 0; i < word.size(); ++i) {
        append(word[i].id, word[i].begin, i + 1 < word.size() ? word[i + 1].begin : word_end);
      }
      begin = word_end;
    }
  };

  std::size_t done = 0;
  for (std::size_t i = 0; i < text.size();) {
    const AddedToken* added = nullptr;
    if (tables_->added_start[static_cast<unsigned char>(text[i])]) {
      added = added_at(tables_->added, text.substr(i));
    }
    if (!added) {
      ++i;
      continue;
    }
    encode_stretch(done, i);
    append(added->id, i, i + added->text.size());
    done = i += added->text.size();
  }
  encode_stretch(done, text.size());
  return tokens;
}

std::string Tokenizer::decode(const std::vector<int>& ids) const {
  std::string bytes;
  for (const int id : ids) {
    if (id < 0 || id >= size()) {
      throw std::invalid_argument("[decode] id " + std::to_string(id) + ", expected 0 to " +
                                  std::to_string(size() - 1));
    }
    const Tables::Entry& entry = tables_->entries[static_cast<std::size_t>(id)];
    if (!entry.special) bytes += entry.bytes;
  }
  return bytes;
}

Token Tokenizer::token(int id) const {
  if (id < 0 || id >= size()) {
    throw std::invalid_argument("[token] id " + std::to_string(id) + ", expected 0 to " +
                                std::to_string(size() - 1));
  }
  const std::string& bytes = tables_->entries[static_cast<std::size_t>(id)].bytes;
  Token token;
  token.id = id;
  token.text = bytes.empty() ? "<unused " + std::to_string(id) + ">" : visible_utf8(bytes);
  return token;
}

int Tokenizer::size() const { return static_cast<int>(tables_->entries.size()); }

int Tokenizer::bos() const { return tables_->bos; }

bool Tokenizer::is_special(int id) const {
  return id >= 0 && id < size() && tables_->entries[static_cast<std::size_t>(id)].special;
}

}  // namespace headlight
