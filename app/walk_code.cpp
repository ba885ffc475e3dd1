#include "walk_code.h"

#include <algorithm>
#include <cmath>
#include <string>
#include <vector>

#include "walk_scene.h"
#include "words_file.h"

namespace headlight {
namespace {

// What the lines need to know of a walk.
struct Sizes {
  explicit Sizes(const LayerWalk& walk)
      : n(std::to_string(walk.shape(WalkTensor::q).rows)),
        m(std::to_string(walk.shape(WalkTensor::k).rows)),
        d_model(std::to_string(walk.model().config.d_model)),
        heads(std::to_string(walk.heads())),
        key_value_heads(std::to_string(walk.key_value_heads())),
        d_head(std::to_string(walk.d_head())),
        width(std::to_string(walk.heads() * walk.d_head())),
        key_width(std::to_string(walk.key_value_heads() * walk.d_head())),
        all_width(std::to_string((walk.heads() + 2 * walk.key_value_heads()) * walk.d_head())) {}
  std::string n, m, d_model, heads, key_value_heads, d_head, width, key_width, all_width;
};

// Lines of code with a comment behind each, in one column.
class Code {
 public:
  void line(const std::string& code, const std::string& comment = "") { lines_.push_back({code, comment}); }
  std::string text() const {
    std::size_t widest = 0;
    for (const auto& [code, comment] : lines_) {
      if (!comment.empty()) widest = std::max(widest, code.size());
    }
    std::string all;
    for (const auto& [code, comment] : lines_) {
      all += code;
      if (!comment.empty()) all += std::string(widest - code.size(), ' ') + "  # " + comment;
      all += '\n';
    }
    return all;
  }

 private:
  std::vector<std::pair<std::string, std::string>> lines_;
};

std::string shape(std::initializer_list<std::string> sizes) {
  std::string text;
  for (const std::string& size : sizes) text += (text.empty() ? "[" : ", ") + size;
  return text + "]";
}

bool rotary(const LayerWalk& walk) {
  return walk.head().kind == AttentionKind::self && walk.model().config.position == PositionKind::rotary;
}

const char* norm_name(const LayerWalk& walk) {
  return walk.model().config.norm == NormKind::layer_norm ? "layer_norm" : "rms_norm";
}

std::string plus(const LayerWalk& walk, WalkTensor tensor, const char* bias) {
  return walk.bias(tensor).empty() ? "" : std::string(" + ") + bias;
}

void embed(const LayerWalk& walk, const Sizes& s, Code& code) {
  if (!walk.has(WalkTensor::token_rows)) {
    const bool cross = walk.head().kind == AttentionKind::cross;
    code.line(cross ? "X = self_attention(X)" : "X = layers[" + std::to_string(walk.head().layer - 1) + "](X)",
              shape({s.n, s.d_model}));
    return;
  }
  const bool positions = walk.has(WalkTensor::position_rows);
  const Weights& weights = walk.model().weights;
  const bool encoder = walk.head().kind == AttentionKind::encoder;
  code.line(positions ? "X = E[ids] + P[:" + s.n + "]" : "X = E[ids]", shape({s.n, s.d_model}));
  if (!(encoder ? weights.encoder_embedding : weights.embedding).norm.gain.empty()) code.line("X = layer_norm(X)");
}

void project(const LayerWalk& walk, const Sizes& s, bool fused, Code& code) {
  std::string x = "X";
  if (walk.has(WalkTensor::normed)) {
    code.line(std::string("N = ") + norm_name(walk) + "(X)", shape({s.n, s.d_model}));
    x = "N";
  }
  if (fused && walk.head().kind != AttentionKind::cross) {
    code.line("QKV = " + x + " @ W_qkv" + plus(walk, WalkTensor::all_q, "b_qkv"),
              shape({s.n, s.d_model}) + " @ " + shape({s.d_model, s.all_width}));
    code.line("Q, K, V = QKV.split([" + s.width + ", " + s.key_width + ", " + s.key_width + "], dim=-1)");
    return;
  }
  const std::string from = walk.has(WalkTensor::source) ? "S" : x;
  code.line("Q = " + x + " @ W_q" + plus(walk, WalkTensor::all_q, "b_q"), shape({s.n, s.width}));
  code.line("K = " + from + " @ W_k" + plus(walk, WalkTensor::all_k, "b_k"), shape({s.m, s.key_width}));
  code.line("V = " + from + " @ W_v" + plus(walk, WalkTensor::all_v, "b_v"), shape({s.m, s.key_width}));
}

void split(const LayerWalk& walk, const Sizes& s, Code& code) {
  const bool self = walk.head().kind == AttentionKind::self;
  const ModelConfig& config = walk.model().config;
  if (self && config.convolution > 0) {
    code.line("Q, K, V = causal_conv(Q), causal_conv(K), causal_conv(V)", std::to_string(config.convolution) + " taps");
  }
  code.line("Q = Q.view(" + s.n + ", " + s.heads + ", " + s.d_head + ").transpose(0, 1)",
            shape({s.heads, s.n, s.d_head}));
  for (const char* name : {"K", "V"}) {
    code.line(std::string(name) + " = " + name + ".view(" + s.m + ", " + s.key_value_heads + ", " + s.d_head +
                  ").transpose(0, 1)",
              shape({s.key_value_heads, s.m, s.d_head}));
  }
  if (self && !walk.block().query_norm.gain.empty()) code.line("Q, K = rms_norm(Q), rms_norm(K)", "each head's row by itself");
  const HeadDesign* design = config.design_of(walk.head());
  if (design != nullptr && design->pool > 1) {
    code.line("K, V = pool(K, " + std::to_string(design->pool) + "), pool(V, " + std::to_string(design->pool) + ")",
              "means of " + std::to_string(design->pool) + " tokens");
  }
  if (rotary(walk)) code.line("Q, K = rotate(Q, positions), rotate(K, positions)");
  if (walk.key_value_heads() < walk.heads()) {
    const std::string times = std::to_string(walk.heads() / walk.key_value_heads());
    code.line("K, V = K.repeat_interleave(" + times + ", 0), V.repeat_interleave(" + times + ", 0)",
              times + " heads share each");
  }
}

}  // namespace

std::string step_code(const LayerWalk& walk, WalkStep step, bool fused) {
  const Sizes s(walk);
  Code code;
  const std::string cells = shape({s.heads, s.n, s.m});
  switch (step) {
    case WalkStep::embed: embed(walk, s, code); break;
    case WalkStep::project: project(walk, s, fused, code); break;
    case WalkStep::split: split(walk, s, code); break;
    case WalkStep::scores: code.line("S = Q @ K.transpose(-2, -1)", cells); break;
    case WalkStep::scale:
      code.line("S = S / math.sqrt(" + s.d_head + ")", cells);
      if (std::abs(walk.temperature() - 1.0) > 1e-6) code.line("S = S / temperature", "of each head");
      break;
    case WalkStep::mask:
      if (walk.head().kind == AttentionKind::self && walk.model().config.causal) {
        code.line("allowed = torch.ones(" + s.n + ", " + s.m + ").tril().bool()", "not ahead");
      } else {
        code.line("allowed = torch.ones(" + s.n + ", " + s.m + ").bool()", "everywhere");
      }
      code.line("S = S.masked_fill(~allowed, float(\"-inf\"))", cells);
      break;
    case WalkStep::softmax:
      code.line("A = S.softmax(dim=-1)", cells);
      code.line("A = F.dropout(A, p=" + std::to_string(walk.dropout().p).substr(0, 4) + ", training=" +
                (walk.has(WalkTensor::dropped) ? "True)" : "False)"));
      break;
    case WalkStep::blend:
      code.line("Z = A @ V", shape({s.heads, s.n, s.d_head}));
      if (walk.model().config.routing.any() && walk.head().kind == AttentionKind::self) {
        code.line("Z = Z * gates.T[:, :, None]", "the router's");
      }
      break;
    case WalkStep::concatenate:
      code.line("Z = Z.transpose(0, 1).reshape(" + s.n + ", " + s.width + ")", shape({s.n, s.width}));
      break;
    case WalkStep::mix:
      code.line("M = Z @ W_o" + plus(walk, WalkTensor::mixed, "b_o"), shape({s.n, s.d_model}));
      break;
    case WalkStep::residual: {
      const bool post = walk.model().config.norm_place == NormPlace::post && !walk.block().attention_norm.gain.empty();
      const std::string norm = norm_name(walk);
      code.line(post ? "X = " + norm + "(X + M)" : "X = X + M", shape({s.n, s.d_model}));
      if (walk.block().has_mlp()) code.line(post ? "X = " + norm + "(X + mlp(X))" : "X = X + mlp(" + norm + "(X))");
      break;
    }
  }
  return code.text();
}

std::string step_words(const LayerWalk& walk, WalkStep step, bool fused) {
  std::string key = std::string("words.") + to_string(step);
  if (step == WalkStep::embed && !walk.has(WalkTensor::token_rows)) {
    key += ".later";
  } else if (step == WalkStep::embed && !walk.has(WalkTensor::position_rows)) {
    key += ".rotary";
  } else if (step == WalkStep::project && fused) {
    key += ".fused";
  }
  const Sizes s(walk);
  const Words& words = window_words("walk");
  std::string text = words.get(key, {{"n", s.n},
                                     {"d_model", s.d_model},
                                     {"heads", s.heads},
                                     {"d_head", s.d_head},
                                     {"width", s.width}});
  if (step != WalkStep::split) return text;
  const HeadDesign* design = walk.model().config.design_of(walk.head());
  const bool mixed = walk.model().config.convolution > 0 || (design != nullptr && design->pool > 1);
  if (mixed) text += " " + words.get("words.split.mixed");
  if (rotary(walk)) text += " " + words.get("words.split.rotary");
  return text;
}

std::string step_formula(const LayerWalk& walk, WalkStep step) {
  const Words& words = window_words("walk");
  const std::string key = std::string("formula.") + to_string(step);
  if (step == WalkStep::embed && !walk.has(WalkTensor::token_rows)) return words.get(key + ".later");
  if (step == WalkStep::embed && !walk.has(WalkTensor::position_rows)) return words.get(key + ".rotary");
  const bool biased = step == WalkStep::project ? !walk.bias(WalkTensor::all_q).empty()
                                                : !walk.bias(WalkTensor::mixed).empty();
  std::string formula = words.get((step == WalkStep::project || step == WalkStep::mix) && !biased ? key + ".plain" : key);
  if (step != WalkStep::project || !walk.has(WalkTensor::normed)) return formula;
  for (std::size_t at = 0; (at = formula.find("X W", at)) != formula.npos;) formula.replace(at, 1, "N");
  return words.get("formula.norm") + "      " + formula;
}

std::string step_shapes(const LayerWalk& walk, WalkStep step) {
  const Words& words = window_words("walk");
  std::string text;
  for (const WalkTensor tensor : made_in(walk, step)) {
    const WalkShape size = walk.shape(tensor);
    text += words.get(std::string("tensor.") + to_string(tensor)) + "  [" + std::to_string(size.rows) + ", " +
            std::to_string(size.columns) + "]\n";
  }
  return text;
}

}  // namespace headlight
