#include "walk_command.h"

#include <CLI/CLI.hpp>
#include <cstdio>
#include <memory>
#include <stdexcept>

#include "assets_path.h"
#include "command_options.h"
#include "command_values.h"
#include "file_io.h"
#include "handout.h"
#include "layer_walk.h"
#include "model.h"
#include "pass.h"
#include "prediction_view.h"
#include "walk_script.h"
#include "walk_table.h"

namespace headlight {
namespace {

constexpr const char* walk_examples = R"(Examples:
  headlight walk --text "The cat sat on the mat" --head 2.3 -o walk.ipynb
  headlight walk --text "The cat sat on the mat" --head 2.3 --guided -o exercise.py
  headlight walk my-model --text "The cat sat" --head 0.1 --mask "0.*=local:4" -o walk.py
  headlight walk --text "The cat sat on" --tiny 8,8,2,4 --head 0.0 -o tiny.py
  headlight walk --text "The cat sat" --head 2.3 --cell weights,2,1 -o walk.json

A script or notebook reads the model's weights from a file beside it that ends in .npz.)";

// "8,8,2,4"
TinyLayer tiny_layer(const std::string& text) {
  const std::vector<int> sizes = whole_numbers("--tiny", text, 1);
  if (sizes.size() != 4)
    throw std::invalid_argument("--tiny: \"" + text +
                                "\" is not D_IN,D_OUT,HEADS,TOKENS, as in 8,8,2,4");
  TinyLayer layer{.d_in = sizes[0], .d_out = sizes[1], .heads = sizes[2], .tokens = sizes[3]};
  check(layer);
  return layer;
}

// The sentence as it was given; of ids, these.
std::string given_text(const InputOptions& input) {
  if (input.text) return *input.text;
  std::string text;
  for (const int id : input.ids) text += (text.empty() ? "" : " ") + std::to_string(id);
  return text;
}

HeadId one_head(const std::string& text, const ModelConfig& config) {
  const AttentionKind kind = config.encoder_decoder() ? AttentionKind::cross : AttentionKind::self;
  const std::vector<HeadId> heads = parse_heads(text, config, kind);
  if (heads.size() != 1)
    throw std::invalid_argument("--head: \"" + text + "\" names " + std::to_string(heads.size()) +
                                " heads; a walk goes through one");
  return heads[0];
}

}  // namespace

CLI::App* add_walk(CLI::App& app, WalkCommand& options) {
  CLI::App* sub = app.add_subcommand(
      "walk", "Write one layer's attention, step by step, as a notebook, a script or numbers");
  sub->footer(walk_examples);
  sub->add_option("model", options.model, "A model's folder, file or name (mini-gpt)")
      ->option_text("MODEL");
  add_source_options(*sub, options.input, "The sentence, or an encoder-decoder's source");
  sub->add_option("--target", options.input.target,
                  "What an encoder-decoder's decoder reads (what it decodes itself)")
      ->type_name("TEXT");
  sub->add_option("--head", options.head, "The head to go through, as LAYER.HEAD")
      ->type_name("L.H")
      ->required();
  sub->add_flag("--guided", options.guided,
                "Leave the key lines of a script or notebook to fill in, with checks");
  auto* tiny = sub->add_option_function<std::string>(
      "--tiny", [&options](const std::string& text) { options.tiny = tiny_layer(text); },
      "A fresh layer of beginner's size instead of the model's, on the first tokens");
  tiny->type_name("D_IN,D_OUT,HEADS,TOKENS");
  sub->add_flag("--bias", options.bias, "The tiny layer has biases")->needs(tiny);
  sub->add_option("--seed", options.seed, "What its numbers are drawn from (1)")
      ->type_name("N")
      ->needs(tiny);
  sub->add_option_function<std::string>(
         "--cell", [&options](const std::string& text) { options.cell = parse_walk_cell(text); },
         "Into .json: how this number comes about")
      ->type_name("TENSOR,ROW,COLUMN");
  add_edit_options(*sub, options.edits);
  sub->add_option("-o,--output", options.output, "What to write, by its ending")
      ->type_name("FILE.{py,ipynb,pdf,json,npz}")
      ->required();
  sub->add_flag("--quiet", options.quiet, "No notices");
  return sub;
}

void check_walk(const WalkCommand& options) {
  const std::string ending = lower_ending(options.output),
                    file = "\"" + options.output.string() + "\"";
  const bool script = is_script_file(options.output.string());
  if (!script && ending != ".json" && ending != ".npz" && ending != ".pdf")
    throw std::invalid_argument("-o: " + file +
                                " does not end in .py, .ipynb, .pdf, .json or .npz");
  if (options.guided && !script)
    throw std::invalid_argument("--guided: " + file + " is no script and no notebook");
  if (options.cell && ending != ".json")
    throw std::invalid_argument("--cell: " + file + " does not end in .json");
  if (options.input.text && !options.input.ids.empty())
    throw std::invalid_argument("walk: give only one of --text and --ids");
}

int run_walk(const WalkCommand& options) {
  auto model = std::make_shared<const Model>(load_model(model_path(options.model.value_or(""))));
  std::string notice;
  if (model->recorded)
    throw std::invalid_argument(
        "this attention was computed elsewhere: a walk needs the model's weights");
  Input input = whole_input(*model, options.input, notice);
  if (options.tiny) {
    TinyLayer layer = *options.tiny;
    layer.bias = options.bias;
    layer.seed = options.seed;
    auto tiny = std::make_shared<const Model>(tiny_model(layer));
    input = tiny_input(layer, input.tokens);
    model = std::move(tiny);
    notice.clear();
  }
  if (!notice.empty() && !options.quiet) std::fprintf(stderr, "headlight: %s\n", notice.c_str());
  const HeadId head = one_head(options.head, model->config);
  const Edits edits = edits_of(options.edits, {}, model->config, head.kind);

  RunOptions run_options;
  MeanOutputs means;
  if (needs_means(edits)) {
    means = mean_outputs(*model);
    run_options.means = &means;
  }
  const Trace baseline = run(*model, input, {}, run_options);
  const Trace edited = edits.empty() ? baseline : run(*model, input, edits, run_options);

  const std::string ending = lower_ending(options.output);
  if (ending == ".json" || ending == ".npz" || ending == ".pdf") {
    const LayerWalk walk(model, edited, head, {.means = run_options.means});
    write_file(options.output, ending == ".npz" ? npz_walk(walk)
                               : ending == ".pdf"
                                   ? walk_handout(walk, given_text(options.input), false)
                                   : json_walk(walk, options.cell));
    return 0;
  }
  PredictionView prediction;
  if (model->config.predicts != ModelConfig::Predicts::nothing)
    prediction = predict(baseline, edited, predicted_position(*model, edited.tokens()));
  const TakeHome form{.file = options.output.string(), .guided = options.guided};
  for (const auto& [name, bytes] : walk_files(form, model, edited, head, given_text(options.input),
                                              prediction, run_options.means))
    write_file(options.output.parent_path() / name, bytes);
  return 0;
}

}  // namespace headlight
