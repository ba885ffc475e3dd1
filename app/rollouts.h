#pragma once

#include <functional>
#include <memory>
#include <vector>

#include "trace.h"

namespace headlight {

/// Whether the rollout of such attention is corrected (rollout.h): only where later tokens see more
/// than earlier ones.
bool corrects_rollout(const ModelConfig& config, AttentionKind kind);

/// Whether a run has a rollout: attention from a file with other keys than queries has none.
bool has_rollout(const Trace& trace, AttentionKind kind);

/// The rollout that is shown of a run. `before_layer` is called before each layer; what it throws
/// leaves the computation. Throws as rollout().
std::vector<float> shown_rollout(const Trace& trace, AttentionKind kind,
                                 const std::function<void()>& before_layer = {});
// [layers, query, key]

/// The rollouts of both runs of a snapshot, one and the same where nothing is edited.
struct Rollouts {
  AttentionKind kind = AttentionKind::self;
  std::shared_ptr<const std::vector<float>> baseline;  // [layers, query, key]
  std::shared_ptr<const std::vector<float>> edited;
};

}  // namespace headlight
