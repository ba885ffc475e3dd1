#include "script_arrays.h"

#include <cmath>
#include <span>
#include <xtensor/xtensor.hpp>

#include "embedding.h"
#include "npz.h"
#include "prediction.h"

namespace headlight {
namespace {

using Shape = std::vector<std::int64_t>;

class ArrayWriter {
 public:
  explicit ArrayWriter(const ScriptLayer& layer) : layer_(layer) {}

  void inputs();
  void attention();
  void mlp();
  void prediction();
  void window();
  std::string finish() { return npz_.finish(); }

 private:
  const LayerWalk& walk() const { return layer_.walk; }
  void add(const char* name, const std::vector<float>& values, Shape shape) {
    npz_.add(name, std::span<const float>(values), shape);
  }
  void vector(const char* name, const std::vector<float>& values) {
    if (!values.empty()) add(name, values, {static_cast<std::int64_t>(values.size())});
  }
  void norm(const std::string& name, const Norm& by) {
    vector((name + "_gain").c_str(), by.gain);
    vector((name + "_bias").c_str(), by.bias);
  }
  void tensor(const char* name, WalkTensor which) {
    if (walk().has(which))
      add(name, walk().values(which), {walk().shape(which).rows, walk().shape(which).columns});
  }
  // Some neighbouring outputs of a product.
  void columns(const char* name, const PackedMatrix& from, int first, int count) {
    std::vector<float> values;
    values.reserve(static_cast<std::size_t>(from.in()) * static_cast<std::size_t>(count));
    for (int in = 0; in < from.in(); ++in) {
      for (int out = first; out < first + count; ++out) values.push_back(from.at(in, out));
    }
    add(name, values, {from.in(), count});
  }
  void matrix(const char* name, const Linear& from) {
    columns(name, from.weight, 0, from.weight.out());
  }
  void tokens(const char* name, const std::vector<Token>& tokens) {
    std::vector<std::string> texts;
    for (const Token& token : tokens) texts.push_back(token.text);
    npz_.add(name, texts);
  }
  void embedding();
  void taps();

  const ScriptLayer& layer_;
  NpzWriter npz_;
};

void ArrayWriter::inputs() {
  if (layer_.cross()) {
    tokens("query_tokens", walk().query_tokens());
    tokens("key_tokens", walk().key_tokens());
  } else {
    tokens("tokens", walk().query_tokens());
  }
  if (layer_.first()) embedding();
  tensor("X", WalkTensor::x);
  tensor("source", WalkTensor::source);
}

void ArrayWriter::embedding() {
  const int width = layer_.config().d_model;
  const std::vector<EmbeddedToken> rows =
      embedded_tokens(walk().model(), walk().query_tokens(), layer_.kind());
  const auto table = [&](const char* name, auto part) {
    std::vector<float> values;
    for (const EmbeddedToken& row : rows) {
      if (row.*part != nullptr) values.insert(values.end(), row.*part, row.*part + width);
    }
    if (!values.empty()) add(name, values, {static_cast<std::int64_t>(rows.size()), width});
  };
  table("token_rows", &EmbeddedToken::token);
  table("position_rows", &EmbeddedToken::position);
  table("type_rows", &EmbeddedToken::type);
  const Weights& weights = walk().model().weights;
  norm("embedding_norm", layer_.kind() == AttentionKind::encoder ? weights.encoder_embedding.norm
                                                                 : weights.embedding.norm);
}

void ArrayWriter::attention() {
  const Block& block = layer_.block();
  norm("attention_norm", block.attention_norm);
  tensor("W_q", WalkTensor::w_q);
  tensor("W_k", WalkTensor::w_k);
  tensor("W_v", WalkTensor::w_v);
  const std::pair<const char*, WalkTensor> biases[] = {
      {"b_q", WalkTensor::all_q}, {"b_k", WalkTensor::all_k}, {"b_v", WalkTensor::all_v}};
  bool any = false;
  for (const auto& [name, of] : biases) any = any || !walk().bias(of).empty();
  for (const auto& [name, of] : biases) {
    std::vector<float> bias = walk().bias(of);
    if (any) bias.resize(static_cast<std::size_t>(walk().shape(of).columns));
    vector(name, bias);
  }
  if (layer_.kind() == AttentionKind::self) {
    vector("query_norm_gain", block.query_norm.gain);
    vector("key_norm_gain", block.key_norm.gain);
  }
  if (layer_.convolution()) taps();
  if (layer_.rotary()) {
    const std::vector<double>& frequencies = layer_.config().rotary_frequencies;
    npz_.begin("rotary_frequencies", "<f8", {static_cast<std::int64_t>(frequencies.size())});
    npz_.append(
        {reinterpret_cast<const char*>(frequencies.data()), frequencies.size() * sizeof(double)});
    npz_.end();
  }
  const std::int64_t heads = walk().heads(), queries = layer_.queries();
  if (layer_.heated()) vector("temperature", layer_.temperature);
  if (!layer_.allowed.empty()) {
    npz_.begin("allowed", "|b1", {heads, queries, layer_.keys()});
    npz_.append({reinterpret_cast<const char*>(layer_.allowed.data()), layer_.allowed.size()});
    npz_.end();
  }
  if (layer_.router()) {
    matrix("router", block.router);
    matrix("router_balance", block.router_balance);
  }
  if (layer_.gained()) vector("gain", layer_.gain);
  if (layer_.replaced()) add("replacement", layer_.replacement, {heads, walk().d_head()});
  tensor("W_o", WalkTensor::w_o);
  vector("b_o", block.attention_out.bias);
}

// The convolution's weights, head by head.
void ArrayWriter::taps() {
  const std::int64_t d_head = walk().d_head(), taps = layer_.config().convolution;
  auto from = layer_.block().convolution.begin();
  for (const auto& [name, heads] : {std::pair{"taps_q", walk().heads()},
                                    {"taps_k", walk().key_value_heads()},
                                    {"taps_v", walk().key_value_heads()}}) {
    const auto count = heads * d_head * taps;
    add(name, {from, from + count}, {heads, d_head, taps});
    from += count;
  }
}

void ArrayWriter::mlp() {
  const Block& block = layer_.block();
  if (!block.has_mlp()) return;
  norm("mlp_norm", block.mlp_norm);
  const Linear& in = block.mlp_in;
  if (gated(layer_.config().mlp)) {
    const int half = in.weight.out() / 2;
    columns("W_gate", in.weight, 0, half);
    columns("W_up", in.weight, half, half);
    if (!in.bias.empty()) {
      vector("b_gate", {in.bias.begin(), in.bias.begin() + half});
      vector("b_up", {in.bias.begin() + half, in.bias.end()});
    }
  } else {
    matrix("W_in", in);
    vector("b_in", in.bias);
  }
  matrix("W_out", block.mlp_out);
  vector("b_out", block.mlp_out.bias);
}

void ArrayWriter::prediction() {
  if (!layer_.predicts()) return;
  const Weights& weights = walk().model().weights;
  norm("final_norm", weights.final_norm);
  if (weights.head.dense.weight.in() > 0) {
    matrix("head_W", weights.head.dense);
    vector("head_b", weights.head.dense.bias);
  }
  norm("head_norm", weights.head.norm);
  const std::vector<float> logits = layer_.trace.logits(layer_.prediction.position);
  const std::size_t width = weights.unembedding().size() / logits.size();
  std::vector<std::string> words;
  std::vector<float> rows, bias, listed;
  for (const PredictionView::Row& row : layer_.prediction.rows) {
    const auto id = static_cast<std::size_t>(row.id);
    const auto from = weights.unembedding().begin() + static_cast<std::ptrdiff_t>(id * width);
    rows.insert(rows.end(), from, from + static_cast<std::ptrdiff_t>(width));
    if (!weights.head.bias.empty()) bias.push_back(weights.head.bias[id]);
    words.push_back(row.text);
    listed.push_back(logits[id]);
  }
  add("unembedding", rows,
      {static_cast<std::int64_t>(words.size()), static_cast<std::int64_t>(width)});
  vector("unembedding_bias", bias);
  npz_.add("predicted_tokens", words);
  vector("window_logits", listed);
  const auto first = static_cast<std::size_t>(layer_.prediction.rows[0].id);
  const double log_total = logits[first] - std::log(probabilities(logits)[first]);
  npz_.add("log_total", std::vector<float>{static_cast<float>(log_total)}, {});
}

void ArrayWriter::window() {
  std::vector<float> weights, scores, z;
  const auto append = [](std::vector<float>& to, const xt::xtensor<float, 2>& values) {
    to.insert(to.end(), values.begin(), values.end());
  };
  for (HeadId id{walk().head().layer, 0, layer_.kind()}; id.head < walk().heads(); ++id.head) {
    append(weights, layer_.trace.weights(id));
    append(scores, layer_.trace.scores(id));
    append(z, layer_.trace.z(id));
  }
  const std::int64_t heads = walk().heads(), queries = layer_.queries(), keys = layer_.keys();
  add("window_weights", weights, {heads, queries, keys});
  add("window_scores", scores, {heads, queries, keys});
  add("window_z", z, {heads, queries, walk().d_head()});
  tensor("window_mixed", WalkTensor::mixed);
  tensor("window_output", WalkTensor::output);
}

}  // namespace

std::string script_arrays(const ScriptLayer& layer) {
  ArrayWriter writer(layer);
  writer.inputs();
  writer.attention();
  writer.mlp();
  writer.prediction();
  writer.window();
  return writer.finish();
}

}  // namespace headlight
