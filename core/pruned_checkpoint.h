#pragma once

#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include "model.h"
#include "pruning_effect.h"

namespace headlight {

/// Writes a model's files again, into a folder, without some of its heads: in every W_O the rows that read a
/// pruned head are 0 (its bias stays), so the copy computes what the model computes with these
/// heads at gain 0. All else is the same byte for byte: names, shapes, types and files of the
/// tensors, config and tokenizer, so whatever reads the one reads the other. A folder's README.md
/// (a model card) gets a note at its top, or is made. `sidecar` is written beside as pruning.json;
/// roles.json, which is the whole model's, is left out. A llama2.c checkpoint is written with its
/// tokenizer and a card of its own. The folder appears whole or not at all.
/// With `force` the files of an existing model's folder are replaced; folders in it stay.
/// Throws std::invalid_argument for heads that the model lacks, a model that is neither a Hugging
/// Face folder nor a llama2.c checkpoint, one whose files have changed since, a folder that exists (unless it is empty or `force` is set), one that holds no model, and
/// the model's own; LoadError for files that cannot be read; std::runtime_error when the disk
/// refuses.
void write_pruned(const Model& model, const std::vector<HeadId>& heads,
                  const std::filesystem::path& folder, std::string_view sidecar,
                  bool force = false);

/// The same checks without writing, for before a long measurement.
void check_pruned(const Model& model, const std::vector<HeadId>& heads,
                  const std::filesystem::path& folder, bool force = false);

/// {"program", "model", "source", "heads", "method", "texts", "tokens", "loss_before", "loss_after",
/// "change", "sum_of_single_changes", "control": {"draws", "mean", "least", "most", "notice"}}.
/// `texts` names what the losses were measured on.
std::string pruning_json(const Model& model, const PruningEffect& effect, std::string_view texts);

}  // namespace headlight
