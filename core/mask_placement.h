#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "edits.h"

namespace headlight {

/// Which heads a mask is put on, seen from one head.
enum class MaskPlace {
  head,   ///< That head alone.
  layer,  ///< All heads of its layer.
  all,    ///< All heads of its kind.
  split,  ///< All of its kind, a mask for each third of a layer: with_resolutions().
};

/// "head", "layer", "all", "split".
std::string_view to_string(MaskPlace place);
/// Throws std::invalid_argument for another name.
MaskPlace parse_mask_place(std::string_view name);

/// The heads that a mask goes to. Throws std::invalid_argument for a head that the model lacks.
std::vector<HeadId> heads_at(const ModelConfig& config, MaskPlace place, HeadId head);

/// The edits with a mask on these heads, in place of the masks that they had.
Edits with_mask(Edits edits, const std::vector<HeadId>& heads, const Mask& mask);

/// The edits with the heads of a kind at three resolutions in every layer: the first third local
/// with this window, the second dilated with window and gap, the rest without a mask.
Edits with_resolutions(Edits edits, const ModelConfig& config, AttentionKind kind, int window,
                       int gap);

}  // namespace headlight
