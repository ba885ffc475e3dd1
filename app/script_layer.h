#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "layer_walk.h"
#include "prediction_view.h"

namespace headlight {

/// How a script has to forbid cells.
enum class ScriptMask {
  none,    ///< Not at all.
  causal,  ///< What comes later.
  window,  ///< That, and what lies too far back.
  given,   ///< By a table for each head, which comes with the weights.
};

/// One layer's attention in one run, as a script that a learner takes home needs to know it: which
/// lines its design needs, and the arrays that they read. Refers to the run, which has to outlive
/// it.
struct ScriptLayer {
  /// Throws std::invalid_argument as LayerWalk does. `means` as of RunOptions.
  ScriptLayer(std::shared_ptr<const Model> model, const Trace& trace, HeadId head,
              const PredictionView& prediction, const MeanOutputs* means = nullptr);

  const ModelConfig& config() const { return walk.model().config; }
  const Block& block() const { return walk.block(); }
  AttentionKind kind() const { return walk.head().kind; }
  bool cross() const { return kind() == AttentionKind::cross; }
  int queries() const { return trace.queries(kind()); }
  int keys() const { return trace.keys(kind()); }

  bool first() const { return kind() != AttentionKind::cross && walk.head().layer == 0; }
  bool predicts() const;   ///< Whether the prediction that is listed reads what this layer leaves.
  bool pre_norm() const;   ///< Whether there is a norm before the attention, or
  bool post_norm() const;  ///< behind its residual.
  bool rotary() const;
  bool router() const;
  bool convolution() const;
  bool pooled() const;  ///< Whether any head's keys are.
  bool heated() const;  ///< Whether any temperature is not 1.
  bool gained() const;  ///< Whether an edit scales a head's output, or
  bool replaced() const { return !replacement.empty(); }  ///< puts a mean in its place.

  LayerWalk walk;
  const Trace& trace;
  const PredictionView& prediction;

  ScriptMask mask = ScriptMask::none;
  int window = 0;                     ///< Of ScriptMask::window: keys nearer than this are seen.
  bool empty_rows = false;            ///< Whether a row of a head has no key left.
  std::vector<std::uint8_t> allowed;  ///< [heads, query, key] of ScriptMask::given, else []
  std::vector<std::string>
      masks;  ///< [heads] what each may look at: "causal pool:3 local:4", "none"
  std::vector<float> temperature;  ///< [heads]
  std::vector<int> pools;          ///< [key-value heads] tokens in a pool
  std::vector<float> gain;         ///< [heads]
  std::vector<float> replacement;  ///< [heads, d_head] what is added behind the gain, or []

 private:
  void read_heads();
  void read_masks();
  void read_edits(const MeanOutputs* means);
};

}  // namespace headlight
