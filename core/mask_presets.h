#pragma once

#include <span>
#include <string_view>
#include <utility>
#include <vector>

#include "config.h"
#include "mask.h"

namespace headlight {

/// A published pattern, with numbers for short texts.
struct MaskPreset {
  std::string_view name;
  std::string_view mask;    ///< As parse_mask takes it.
  std::string_view source;  ///< The paper, and what its numbers are there.
};

std::span<const MaskPreset> mask_presets();

/// A mask for each head of a layer: the first third local, the second dilated, the others as they
/// are (multi-resolution heads). Each third has at least one head where there are three.
///   [heads]
std::vector<Mask> multi_resolution_masks(int heads, const Mask& local, const Mask& dilated);

}  // namespace headlight
