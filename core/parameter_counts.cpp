#include "parameter_counts.h"

#include <algorithm>
#include <stdexcept>

namespace headlight {
namespace {

// A part while it is counted: equal neighbours are put together as "12 × (...)".
class Tally {
 public:
  void add(std::size_t count, const std::string& formula) {
    if (count == 0) return;
    count_ += count;
    if (!groups_.empty() && groups_.back().formula == formula) {
      ++groups_.back().times;
    } else {
      groups_.push_back({formula, 1});
    }
  }

  PartCount result() const {
    PartCount part{count_, {}};
    for (const Group& group : groups_) {
      if (!part.formula.empty()) part.formula += " + ";
      const bool sum = group.formula.find(" + ") != std::string::npos;
      part.formula += group.times == 1 ? group.formula
                      : sum            ? std::to_string(group.times) + " × (" + group.formula + ")"
                                       : std::to_string(group.times) + " × " + group.formula;
    }
    return part;
  }

 private:
  struct Group {
    std::string formula;
    int times;
  };
  std::size_t count_ = 0;
  std::vector<Group> groups_;
};

std::string by(std::size_t a, std::size_t b) {
  return std::to_string(a) + " × " + std::to_string(b);
}

// What one layer adds to one part.
struct Sum {
  std::size_t count = 0;
  std::string formula;

  Sum& plus(std::size_t more, const std::string& words) {
    if (more == 0) return *this;
    count += more;
    formula += (formula.empty() ? "" : " + ") + words;
    return *this;
  }
  Sum& plus(std::size_t more) { return plus(more, std::to_string(more)); }
  Sum& matrix(std::size_t in, std::size_t out, bool bias) {
    return plus(in * out, by(in, out)).plus(bias ? out : 0);
  }
  Sum& linear(const Linear& linear) {
    return matrix(static_cast<std::size_t>(linear.weight.in()),
                  static_cast<std::size_t>(linear.weight.out()), !linear.bias.empty());
  }
  Sum& norm(const Norm& norm) { return plus(norm.gain.size()).plus(norm.bias.size()); }
};

class Counter {
 public:
  explicit Counter(ParameterCounts& counts) : counts_(counts) {}
  ~Counter() {
    for (std::size_t i = 0; i < tallies_.size(); ++i) counts_.parts[i] = tallies_[i].result();
  }
  void add(ParameterPart part, const Sum& sum) {
    tallies_[static_cast<std::size_t>(part)].add(sum.count, sum.formula);
  }

 private:
  ParameterCounts& counts_;
  std::array<Tally, parameter_parts> tallies_;
};

void add_embedding(Counter& counter, const Embedding& embedding, std::size_t width) {
  const auto table = [&](Sum& sum, const std::vector<float>& values) {
    sum.plus(values.size(), by(values.size() / width, width));
  };
  Sum tokens, positions;
  table(tokens, embedding.token);
  table(positions, embedding.position);
  table(positions, embedding.type);
  counter.add(ParameterPart::tokens, tokens);
  counter.add(ParameterPart::positions, positions);
  counter.add(ParameterPart::norms, Sum().norm(embedding.norm));
}

void add_block(Counter& counter, const ModelConfig& config, const Block& block, int index) {
  const AttentionKind kind = config.kind_of(index);
  const auto width = static_cast<std::size_t>(config.d_model);
  const auto queries = static_cast<std::size_t>(config.heads_of(kind)) * config.d_head_of(kind);
  const std::size_t keys =
      kind == AttentionKind::self ? static_cast<std::size_t>(config.key_value_width()) : queries;
  const bool cross = kind == AttentionKind::cross;
  const bool bias = !(cross ? block.source_kv : block.qkv).bias.empty();
  counter.add(ParameterPart::q, Sum().matrix(width, queries, !block.qkv.bias.empty()));
  counter.add(ParameterPart::k, Sum().matrix(width, keys, bias));
  counter.add(ParameterPart::v, Sum().matrix(width, keys, bias));
  counter.add(ParameterPart::w_o, Sum().linear(block.attention_out));
  if (block.has_mlp()) {
    counter.add(ParameterPart::mlp, Sum().linear(block.mlp_in).linear(block.mlp_out));
  }
  counter.add(ParameterPart::norms, Sum()
                                        .norm(block.attention_norm)
                                        .norm(block.query_norm)
                                        .norm(block.key_norm)
                                        .norm(block.mlp_norm));
  Sum other;
  if (block.router.weight.in() > 0) other.linear(block.router);
  if (block.router_balance.weight.in() > 0) other.linear(block.router_balance);
  counter.add(ParameterPart::other,
              other.plus(block.temperature.size()).plus(block.convolution.size()));
}

}  // namespace

std::size_t ParameterCounts::total() const {
  std::size_t sum = 0;
  for (const PartCount& part : parts) sum += part.count;
  return sum;
}

std::size_t ParameterCounts::attention() const {
  std::size_t sum = 0;
  for (int i = 0; i < parameter_parts; ++i) {
    const auto part = static_cast<ParameterPart>(i);
    if (of_attention(part)) sum += of(part).count;
  }
  return sum;
}

ParameterCounts parameter_counts(const Model& model) {
  if (model.recorded) {
    throw std::invalid_argument("[parameter_counts] recorded attention has no parameters");
  }
  const ModelConfig& config = model.config;
  const Weights& weights = model.weights;
  const auto width = static_cast<std::size_t>(config.d_model);
  ParameterCounts counts;
  counts.name = model.name;
  counts.layers = config.layers;
  counts.encoder_layers = config.encoder_layers;
  counts.heads = config.heads;
  counts.key_value_heads = config.key_value_heads;
  counts.d_model = config.d_model;
  counts.d_head = config.d_head;
  counts.context = config.context;
  counts.causal = config.causal;
  {
    Counter counter(counts);  // writes the parts when it goes
    add_embedding(counter, weights.encoder_embedding, width);
    add_embedding(counter, weights.embedding, width);
    for (std::size_t i = 0; i < weights.blocks.size(); ++i) {
      add_block(counter, config, weights.blocks[i], static_cast<int>(i));
    }
    counter.add(ParameterPart::final_norm, Sum().norm(weights.encoder_norm));
    counter.add(ParameterPart::final_norm, Sum().norm(weights.final_norm));
    const PredictionHead& head = weights.head;
    Sum output;
    if (head.dense.weight.in() > 0) output.linear(head.dense);
    output.norm(head.norm);
    output.plus(head.output_embedding.size(), by(head.output_embedding.size() / width, width));
    counter.add(ParameterPart::output, output.plus(head.bias.size()));
  }
  return counts;
}

const std::vector<KnownModel>& known_models() {
  static const std::vector<KnownModel> models = {
      {"BERT-base", "Devlin et al. 2019, with the pooler", 12, 12, 768, 3072, 30522, 512, 2, true,
       109'482'240},
      {"BERT-large", "Devlin et al. 2019, with the pooler", 24, 16, 1024, 4096, 30522, 512, 2, true,
       335'141'888},
      {"GPT-2 small", "Radford et al. 2019", 12, 12, 768, 3072, 50257, 1024, 0, false, 124'439'808},
      {"GPT-2 large", "Radford et al. 2019", 36, 20, 1280, 5120, 50257, 1024, 0, false,
       774'030'080},
      {"GPT-3 (175B)", "Brown et al. 2020, table 2.1", 96, 96, 12288, 49152, 50257, 2048, 0, false,
       174'600'000'000},
  };
  return models;
}

ParameterCounts parameter_counts(const KnownModel& model) {
  const auto width = static_cast<std::size_t>(model.d_model);
  const auto inner = static_cast<std::size_t>(model.d_ff);
  const auto rows = [&](int count) {
    return Sum().matrix(static_cast<std::size_t>(count), width, false);
  };
  ParameterCounts counts;
  counts.name = model.name;
  counts.source = model.source;
  counts.layers = model.layers;
  counts.heads = counts.key_value_heads = model.heads;
  counts.d_model = model.d_model;
  counts.d_head = model.d_model / model.heads;
  counts.context = model.context;
  counts.causal = !model.bidirectional;
  {
    Counter counter(counts);
    const Sum square = Sum().matrix(width, width, true);
    const Sum norm = Sum().plus(width).plus(width);
    counter.add(ParameterPart::tokens, rows(model.vocabulary));
    Sum positions = rows(model.context);
    if (model.token_types > 0) {
      const Sum types = rows(model.token_types);
      positions.plus(types.count, types.formula);
    }
    counter.add(ParameterPart::positions, positions);
    if (model.bidirectional) counter.add(ParameterPart::norms, norm);
    for (int layer = 0; layer < model.layers; ++layer) {
      for (const ParameterPart part :
           {ParameterPart::q, ParameterPart::k, ParameterPart::v, ParameterPart::w_o}) {
        counter.add(part, square);
      }
      counter.add(ParameterPart::mlp, Sum().matrix(width, inner, true).matrix(inner, width, true));
      counter.add(ParameterPart::norms, Sum().plus(width).plus(width).plus(width).plus(width));
    }
    counter.add(model.bidirectional ? ParameterPart::output : ParameterPart::final_norm,
                model.bidirectional ? square : norm);
  }
  return counts;
}

int key_value_heads(KeySharing sharing, int heads) {
  if (heads < 1) throw std::invalid_argument("[key_value_heads] expected at least 1 head");
  if (sharing == KeySharing::own) return heads;
  if (sharing == KeySharing::one) return 1;
  for (int groups = std::min(8, heads / 2); groups > 1; --groups) {
    if (heads % groups == 0) return groups;
  }
  return 1;
}

double cache_bytes(int layers, int key_value_heads, int d_head, double tokens, int bytes) {
  return 2.0 * layers * key_value_heads * d_head * tokens * bytes;
}

CacheMemory cache_memory(const ParameterCounts& model, int tokens) {
  if (tokens < 0) throw std::invalid_argument("[cache_memory] expected at least 0 tokens");
  CacheMemory memory;
  memory.tokens = tokens > 0 ? tokens : model.context;
  memory.beyond_context = memory.tokens > model.context;
  memory.own = model.key_value_heads == model.heads ? 0 : model.key_value_heads == 1 ? 2 : 1;
  for (std::size_t i = 0; i < memory.bytes.size(); ++i) {
    const auto sharing = static_cast<KeySharing>(i);
    memory.key_value_heads[i] = sharing == KeySharing::grouped && memory.own == 1
                                    ? model.key_value_heads
                                    : key_value_heads(sharing, model.heads);
    memory.bytes[i] =
        cache_bytes(model.layers, memory.key_value_heads[i], model.d_head, memory.tokens);
  }
  return memory;
}

}  // namespace headlight
