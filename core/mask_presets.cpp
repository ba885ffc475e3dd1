#include "mask_presets.h"

namespace headlight {
namespace {

constexpr MaskPreset presets[] = {
    {"Longformer", "local:4+global:1",
     "Beltagy et al. 2020: a sliding window (there 256 to each side) and a few global tokens"},
    {"Longformer, dilated", "dilated:4:2+global:1",
     "Beltagy et al. 2020: in some heads the window has gaps, which reach farther at the same cost"},
    {"BigBird", "local:3+global:2+random:3:1",
     "Zaheer et al. 2020: window, global tokens, and random keys in every row (there in blocks)"},
    {"Sparse Transformer, strided", "local:3+strided:4",
     "Child et al. 2019: the last l tokens, and every l-th before (there l = 128)"},
    {"Sparse Transformer, fixed", "block:4+columns:4:1",
     "Child et al. 2019: the own block of l tokens, and the last of every block before"},
    {"StreamingLLM", "local:8+global:4",
     "Xiao et al. 2023: the last tokens, and the first four as attention sinks"},
};

}  // namespace

std::span<const MaskPreset> mask_presets() { return presets; }

std::vector<Mask> multi_resolution_masks(int heads, const Mask& local, const Mask& dilated) {
  std::vector<Mask> masks;
  for (int head = 0; head < heads; ++head) {
    const int third = heads < 3 ? head : head * 3 / heads;
    masks.push_back(third == 0 ? local : third == 1 ? dilated : full_mask());
  }
  return masks;
}

}  // namespace headlight
