#pragma once

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "edits.h"
#include "head_id.h"
#include "input.h"
#include "mean_outputs.h"
#include "take_home.h"
#include "tiny_layer.h"

namespace headlight {

class Trace;
struct Model;
struct PredictionView;

/// The first tokens of a text as the tiny layer reads them: each place has a row of its own.
Input tiny_input(const TinyLayer& layer, const std::vector<Token>& tokens);

/// Whether the name ends in .py or .ipynb.
bool is_script_file(const std::string& file);

/// The script or notebook and the `.npz` file that it reads: names without folders, and bytes.
/// `text` is the sentence as it was typed, `prediction` what the window lists for this run; `means`
/// as of RunOptions. Throws std::invalid_argument for another ending, for recorded attention, a
/// head that the model lacks, and more tokens than LayerWalk::most_tokens, in one sentence;
/// std::runtime_error for broken templates.
std::vector<std::pair<std::string, std::string>> walk_files(
    const TakeHome& form, std::shared_ptr<const Model> model, const Trace& trace, HeadId head,
    const std::string& text, const PredictionView& prediction, const MeanOutputs* means = nullptr);

}  // namespace headlight
