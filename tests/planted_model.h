#pragma once

#include <algorithm>
#include <cctype>
#include <cmath>
#include <map>
#include <random>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "battery.h"
#include "model.h"
#include "temporary_folder.h"

namespace headlight::test {

/// A model of two layers whose weights are set by hand, so that the pass itself gives each head the
/// role that `planted` names; "" is a head without one.
struct PlantedModel {
  Model model;
  std::map<HeadId, std::string> planted;
};

/// Every column of the residual stream is a word, a place, a column of the words' likeness (which no
/// head reads), or a column of the code of the token before, which the previous-token head writes.
/// All of them have length 1, so RMSNorm only multiplies by a constant. There is no MLP.
class PlantedModelMaker {
 public:
  explicit PlantedModelMaker(bool causal) : causal_(causal), random_(7) {
    const std::vector<std::string> words = battery_words();
    std::string lines;
    for (const std::string& word : words) lines += word + "\n";
    const TemporaryFolder folder;
    folder.write("vocab.txt", lines);
    vocabulary_ = static_cast<int>(words.size());
    made_.model.tokenizer = Tokenizer::load(folder.path(), vocabulary_);
    for (int id = 0; id < vocabulary_; ++id) ids_[words[static_cast<std::size_t>(id)]] = id;
    set_config();
    for (float sign : signs(vocabulary_ * code)) codes_.push_back(sign / 8.0f);  // 64 of them
  }

  PlantedModel make() {
    embed();
    // The squares of a row's columns: word, place, likeness, and above also the token before.
    begin_layer(3);
    by_place(head("previous token"), [](int query, int key) {
      return key == std::max(query - 1, 0) ? sure : 0.0f;
    });
    pass_words_on();
    const int twin = head("duplicate token");
    by_word_code(twin, word_columns());
    by_place(twin, [](int query, int key) { return key == query ? -2 * sure : 0.0f; });
    head("broad");  // Without weights: all keys alike
    by_place(head("sink"), [](int, int key) { return key == 0 ? sure : 0.0f; });

    begin_layer(4);
    const int follower = head("induction");
    by_word_code(follower, previous_columns());
    by_place(follower, [](int query, int key) { return key == query + 1 ? -2 * sure : 0.0f; });
    determiners(head("determiner-noun"));
    std::normal_distribution<float> normal(0.0f, 4.0f);
    by_place(head(""), [&](int, int) { return normal(random_); });
    by_place(head("same token"), [](int query, int key) { return key == query ? sure : 0.0f; });
    finish_layer();
    made_.model.weights.final_norm.gain.assign(static_cast<std::size_t>(width_), 1.0f);
    return std::move(made_);
  }

 private:
  static constexpr int places = 96;    // Tokens that the model takes
  static constexpr int code = 64;      // Columns of a word's code
  static constexpr int likeness = 16;  // Columns that make words alike
  static constexpr int heads = 4;
  static constexpr int d_head = places + code;  // Scores by place and by word stand side by side
  static constexpr float sure = 30.0f;          // A score that leaves nothing to other keys

  static std::vector<std::string> battery_words() {
    std::set<std::string> words;
    const auto add = [&](const std::string& text) {
      std::string word;
      for (const char letter : text + " ") {
        if (std::isalpha(static_cast<unsigned char>(letter))) {
          word += static_cast<char>(std::tolower(static_cast<unsigned char>(letter)));
          continue;
        }
        if (!word.empty()) words.insert(word);
        if (letter != ' ') words.insert(std::string(1, letter));
        word.clear();
      }
    };
    for (const ParsedSentence& sentence : parsed_battery()) add(sentence.text);
    for (const CoreferenceItem& item : coreference_battery()) add(item.text);
    std::vector<std::string> all = {"[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"};
    all.insert(all.end(), words.begin(), words.end());
    return all;
  }

  void set_config() {
    ModelConfig& config = made_.model.config;
    width_ = vocabulary_ + places + likeness + code;
    config.family = "planted";
    config.layers = 2;
    config.heads = config.key_value_heads = heads;
    config.d_model = width_;
    config.d_head = d_head;
    config.d_ff = 1;
    config.vocabulary = vocabulary_;
    config.context = places;
    config.norm = NormKind::rms_norm;
    config.causal = causal_;
    config.predicts = ModelConfig::Predicts::nothing;
    check(config);
  }

  std::vector<float> signs(int count) {
    std::vector<float> made(static_cast<std::size_t>(count));
    for (float& sign : made) sign = random_() % 2 == 0 ? 1.0f : -1.0f;
    return made;
  }

  float& at(std::vector<float>& matrix, int row, int column, int columns) const {
    return matrix[static_cast<std::size_t>(row) * static_cast<std::size_t>(columns) +
                  static_cast<std::size_t>(column)];
  }
  float code_of(int word, int column) const {
    return codes_[static_cast<std::size_t>(word * code + column)];
  }
  int place_column(int place) const { return vocabulary_ + place; }
  int word_columns() const { return 0; }
  int previous_columns() const { return vocabulary_ + places + likeness; }

  void embed() {
    Embedding& embedding = made_.model.weights.embedding;
    embedding.token.resize(static_cast<std::size_t>(vocabulary_ * width_));
    embedding.position.resize(static_cast<std::size_t>(places * width_));
    const std::vector<float> alike = signs(vocabulary_ * likeness);
    for (int word = 0; word < vocabulary_; ++word) {
      at(embedding.token, word, word, width_) = 1;
      for (int i = 0; i < likeness; ++i) {
        at(embedding.token, word, vocabulary_ + places + i, width_) =
            alike[static_cast<std::size_t>(word * likeness + i)] / 4.0f;
      }
    }
    for (int place = 0; place < places; ++place) {
      at(embedding.position, place, place_column(place), width_) = 1;
    }
  }

  void begin_layer(float squares) {
    if (layer_ >= 0) finish_layer();
    ++layer_;
    next_head_ = 0;
    scale_ = 1 / std::sqrt(squares / static_cast<float>(width_) +
                           made_.model.config.norm_epsilon);
    qkv_.assign(static_cast<std::size_t>(width_ * 3 * heads * d_head), 0.0f);
    out_.assign(static_cast<std::size_t>(heads * d_head * width_), 0.0f);
  }

  void finish_layer() {
    Block block;
    block.attention_norm.gain.assign(static_cast<std::size_t>(width_), 1.0f);
    block.qkv.weight = PackedMatrix::from_in_out(qkv_.data(), width_, 3 * heads * d_head);
    block.attention_out.weight = PackedMatrix::from_in_out(out_.data(), heads * d_head, width_);
    made_.model.weights.blocks.push_back(std::move(block));
  }

  int head(const std::string& role) {
    made_.planted[{layer_, next_head_}] = role;
    return next_head_++;
  }

  // What a column of the stream adds to a column of a head's query, in units of the score; a key's
  // and a value's are in those of the stream.
  void add_query(int head, int from, int to, float score) {
    part(0, head, from, to) += score * std::sqrt(static_cast<float>(d_head)) / scale_;
  }
  void add_key(int head, int from, int to, float value) {
    part(1, head, from, to) += value / scale_;
  }
  float& part(int which, int head, int from, int to) {
    return at(qkv_, from, (which * heads + head) * d_head + to, 3 * heads * d_head);
  }

  template <typename Score>
  void by_place(int head, Score score) {
    for (int query = 0; query < places; ++query) {
      for (int key = 0; key < places; ++key) {
        add_query(head, place_column(query), key, score(query, key));
      }
      add_key(head, place_column(query), query, 1);
    }
  }

  // The query's word against a word that stands in the key's columns from `from` on: by its number
  // in the word columns, by its code in those of the token before.
  void by_word_code(int head, int from) {
    for (int word = 0; word < vocabulary_; ++word) {
      for (int i = 0; i < code; ++i) {
        add_query(head, word, places + i, 20.0f * code_of(word, i));
        if (from == word_columns()) add_key(head, word, places + i, code_of(word, i));
      }
    }
    if (from == word_columns()) return;
    for (int i = 0; i < code; ++i) add_key(head, from + i, places + i, 1);
  }

  // The last head's values are the words' codes, written where the token before stands.
  void pass_words_on() {
    const int head = next_head_ - 1;
    for (int i = 0; i < code; ++i) {
      for (int word = 0; word < vocabulary_; ++word) {
        part(2, head, word, i) = code_of(word, i) / scale_;
      }
      at(out_, head * d_head + i, previous_columns() + i, width_) = 1;
    }
  }

  // From nouns to the nearest determiner of the four words before; other words look at words that
  // were drawn for them.
  void determiners(int head) {
    std::set<int> nouns, determiners;
    for (const ParsedSentence& sentence : parsed_battery()) {
      const auto id = [&](int word) {
        const WordSpan& span = sentence.words[static_cast<std::size_t>(word)];
        std::string text = sentence.text.substr(span.begin, span.end - span.begin);
        text[0] = static_cast<char>(std::tolower(static_cast<unsigned char>(text[0])));
        return ids_.at(text);
      };
      for (const Link& link : sentence.links) {
        if (link.relation != Relation::determiner_noun) continue;
        determiners.insert(id(link.dependent));
        nouns.insert(id(link.governor));
      }
    }
    const std::vector<float> asks = signs(vocabulary_ * code), offers = signs(vocabulary_ * code);
    for (int word = 0; word < vocabulary_; ++word) {
      if (nouns.contains(word)) add_query(head, word, places, sure);
      if (determiners.contains(word)) add_key(head, word, places, 1);
      for (int i = 1; i < code; ++i) {
        const auto cell = static_cast<std::size_t>(word * code + i);
        if (!nouns.contains(word)) add_query(head, word, places + i, 10 * asks[cell] / 8);
        add_key(head, word, places + i, offers[cell]);
      }
    }
    by_place(head, [](int query, int key) {
      const int before = query - key;
      return before >= 1 && before <= 4 ? 10.0f - 2.0f * static_cast<float>(before) : 0.0f;
    });
  }

  bool causal_;
  std::mt19937 random_;
  int vocabulary_ = 0, width_ = 0;
  std::map<std::string, int> ids_;
  std::vector<float> codes_;  // [vocabulary, code]
  PlantedModel made_;
  int layer_ = -1, next_head_ = 0;
  float scale_ = 1;  // What RMSNorm multiplies by
  std::vector<float> qkv_, out_;
};

}  // namespace headlight::test
