#include "rollouts.h"

#include "rollout.h"

namespace headlight {

bool corrects_rollout(const ModelConfig& config, AttentionKind kind) {
  return config.causal && kind == AttentionKind::self;
}

bool has_rollout(const Trace& trace, AttentionKind kind) {
  return trace.model().recorded == nullptr || trace.queries(kind) == trace.keys(kind);
}

std::vector<float> shown_rollout(const Trace& trace, AttentionKind kind,
                                 const std::function<void()>& before_layer) {
  return corrects_rollout(trace.model().config, kind)
             ? corrected_rollout(trace, kind, nullptr, before_layer)
             : rollout(trace, kind, nullptr, before_layer);
}

}  // namespace headlight
