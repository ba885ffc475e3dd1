#pragma once

#include <memory>
#include <optional>
#include <vector>

#include "thread_pool.h"
#include "trace.h"
#include "walk.h"

namespace headlight {

/// A row-major matrix.
struct WalkMatrix {
  int rows = 0;
  int columns = 0;
  std::vector<float> values;  // [rows, columns]

  float at(int row, int column) const {
    return values[static_cast<std::size_t>(row) * columns + static_cast<std::size_t>(column)];
  }
  bool operator==(const WalkMatrix&) const = default;
};

/// One summand of a number's arithmetic: left * right. A factor is a number of the walk, or one that
/// is drawn nowhere (a bias, a cosine).
struct WalkTerm {
  double left = 0.0;
  double right = 1.0;
  std::optional<WalkCell> left_cell;
  std::optional<WalkCell> right_cell;
};

/// How a number of the walk comes from those before it.
struct Derivation {
  enum class Rule {
    given,    ///< Looked up, not computed: an embedding, a weight.
    copied,   ///< The one term's.
    sum,      ///< The terms' sum.
    divided,  ///< The one term, which is its number times 1 / divisor.
    masked,   ///< Minus infinity: forbidden.
    softmax,  ///< exp(left - largest) / sum of them; the first term is its own, then the row's.
    normed,   ///< (left - mean) / deviation * gain + bias; the first term is its own.
    dropped,  ///< 0, or the one term.
    mlp,      ///< The first term, and what the MLP makes of its row.
  };
  Rule rule = Rule::given;
  std::vector<WalkTerm> terms;
  double divisor = 1.0;                       // divided: sqrt(d_head) * temperature
  double largest = 0.0, total = 0.0;          // softmax: the row's largest score, the sum of exp
  double mean = 0.0, deviation = 1.0, gain = 1.0, bias = 0.0;  // normed
  float value = 0.0f;                         ///< As the walk has it.
};

/// Every number between the input and the output of one layer's attention, for one head, as the run had
/// them: what a trace keeps is taken from it, the rest is computed by the functions of the pass itself.
/// A value that never changes; keeps nothing of the trace. Memory grows with tokens * tokens.
class LayerWalk {
 public:
  /// Throws std::invalid_argument for recorded attention, a head that the model lacks, a dropout outside
  /// [0, 1), and more than most_tokens queries or keys.
  LayerWalk(std::shared_ptr<const Model> model, const Trace& trace, HeadId head, Dropout dropout = {},
            ThreadPool* pool = nullptr);

  static constexpr int most_tokens = 1024;

  HeadId head() const { return head_; }
  const Dropout& dropout() const { return dropout_; }
  const Model& model() const { return *model_; }
  const Edits& edits() const { return edits_; }
  const std::vector<Token>& query_tokens() const { return query_tokens_; }
  const std::vector<Token>& key_tokens() const { return key_tokens_; }

  bool has(WalkTensor tensor) const { return matrix(tensor).rows > 0; }
  /// Without rows where the model or layer has no such tensor.
  const WalkMatrix& matrix(WalkTensor tensor) const {
    return matrices_[static_cast<std::size_t>(tensor)];
  }
  /// Biases, [] where there are none: of all_q, all_k, all_v and mixed.
  const std::vector<float>& bias(WalkTensor tensor) const;

  /// What scores are divided by: sqrt(d_head), the head's temperatures included.
  double divisor() const { return divisor_; }
  double temperature() const { return temperature_; }  ///< The model's own times the edit's.
  bool allowed(int query, int key) const;
  /// First column of the head's among those of all_q (and concatenated), all_k and all_v.
  int query_column() const;
  int key_column() const;

  /// How a number comes about. Throws std::invalid_argument for a cell that the walk lacks.
  Derivation derive(WalkCell cell) const;

 private:
  struct Maker;

  std::shared_ptr<const Model> model_;
  HeadId head_;
  Dropout dropout_;
  Edits edits_;
  std::vector<Token> query_tokens_, key_tokens_;
  std::vector<WalkMatrix> matrices_;  // [walk_tensors]
  std::vector<float> bias_q_, bias_k_, bias_v_, bias_o_;
  double divisor_ = 1.0, temperature_ = 1.0;
};

}  // namespace headlight
