#include "script_words.h"

#include <charconv>
#include <cmath>
#include <map>

namespace headlight {
namespace {

// The shortest digits that read back as the same float.
std::string digits(float value) {
  char text[32];
  return {text, std::to_chars(text, text + sizeof text, value).ptr};
}

std::string rounded(double value) {
  char text[32];
  std::snprintf(text, sizeof text, "%.4g", value);
  return text;
}

class WordList {
 public:
  WordList(const ScriptLayer& layer, const ScriptForm& form) : layer_(layer), form_(form) {}

  ScriptWords make() {
    place();
    sizes();
    rows();
    projections();
    preparations();
    cells();
    outputs();
    mlp();
    prediction();
    norms();
    return std::move(list_);
  }

 private:
  const LayerWalk& walk() const { return layer_.walk; }
  const ModelConfig& config() const { return layer_.config(); }
  const Block& block() const { return layer_.block(); }

  void word(const char* name, std::string value) { list_.words[name] = std::move(value); }
  void word(const char* name, int value) { list_.words[name] = std::to_string(value); }
  void word_if(const char* name, bool holds, std::string value) {
    word(name, holds ? std::move(value) : "");
  }
  void condition(const char* name, bool holds) { list_.conditions[name] = holds; }

  void place();
  void sizes();
  void rows();
  void projections();
  void preparations();
  void cells();
  void outputs();
  void mlp();
  void prediction();
  void norms();
  void norm(const std::string& name, const Norm& by, const char* torch_input,
            const char* torch_name);
  void temperatures();
  std::string mask_rows() const;

  const ScriptLayer& layer_;
  const ScriptForm& form_;
  ScriptWords list_;
};

void WordList::place() {
  word("layer", walk().head().layer);
  word("model", one_line(walk().model().name));
  word("text", python_literal(form_.text));
  word("npz", python_literal(form_.arrays));
  word("npz_name", "`" + one_line(form_.arrays) + "`");
  condition("script", !form_.notebook);
  condition("notebook", form_.notebook);
  condition("guided", form_.guided);
  condition("cross", layer_.cross());
  condition("encoder", layer_.kind() == AttentionKind::encoder);
  condition("tiny", config().family == "tiny");
  condition("decoder_self", config().encoder_decoder() && layer_.kind() == AttentionKind::self);
}

void WordList::sizes() {
  const int heads = walk().heads(), groups = walk().key_value_heads(), d_head = walk().d_head();
  const bool grouped = groups != heads;
  condition("grouped", grouped);
  word("n", layer_.queries());
  word("m", layer_.keys());
  word("N", layer_.cross() ? "queries" : "tokens");
  word("M", layer_.cross() ? "keys" : "tokens");
  word("G", grouped ? "key_value_heads" : "heads");
  word("g", grouped ? "g" : "h");
  word("heads", heads);
  word("groups", groups);
  word("group", heads / groups);
  word("head", walk().head().head);
  word("d_model", config().d_model);
  word("d_head", d_head);
  word("sqrt_d_head", rounded(std::sqrt(static_cast<double>(d_head))));
  word("q_width", heads * d_head);
  word("kv_width", groups * d_head);
  word("qkv_width", (heads + 2 * groups) * d_head);
  word("vocabulary", config().vocabulary);
}

void WordList::rows() {
  const Weights& weights = walk().model().weights;
  const Embedding& embedding =
      layer_.kind() == AttentionKind::encoder ? weights.encoder_embedding : weights.embedding;
  const bool scaled = config().embedding_scale != 1.0f;
  condition("first_layer", layer_.first());
  condition("positions", !embedding.position.empty());
  condition("token_types", !embedding.type.empty());
  condition("embedding_scale", scaled);
  condition("embedding_norm", !embedding.norm.gain.empty());
  word("embedding_scale", digits(config().embedding_scale));
  word("embedding_sum",
       (scaled ? digits(config().embedding_scale) + " * token_rows" : "token_rows") +
           std::string(embedding.type.empty() ? "" : " + type_rows") +
           (embedding.position.empty() ? "" : " + position_rows"));
  norm("embedding_norm", embedding.norm, "", "");
}

void WordList::projections() {
  bool bias = false;
  for (const WalkTensor of : {WalkTensor::all_q, WalkTensor::all_k, WalkTensor::all_v})
    bias = bias || !walk().bias(of).empty();
  const bool out_bias = !block().attention_out.bias.empty();
  const bool grouped = walk().key_value_heads() != walk().heads();
  condition("qkv_bias", bias);
  condition("out_bias", out_bias);
  const std::string read = layer_.pre_norm() ? "normed" : "X";
  word("read", read);
  word("source", layer_.cross() ? "source" : read);
  word("s", layer_.cross() ? "s" : "x");
  word("shared_columns", grouped ? "shared" : "own");
  for (const char* part : {"q", "k", "v"}) {
    const std::string name = part, columns = name == "q" || !grouped ? "own" : "shared";
    word_if(("plus_b_" + name).c_str(), bias, " + b_" + name);
    word_if(("comma_b_" + name).c_str(), bias, ", b_" + name);
    word_if(("plus_b_" + name + (name == "q" ? "_own" : "_shared")).c_str(), bias,
            " + b_" + name + "[" + columns + "]");
  }
  word_if("plus_b_qkv", bias, " + np.concatenate([b_q, b_k, b_v])");
  word("other_bias", bias ? "{\"q\": b_q, \"k\": b_k, \"v\": b_v}[letter]" : "0");
  word_if("plus_b_o", out_bias, " + b_o");
  word_if("comma_b_o", out_bias, ", b_o");
}

void WordList::preparations() {
  const bool normed_heads =
      layer_.kind() == AttentionKind::self && !block().query_norm.gain.empty();
  const int taps = config().convolution;
  const auto pairs = static_cast<int>(config().rotary_frequencies.size());
  condition("qk_norm", normed_heads);
  condition("convolution", layer_.convolution());
  condition("pools", layer_.pooled());
  condition("rotary", layer_.rotary());
  condition("partial_rotary", layer_.rotary() && 2 * pairs < walk().d_head());
  condition("prepared", normed_heads || layer_.convolution() || layer_.pooled() || layer_.rotary());
  word("taps", taps);
  word("earlier_taps", taps - 1);
  word("pairs", pairs);
  word("rotated", 2 * pairs);
  word_if("rotary_scale_times", config().rotary_scale != 1.0f,
          digits(config().rotary_scale) + " * ");
  std::string pools;
  for (const int pool : layer_.pools) pools += (pools.empty() ? "[" : ", ") + std::to_string(pool);
  word("pool_list", pools + "]");
}

void WordList::temperatures() {
  const auto differs = [](float temperature) { return temperature != 1.0f; };
  const bool self = layer_.kind() == AttentionKind::self;
  bool made = false, edited = false;
  for (HeadId id{walk().head().layer, 0, layer_.kind()}; id.head < walk().heads(); ++id.head) {
    const HeadDesign* design = config().design_of(id);
    made = made || (design != nullptr && differs(design->temperature));
    const auto edit = layer_.trace.edits().find(id);
    edited = edited || (edit != layer_.trace.edits().end() && differs(edit->second.temperature));
  }
  condition("temperature_made", made);
  condition("temperature_learned", self && !block().temperature.empty());
  condition("temperature_edited", edited);
}

// A line of a table in a comment for the heads of each rule.
std::string WordList::mask_rows() const {
  std::map<std::string, std::string> heads_of;
  for (std::size_t head = 0; head < layer_.masks.size(); ++head) {
    std::string& heads = heads_of[layer_.masks[head]];
    heads += (heads.empty() ? "" : ", ") + std::to_string(head);
  }
  std::string rows;
  for (const auto& [mask, heads] : heads_of)
    rows += (rows.empty() ? "| " : "\n# | ") + heads + " | `" + mask + "` |";
  return rows;
}

void WordList::cells() {
  const bool given = layer_.mask == ScriptMask::given, heated = layer_.heated();
  condition("mask_none", layer_.mask == ScriptMask::none);
  condition("mask_causal", layer_.mask == ScriptMask::causal);
  condition("mask_window", layer_.mask == ScriptMask::window);
  condition("empty_rows", layer_.empty_rows);
  condition("temperature", heated);
  word("window", layer_.window);
  word("window_before", layer_.window - 1);
  word("allowed_h", given ? "allowed[h]" : "allowed");
  word_if("mask_rows", given, mask_rows());
  word("divisor",
       heated ? "(math.sqrt(d_head) * temperature[:, None, None])" : "math.sqrt(d_head)");
  word("divisor_h", heated ? "(math.sqrt(d_head) * temperature[h])" : "math.sqrt(d_head)");
  word_if("comma_temperature", heated, ", temperature");
  temperatures();
}

void WordList::outputs() {
  const Routing& routing = config().routing;
  condition("router", layer_.router());
  condition("shared", routing.shared_heads > 0);
  condition("gains", layer_.gained());
  condition("means", layer_.replaced());
  word("shared", routing.shared_heads);
  word("top_k", routing.top_k);
  word("active", routing.active());
}

void WordList::mlp() {
  const Block& own = block();
  const MlpKind kind = config().mlp;
  const bool normed = !own.mlp_norm.gain.empty(), pre = config().norm_place == NormPlace::pre;
  const bool tanh = kind == MlpKind::gelu_tanh || kind == MlpKind::geglu;
  const bool bias = !own.mlp_in.bias.empty(), out_bias = !own.mlp_out.bias.empty();
  condition("mlp", own.has_mlp());
  condition("gated", gated(kind));
  condition("gelu_erf", kind == MlpKind::gelu_erf);
  condition("gelu_tanh", tanh);
  condition("relu", kind == MlpKind::relu);
  condition("mlp_pre_norm", normed && pre);
  condition("mlp_post_norm", normed && !pre);
  word("d_ff", own.mlp_out.weight.in());
  word("torch_activation", kind == MlpKind::gelu_erf || tanh ? "F.gelu"
                           : kind == MlpKind::relu           ? "F.relu"
                                                             : "F.silu");
  word_if("torch_approximate", tanh, ", approximate=\"tanh\"");
  for (const auto& [part, holds] :
       {std::pair{"gate", bias}, {"up", bias}, {"in", bias}, {"out", out_bias}}) {
    const std::string name = std::string("plus_b_") + part;
    word_if(name.c_str(), holds, std::string(" + load(\"b_") + part + "\")");
    word_if(("torch_" + name).c_str(), holds, std::string(" + tensor(\"b_") + part + "\")");
  }
}

void WordList::prediction() {
  const Weights& weights = walk().model().weights;
  const PredictionHead& head = weights.head;
  const bool predicts = layer_.predicts();
  condition("prediction", predicts);
  condition("masked_token", config().predicts == ModelConfig::Predicts::masked_token);
  condition("final_norm", !weights.final_norm.gain.empty());
  condition("head_dense", head.dense.weight.in() > 0);
  condition("head_gelu_erf", head.activation == MlpKind::gelu_erf);
  condition("head_gelu_tanh", head.activation == MlpKind::gelu_tanh);
  condition("head_relu", head.activation == MlpKind::relu);
  condition("head_silu", head.activation == MlpKind::silu);
  condition("head_norm", !head.norm.gain.empty());
  word_if("plus_head_b", !head.dense.bias.empty(), " + load(\"head_b\")");
  word_if("plus_unembedding_bias", !head.bias.empty(), " + load(\"unembedding_bias\")");
  word("position", layer_.prediction.position);
  word_if(
      "position_word", predicts,
      predicts
          ? one_line(python_literal(
                layer_.trace.tokens()[static_cast<std::size_t>(layer_.prediction.position)].text))
          : "");
  word("listed", static_cast<int>(layer_.prediction.rows.size()));
  word("head_width", config().vocabulary > 0
                         ? static_cast<int>(weights.unembedding().size() /
                                            static_cast<std::size_t>(config().vocabulary))
                         : 0);
}

// The arguments of a norm in NumPy, and the call in PyTorch.
void WordList::norm(const std::string& name, const Norm&, const char* input,
                    const char* torch_name) {
  const bool rms = config().norm == NormKind::rms_norm;
  word((name + "_args").c_str(),
       "load(\"" + name + "_gain\")" + (rms ? "" : ", load(\"" + name + "_bias\")"));
  if (*torch_name == '\0') return;
  const std::string in = input, gain = "tensor(\"" + name + "_gain\")";
  word(torch_name, rms ? "torch_rms_norm(" + in + ", " + gain + ")"
                       : "F.layer_norm(" + in + ", (d_model,), " + gain + ", tensor(\"" + name +
                             "_bias\"), " + digits(config().norm_epsilon) + ")");
}

void WordList::norms() {
  const Weights& weights = walk().model().weights;
  const bool rms = config().norm == NormKind::rms_norm;
  norm("attention_norm", block().attention_norm, "stream", "torch_attention_norm");
  norm("mlp_norm", block().mlp_norm, "stream", "torch_mlp_norm");
  norm("mlp_norm", block().mlp_norm, "output", "torch_mlp_last_norm");
  norm("final_norm", weights.final_norm, "", "");
  norm("head_norm", weights.head.norm, "", "");
  const auto& has = list_.conditions;
  const bool any = has.at("mlp_pre_norm") || has.at("mlp_post_norm") || layer_.pre_norm() ||
                   layer_.post_norm() || (layer_.first() && has.at("embedding_norm")) ||
                   (layer_.predicts() && (has.at("final_norm") || has.at("head_norm")));
  condition("pre_norm", layer_.pre_norm());
  condition("post_norm", layer_.post_norm());
  condition("layer_norm", any && !rms);
  condition("rms_norm", (any && rms) || has.at("qk_norm"));
  word("norm", rms ? "rms_norm" : "layer_norm");
  word("epsilon", digits(config().norm_epsilon));
}

}  // namespace

ScriptWords script_words(const ScriptLayer& layer, const ScriptForm& form) {
  return WordList(layer, form).make();
}

}  // namespace headlight
