#include "mask_placement.h"

#include <stdexcept>

#include "mask_presets.h"

namespace headlight {
namespace {

constexpr std::string_view names[] = {"head", "layer", "all", "split"};

}  // namespace

std::string_view to_string(MaskPlace place) { return names[static_cast<int>(place)]; }

MaskPlace parse_mask_place(std::string_view name) {
  for (int i = 0; i < 4; ++i) {
    if (names[i] == name) return static_cast<MaskPlace>(i);
  }
  throw std::invalid_argument("[parse_mask_place] \"" + std::string(name) +
                              "\": expected head, layer, all or split");
}

std::vector<HeadId> heads_at(const ModelConfig& config, MaskPlace place, HeadId head) {
  check_head(config, head, "heads_at");
  if (place == MaskPlace::head) return {head};
  std::vector<HeadId> heads;
  for (int layer = 0; layer < config.layers_of(head.kind); ++layer) {
    if (place == MaskPlace::layer && layer != head.layer) continue;
    for (int i = 0; i < config.heads_of(head.kind); ++i) heads.push_back({layer, i, head.kind});
  }
  return heads;
}

Edits with_mask(Edits edits, const std::vector<HeadId>& heads, const Mask& mask) {
  for (HeadId head : heads) edits[head].mask = mask;
  return normalized(std::move(edits));
}

Edits with_resolutions(Edits edits, const ModelConfig& config, AttentionKind kind, int window,
                       int gap) {
  const int heads = config.heads_of(kind);
  const std::vector<Mask> masks =
      multi_resolution_masks(heads, local_mask(window), dilated_mask(window, gap));
  for (int layer = 0; layer < config.layers_of(kind); ++layer) {
    for (int head = 0; head < heads; ++head) {
      edits[{layer, head, kind}].mask = masks[static_cast<std::size_t>(head)];
    }
  }
  return normalized(std::move(edits));
}

}  // namespace headlight
