#pragma once

#include <string>
#include <vector>

#include "figure.h"

namespace headlight {

/// A token as a label: spaces in front shown as "·", and kept apart from the direction of the text
/// around it.
std::string figure_label(const Token& token);

/// The text that the trace's tokens stand for; empty when the model has no tokenizer.
std::string text_of(const Trace& trace);

/// "mini-gpt  L2 H3", "mini-gpt  layer 2", "mini-gpt  all heads".
std::string default_title(const ModelConfig& config, const std::string& name,
                          const std::vector<HeadId>& heads);

/// "L1 H3", with what stands out about it: "L1 H3 pruned", "L1 H3 edited".
std::string head_label(HeadId head, const Trace& edited, Shown shown);

/// "L0 H2 and L0 H5 pruned; layer 1 local:4": heads with equal edits named together.
std::string edits_sentence(const Edits& edits, const ModelConfig& config);

/// The lines under the title: what is shown of which edits, and what the display changed.
std::vector<std::string> subtitle_lines(const Trace& edited, const FigureRequest& request);

}  // namespace headlight
