#pragma once

#include "script_layer.h"
#include "script_template.h"

namespace headlight {

/// How a script is written.
struct ScriptForm {
  bool notebook = false;
  bool guided = false;
  std::string text;    ///< The sentence, as it was typed.
  std::string arrays;  ///< Name of the `.npz` beside the script.
};

/// The words and conditions of assets/words/en/walk for this layer: its sizes, names, and what its
/// design needs.
ScriptWords script_words(const ScriptLayer& layer, const ScriptForm& form);

}  // namespace headlight
