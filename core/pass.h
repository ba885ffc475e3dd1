#pragma once

#include <memory>
#include <string_view>
#include <vector>

#include "edits.h"
#include "mean_outputs.h"
#include "model.h"
#include "thread_pool.h"
#include "trace.h"

namespace headlight {

/// What a run may use besides its arguments. Nothing here changes a result.
struct RunOptions {
  /// A trace of the same model to start from: layers below the first edited layer are taken over, and on
  /// a causal model also the rows of the tokens that both begin with.
  const Trace* earlier = nullptr;
  ThreadPool* pool = nullptr;           ///< Null: default_pool().
  const MeanOutputs* means = nullptr;   ///< Null: measured when an edit needs them.
  /// Memory of layers * heads * tokens * tokens floats that gets the weights on the way, the same as
  /// Trace::weights makes later. Rows that are taken over from `earlier` are not written.
  float* weights = nullptr;  // [layers, heads, query, key]
};

/// One forward pass, a layer a step, so that the caller can show progress or leave between layers:
///     Pass pass(model, tokens, edits);
///     while (pass.step()) {}
///     Trace trace = pass.take();
class Pass {
 public:
  /// Throws std::invalid_argument for no tokens, more than the model takes, an id outside the vocabulary,
  /// or edits that check() refuses.
  Pass(const Model& model, std::vector<Token> tokens, Edits edits, RunOptions options = {});
  ~Pass();
  Pass(Pass&&) noexcept;
  Pass& operator=(Pass&&) noexcept;

  bool step();  ///< Computes the next layer; false when none is left.
  int layers_done() const;
  int reused_layers() const;  ///< Layers taken over whole from the earlier trace.
  int reused_rows() const;    ///< Rows taken over in every other layer.

  /// The finished trace, once: throws std::logic_error before the last step and the second time.
  Trace take();

 private:
  struct State;
  std::unique_ptr<State> state_;
};

/// The whole pass over the text's tokens. Throws as Pass, and for a model without a tokenizer.
Trace run(const Model& model, std::string_view text, const Edits& edits = {}, RunOptions options = {});

/// The whole pass over token ids.
Trace run(const Model& model, const std::vector<int>& ids, const Edits& edits = {},
          RunOptions options = {});

/// Ids as tokens, with their texts where the model has a tokenizer.
/// Throws std::invalid_argument for an id outside the vocabulary.
std::vector<Token> tokens_of(const Model& model, const std::vector<int>& ids);

}  // namespace headlight
