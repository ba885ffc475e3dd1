#pragma once

#include <memory>
#include <optional>
#include <vector>

#include "mean_outputs.h"
#include "thread_pool.h"
#include "trace.h"
#include "walk.h"

namespace headlight {

struct WalkShape {
  int rows = 0;
  int columns = 0;
  bool operator==(const WalkShape&) const = default;
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
    sum,      ///< The terms' sum, times `factor`.
    divided,  ///< The one term, which is its number times 1 / divisor.
    masked,   ///< Minus infinity: the cell is forbidden.
    softmax,  ///< exp(first left - largest) / total; the first term is its own, then the row's allowed ones.
    normed,   ///< (sum of the terms - mean) / deviation * gain + bias.
    dropped,  ///< 0 where `factor` is 0, else the one term times it.
    mlp,      ///< The one term, and what the MLP makes of its row (and its norm) beside it.
  };
  Rule rule = Rule::given;
  std::vector<WalkTerm> terms;
  double factor = 1.0;                // sum: a router's gate; dropped: 0 or 1 / (1 - p)
  double divisor = 1.0;               // divided: sqrt(d_head) * temperature
  double largest = 0.0, total = 0.0;  // softmax: the row's largest score, the sum of exp(score - largest)
  double mean = 0.0, deviation = 1.0, gain = 1.0, bias = 0.0;  // normed
  float value = 0.0f;                 ///< As the walk has it.
};

/// What the arithmetic gives; NaN for `given`, `masked` and `mlp`, which are not computed from terms.
double evaluate(const Derivation& derivation);

/// What a walk may be told besides the run.
struct WalkOptions {
  /// Of all heads of the layer. Then dropped, z, and all after z are those of this one training step,
  /// up to the layer's output; the run itself goes on without dropout.
  Dropout dropout;
  const MeanOutputs* means = nullptr;  ///< Null: measured when an edit needs them.
  ThreadPool* pool = nullptr;          ///< Null: default_pool().
};

/// Every number between the input and the output of one layer's attention, for one head, as the run had
/// them: what a trace keeps is taken from it, the rest is computed by the functions of the pass itself.
/// A value that never changes; it keeps the model, but nothing of the trace. Memory grows with
/// queries * keys.
class LayerWalk {
 public:
  /// Throws std::invalid_argument for recorded attention, a head that the model lacks, a dropout outside
  /// [0, 1), and more than most_tokens queries or keys.
  LayerWalk(std::shared_ptr<const Model> model, const Trace& trace, HeadId head,
            const WalkOptions& options = {});

  static constexpr int most_tokens = 1024;

  HeadId head() const { return head_; }
  const Dropout& dropout() const { return dropout_; }
  const Model& model() const { return *model_; }
  const Block& block() const;  ///< Its weights.
  const Edits& edits() const { return edits_; }
  const std::vector<Token>& query_tokens() const { return query_tokens_; }
  const std::vector<Token>& key_tokens() const { return key_tokens_; }

  bool has(WalkTensor tensor) const { return shape(tensor).rows > 0; }
  /// No rows where the model or layer has no such tensor.
  WalkShape shape(WalkTensor tensor) const { return shapes_[static_cast<std::size_t>(tensor)]; }
  /// One number. The cell must be inside the tensor's shape.
  float at(WalkCell cell) const;
  bool has(WalkCell cell) const;
  std::vector<float> values(WalkTensor tensor) const;  // [rows, columns]
  /// Biases, [] where there are none: of all_q, all_k, all_v and mixed.
  std::vector<float> bias(WalkTensor tensor) const;

  /// What scores are divided by: sqrt(d_head) * temperature().
  double divisor() const { return divisor_; }
  double temperature() const { return temperature_; }  ///< The model's own times the edit's.
  bool allowed(int query, int key) const;
  int heads() const { return heads_; }
  int key_value_heads() const { return key_value_heads_; }
  int d_head() const { return d_head_; }
  /// First column of the head's among those of all_q (and concatenated), and of all_k and all_v.
  int query_column() const { return head_.head * d_head_; }
  int key_column() const { return head_.head / (heads_ / key_value_heads_) * d_head_; }
  float gate(int query) const { return gates_.empty() ? 1.0f : gates_[static_cast<std::size_t>(query)]; }

  /// How a number comes about. Throws std::invalid_argument for a cell that the walk lacks.
  Derivation derive(WalkCell cell) const;

 private:
  friend struct WalkMaker;
  friend class WalkDerivation;

  std::shared_ptr<const Model> model_;
  HeadId head_;
  Dropout dropout_;
  Edits edits_;
  std::vector<Token> query_tokens_, key_tokens_;
  std::vector<WalkShape> shapes_;            // [walk_tensors]
  std::vector<std::vector<float>> numbers_;  // [walk_tensors]; [] of the weights, which the model has
  std::vector<float> gates_;                 // [queries] of the head, or []
  int heads_ = 0, key_value_heads_ = 0, d_head_ = 0;
  double divisor_ = 1.0, temperature_ = 1.0;
};

}  // namespace headlight
