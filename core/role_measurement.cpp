#include "role_measurement.h"

#include <algorithm>
#include <cstring>
#include <map>
#include <stdexcept>
#include <utility>

#include "attention.h"
#include "content_hash.h"
#include "file_io.h"
#include "model_ids.h"
#include "pass.h"
#include "role_evidence.h"
#include "trace.h"

namespace headlight {
namespace {

constexpr unsigned seed = 20240613;

/// What a text is made of, before it is tokenized.
struct Item {
  enum class Source { sentence, treebank, pronoun, repeat, window };
  Source source = Source::sentence;
  int index = 0;
  int half = 0;
};

std::uint64_t fingerprint(std::uint64_t hash, std::string_view bytes) {
  for (const unsigned char byte : bytes) hash = (hash ^ byte) * 1099511628211ull;  // FNV-1a
  return (hash ^ 0xff) * 1099511628211ull;
}

std::vector<float> mean_row(const std::vector<float>& table, std::size_t width) {
  std::vector<double> sum(width);
  const std::size_t rows = table.size() / width;
  for (std::size_t row = 0; row < rows; ++row) {
    for (std::size_t i = 0; i < width; ++i) sum[i] += table[row * width + i];
  }
  std::vector<float> mean(width);
  for (std::size_t i = 0; i < width; ++i)
    mean[i] = static_cast<float>(sum[i] / std::max<double>(rows, 1));
  return mean;
}

}  // namespace

struct RoleMeasurement::State {
  State(const Model& of, RoleOptions with)
      : model(&of), options(std::move(with)), pool(options.pool ? options.pool : &default_pool()) {
    if (model->recorded) {
      throw std::invalid_argument(
          "[RoleMeasurement] the model only has recorded attention, so nothing can be run on it");
    }
    const ModelConfig& config = model->config;
    int tested = 0;
    for (const AttentionKind kind : config.kinds()) {
      tested += config.layers_of(kind) * config.heads_of(kind);
    }
    for (const AttentionKind kind : config.kinds()) {
      evidence.emplace_back(kind, RoleEvidence(config.layers_of(kind) * config.heads_of(kind),
                                               tested, config.d_model));
    }
    decoder = model_ids(*model, AttentionKind::self, seed);
    if (config.encoder_decoder()) encoder = model_ids(*model, AttentionKind::encoder, seed);
    if (model->tokenizer) {
      sentences = parsed_battery();
      if (options.coreference.empty()) options.coreference = coreference_battery();
    }
    make_items();
  }

  // Blocks of texts go to the halves in turn: the templates' own rhythm is shorter than a block,
  // and neighbours of a treebank stay together.
  void add_items(Item::Source source, std::size_t count, std::size_t block) {
    if (count < 4 * block) block = 1;
    for (std::size_t i = 0; i < count; ++i) {
      items.push_back({source, static_cast<int>(i), static_cast<int>(i / block % 2)});
    }
  }

  void make_items() {
    add_items(Item::Source::sentence, sentences.size(), 24);
    if (model->tokenizer) {
      add_items(Item::Source::treebank, options.sentences.size(), 24);
      add_items(Item::Source::pronoun, options.coreference.size(), 24);
    }
    add_items(Item::Source::repeat, repeated_spans().size(), 2);
    int windows = decoder.chunks();
    if (model->config.encoder_decoder()) windows = std::min(windows, encoder.chunks());
    add_items(Item::Source::window, static_cast<std::size_t>(windows), 1);
  }

  Input input_for(const Item& item) const {
    const auto text = [&](const std::string& words) {
      return input_of(
          *model, words,
          model->config.encoder_decoder() ? std::optional<std::string_view>(words) : std::nullopt);
    };
    const auto index = static_cast<std::size_t>(item.index);
    const auto ids = [&](auto make) {
      Input input;
      input.tokens = tokens_of(*model, make(decoder), AttentionKind::self);
      if (model->config.encoder_decoder()) {
        input.source = tokens_of(*model, make(encoder), AttentionKind::encoder);
        if (input.source.empty()) input.tokens.clear();
      }
      return input;
    };
    switch (item.source) {
      case Item::Source::sentence:
        return text(sentences[index].text);
      case Item::Source::treebank:
        return text(options.sentences[index].text);
      case Item::Source::pronoun:
        return text(options.coreference[index].text);
      case Item::Source::repeat:
        return ids([&](const ModelIds& side) {
          return side.twice(repeated_spans()[index], seed + 1 + static_cast<unsigned>(item.index));
        });
      case Item::Source::window:
        return ids([&](const ModelIds& side) { return side.chunk(item.index); });
    }
    throw std::logic_error("[RoleMeasurement] no such text");
  }

  RoleTokens tokens_for(const Trace& trace, AttentionKind kind) const {
    RoleTokens tokens;
    tokens.queries = trace.query_tokens(kind);
    tokens.keys = trace.key_tokens(kind);
    tokens.tokenizer = model->tokenizer_of(kind);
    tokens.key_tokenizer =
        model->tokenizer_of(kind == AttentionKind::cross ? AttentionKind::encoder : kind);
    tokens.causal =
        kind == AttentionKind::self && (model->config.causal || model->config.encoder_decoder());
    tokens.cross = kind == AttentionKind::cross;
    return tokens;
  }

  RoleText text_for(const Item& item, const RoleTokens& tokens, AttentionKind kind) {
    const auto index = static_cast<std::size_t>(item.index);
    switch (item.source) {
      case Item::Source::sentence:
        return sentence_text(tokens, sentences[index], options.sentences.empty(), true, item.half);
      case Item::Source::treebank:
        return sentence_text(tokens, options.sentences[index], true, false, item.half);
      case Item::Source::pronoun:
        return pronoun_text(tokens, options.coreference[index], item.half);
      case Item::Source::repeat: {
        if (tokens.cross) return window_text(tokens, false, item.half);
        const ModelIds& side = kind == AttentionKind::encoder ? encoder : decoder;
        return repeated_text(tokens, static_cast<int>(side.before.size()), repeated_spans()[index],
                             item.half);
      }
      case Item::Source::window: {
        RoleText text = window_text(tokens, !model->tokenizer, item.half);
        if (!tokens.cross) text.likeness = likeness(tokens, text, kind, item.index);
        return text;
      }
    }
    throw std::logic_error("[RoleMeasurement] no such text");
  }

  Likeness likeness(const RoleTokens& tokens, const RoleText& text, AttentionKind kind, int index) {
    const std::vector<float>& table = kind == AttentionKind::encoder
                                          ? model->weights.encoder_tokens()
                                          : model->weights.embedding.token;
    const auto width = static_cast<std::size_t>(model->config.d_model);
    std::vector<float>& mean = means[kind];
    if (mean.empty()) mean = mean_row(table, width);
    std::vector<int> ids;
    std::vector<float> embeddings;
    for (const Token& token : tokens.queries) {
      ids.push_back(token.id);
      const float* row = &table[static_cast<std::size_t>(token.id) * width];
      embeddings.insert(embeddings.end(), row, row + width);
    }
    return likeness_of(ids, text.sink, embeddings, mean, tokens.causal,
                       seed + 1000 + static_cast<unsigned>(index));
  }

  void measure(const Item& item) {
    const Input input = input_for(item);
    const auto limit = static_cast<std::size_t>(model->config.context);
    // What does not fit, or cannot be made of so few tokens, is left out.
    if (input.tokens.size() < 2 || input.tokens.size() > limit || input.source.size() > limit ||
        (model->config.encoder_decoder() && input.source.size() < 2)) {
      return;
    }
    const ModelConfig& config = model->config;
    std::vector<float> all;  // [layers, heads, query, key] of one stack
    const std::size_t cells = input.tokens.size() * input.tokens.size();
    RunOptions run_options{.pool = pool};
    if (!config.encoder_decoder()) {
      all.resize(static_cast<std::size_t>(config.layers * config.heads) * cells);
      run_options.weights = all.data();
    }
    const Trace trace = run(*model, input, {}, run_options);
    for (auto& [kind, counts] : evidence) {
      const RoleText text = text_for(item, tokens_for(trace, kind), kind);
      counts.count_text(text);
      const int heads = config.heads_of(kind);
      pool->run(config.layers_of(kind) * heads, [&, &kind = kind, &counts = counts](int head) {
        if (!all.empty()) {
          counts.count_head(head, text, all.data() + static_cast<std::size_t>(head) * cells);
          return;
        }
        std::vector<float> weights(static_cast<std::size_t>(text.queries) *
                                   static_cast<std::size_t>(text.keys));
        AttentionScratch scratch;
        trace.weights({head / heads, head % heads, kind}, weights.data(), scratch);
        counts.count_head(head, text, weights.data());
      });
    }
  }

  const std::string& hash() const {
    if (model_hash.empty()) model_hash = content_hash(*model);
    return model_hash;
  }

  // What a partial file has to agree in.
  std::string header() const {
    std::uint64_t texts = 14695981039346656037ull;
    for (const ParsedSentence& sentence : options.sentences) {
      texts = fingerprint(texts, sentence.text);
      for (const Link& link : sentence.links) {
        texts = fingerprint(texts, std::to_string(static_cast<int>(link.relation)) + " " +
                                       std::to_string(link.dependent) + " " +
                                       std::to_string(link.governor));
      }
    }
    for (const CoreferenceItem& item : options.coreference) texts = fingerprint(texts, item.text);
    return "headlight roles, partial\n" + hash() + " battery " + std::to_string(battery_version) +
           " texts " + std::to_string(texts) + " steps " + std::to_string(items.size()) + "\n";
  }

  const Model* model;
  RoleOptions options;
  ThreadPool* pool;
  std::vector<std::pair<AttentionKind, RoleEvidence>> evidence;
  ModelIds decoder, encoder;  // The only stack's is `decoder`
  std::vector<ParsedSentence> sentences;
  std::vector<Item> items;
  std::size_t done = 0;
  std::map<AttentionKind, std::vector<float>> means;  // [d_model] of the embeddings
  mutable std::string model_hash;
};

RoleMeasurement::RoleMeasurement(const Model& model, RoleOptions options)
    : state_(std::make_unique<State>(model, std::move(options))) {}
RoleMeasurement::~RoleMeasurement() = default;
RoleMeasurement::RoleMeasurement(RoleMeasurement&&) noexcept = default;
RoleMeasurement& RoleMeasurement::operator=(RoleMeasurement&&) noexcept = default;

bool RoleMeasurement::step() {
  if (state_->done == state_->items.size()) return false;
  state_->measure(state_->items[state_->done]);
  return ++state_->done < state_->items.size();
}

int RoleMeasurement::steps() const { return static_cast<int>(state_->items.size()); }
int RoleMeasurement::steps_done() const { return static_cast<int>(state_->done); }

RoleReport RoleMeasurement::report() const {
  if (state_->done != state_->items.size()) {
    throw std::logic_error("[RoleMeasurement::report] not all texts have been measured yet");
  }
  RoleReport report;
  report.model_hash = state_->hash();
  report.battery = battery_version;
  for (const auto& [kind, counts] : state_->evidence) {
    const int heads = state_->model->config.heads_of(kind);
    for (int head = 0; head < state_->model->config.layers_of(kind) * heads; ++head) {
      HeadRoles roles = counts.conclude(head);
      roles.head = {head / heads, head % heads, kind};
      roles.pruned = output_is_zero(*state_->model, roles.head);
      report.heads.push_back(std::move(roles));
    }
  }
  return report;
}

void RoleMeasurement::save(const std::filesystem::path& file) const {
  std::string bytes = state_->header();
  std::vector<double> numbers = {static_cast<double>(state_->done)};
  for (const auto& [kind, counts] : state_->evidence) {
    const std::vector<double> part = counts.numbers();
    numbers.insert(numbers.end(), part.begin(), part.end());
  }
  bytes.append(reinterpret_cast<const char*>(numbers.data()), numbers.size() * sizeof(double));
  write_file(file, bytes);
}

bool RoleMeasurement::resume(const std::filesystem::path& file) {
  const std::string header = state_->header();
  std::size_t expected = 1;
  std::vector<std::size_t> sizes;
  for (const auto& [kind, counts] : state_->evidence) {
    sizes.push_back(counts.numbers().size());
    expected += sizes.back();
  }
  std::string bytes;
  try {
    bytes = read_file(file, header.size() + expected * sizeof(double));
  } catch (const LoadError&) {
    return false;
  }
  if (bytes.size() != header.size() + expected * sizeof(double) || !bytes.starts_with(header)) {
    return false;
  }
  std::vector<double> numbers(expected);
  std::memcpy(numbers.data(), bytes.data() + header.size(), expected * sizeof(double));
  const double done = numbers[0];
  if (!(done >= 0 && done <= static_cast<double>(state_->items.size()))) return false;
  auto counts = state_->evidence;
  auto at = numbers.begin() + 1;
  for (std::size_t i = 0; i < counts.size(); ++i) {
    const auto end = at + static_cast<std::ptrdiff_t>(sizes[i]);
    if (!counts[i].second.set_numbers({at, end})) return false;
    at = end;
  }
  state_->evidence = std::move(counts);
  state_->done = static_cast<std::size_t>(done);
  return true;
}

}  // namespace headlight
