#pragma once

#include <vector>

#include "model_folder.h"

namespace headlight {

/// The models that can be chosen without typing a path.
struct ModelList {
  std::vector<ModelInfo> built_in;  ///< The default first.
  std::vector<ModelInfo> variants;  ///< Built in, too: their heads are built differently.
  std::vector<ModelInfo> recent;    ///< Opened before, newest first; not the built-in ones.
  std::vector<ModelInfo> cached;    ///< In the Hugging Face cache; not those of `recent`.
};

/// Looks through the folders: some milliseconds, or longer on a slow disk. Never throws.
ModelList list_models();

}  // namespace headlight
