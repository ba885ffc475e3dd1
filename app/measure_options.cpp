#include "measure_options.h"

#include <CLI/CLI.hpp>
#include <stdexcept>

#include "command_options.h"
#include "command_values.h"

namespace headlight {
namespace {

void add_sources(CLI::App& app, LossSources& sources) {
  app.add_option("--text", sources.text, "A text to measure the loss on")->type_name("TEXT");
  app.add_option("--target", sources.target,
                 "What an encoder-decoder should make of it (what it decodes itself)")
      ->type_name("TEXT");
  app.add_option("--corpus", sources.corpus,
                 "A file with one text a line to measure the loss on; - is the standard input")
      ->type_name("FILE|-");
}

}  // namespace

CLI::App* add_importance(CLI::App& app, ImportanceCommand& options) {
  CLI::App* sub =
      app.add_subcommand("importance", "Say how much the loss changes without each head");
  sub->footer(
      "Examples:\n  headlight importance\n"
      "  headlight importance my-model --corpus lines.txt --csv > importance.csv\n"
      "  headlight importance --text \"one two one two\" --mean --gradient --json");
  sub->add_option("model", options.model, "A model's folder, file or name (mini-gpt)")
      ->option_text("MODEL");
  add_sources(*sub, options.sources);
  sub->add_flag_callback(
      "--mean", [&options] { options.replace = Replacement::mean; },
      "Put each head's mean output in its place, not zero");
  sub->add_flag("--gradient", options.gradient,
                "Measure the expected sensitivity to each head's gain too (Michel et al. 2019)");
  auto* json = sub->add_flag("--json", options.json, "As JSON");
  sub->add_flag("--csv", options.csv, "As CSV")->excludes(json);
  sub->add_flag("--quiet", options.quiet, "No notices and no progress");
  return sub;
}

CLI::App* add_prune(CLI::App& app, PruneCommand& options) {
  CLI::App* sub = app.add_subcommand(
      "prune", "Measure how the loss grows with pruned heads, or write a model without some");
  sub->footer(
      "Examples:\n  headlight prune --curve -o curve.svg\n"
      "  headlight prune my-model --curve --corpus lines.txt -o curve.csv\n"
      "  headlight prune my-model --heads 0.3,2.5 -o my-pruned-model\n\n"
      "The loss is measured on the corpus, else on the text, else on the built-in battery.");
  sub->add_option("model", options.model, "A model's folder, file or name (mini-gpt)")
      ->option_text("MODEL");
  auto* curve =
      sub->add_flag("--curve", options.curve,
                    "Loss over heads kept: least important first, random, most important");
  sub->add_option_function<std::string>(
         "--heads",
         [&options](const std::string& text) {
           check_heads("--heads", text);
           options.heads = text;
         },
         "Write the model without these heads into the folder that -o names")
      ->type_name("L.H,...")
      ->excludes(curve);
  add_sources(*sub, options.sources);
  sub->add_option("-o,--output", options.output,
                  "The curve's file (printed where none is given), or the pruned model's folder")
      ->type_name("FILE.{png,svg,pdf,csv,json}|DIR");
  sub->add_flag_callback(
      "--mean", [&options] { options.replace = Replacement::mean; },
      "Of a curve: put each head's mean output in its place, not zero");
  sub->add_flag("--recompute", options.recompute,
                "Of a curve: measure importance anew after every head");
  sub->add_option("--orders", options.orders, "Random orders of a curve (5)")
      ->type_name("N")
      ->check(CLI::Range(0, 1000).description(""));
  sub->add_option("--points", options.points, "Points of a curve (one a head; of more than 48 25)")
      ->type_name("N")
      ->check(CLI::Range(2, 100000).description(""));
  sub->add_option("--seed", options.seed, "Of random orders and controls (1)")->type_name("N");
  sub->add_option_function<std::string>(
         "--theme",
         [&options](const std::string& text) {
           if (text != "light" && text != "dark")
             throw std::invalid_argument("--theme: \"" + text + "\" is not one of light|dark");
           options.theme = text == "dark" ? Theme::dark : Theme::light;
         },
         "Of a picture: paper or screen (light)")
      ->type_name("light|dark");
  sub->add_option("--scale", options.scale, "PNG pixels per point, 1/72 inch (2)")
      ->type_name("X")
      ->check(CLI::Range(0.1, 32.0).description(""));
  sub->add_flag("--force", options.force, "Replace a model that is in the folder already");
  sub->add_flag("--json", options.json, "Print JSON");
  sub->add_flag("--quiet", options.quiet, "No notices and no progress");
  return sub;
}

CLI::App* add_compare(CLI::App& app, CompareCommand& options) {
  CLI::App* sub = app.add_subcommand(
      "compare", "Set masks, texts or models side by side: maps, differences, numbers");
  sub->footer(
      "Examples:\n"
      "  headlight compare --text \"The cat sat on the mat\" --head 2.3 -o masks.pdf\n"
      "  headlight compare --text \"The cat sat\" --masks none,local:4,local:4+global:1 --on head\n"
      "  headlight compare --text \"The cat sat\" --masks none,split:4:2 --loss --json\n"
      "  headlight compare my-model --with my-other-model --text \"The cat sat\" -o models.png\n"
      "  headlight compare --text \"The cat sat\" --text \"The dog ran\" -o texts.svg\n\n"
      "Masks: none, causal, local:W, dilated:W:GAP, global:K, block:SIZE, random:COUNT:SEED, joined "
      "by +;\nsplit:W:GAP: in each layer a third of the heads local, a third dilated, the rest "
      "without a mask.\nWhat others are compared with is the first column.");
  sub->add_option("model", options.model, "A model's folder, file or name (mini-gpt)")
      ->option_text("MODEL");
  const auto each = [&](const std::string& name, std::vector<std::string>& to,
                        const std::string& help) {
    return sub->add_option(name, to, help)
        ->expected(1)
        ->multi_option_policy(CLI::MultiOptionPolicy::TakeAll)
        ->allow_extra_args(false);
  };
  each("--with", options.with, "Another model, in columns of its own; may be given again")
      ->type_name("MODEL");
  each("--text", options.texts, "The text to run the model on; given again: columns of its own")
      ->type_name("TEXT");
  sub->add_option_function<std::string>(
         "--ids",
         [&options](const std::string& text) { options.ids = whole_numbers("--ids", text, 0); },
         "Token ids instead of a text")
      ->type_name("ID,ID,...");
  sub->add_option("--target", options.target,
                  "What an encoder-decoder's decoder reads (what it decodes itself)")
      ->type_name("TEXT");
  sub->add_option("--masks", options.masks,
                  std::string("A column for each (") + default_masks +
                      "; none where texts, models or heads are compared)")
      ->type_name("MASK,MASK,...");
  sub->add_option_function<std::string>(
         "--on", [&options](const std::string& text) {
           if (text != "head" && text != "layer" && text != "all")
             throw std::invalid_argument("--on: \"" + text + "\" is not one of head|layer|all");
           options.on = parse_mask_place(text);
         },
         "Put the masks on the head that is shown, on its layer, or on all heads (all)")
      ->type_name("head|layer|all");
  sub->add_option_function<std::string>(
         "--head",
         [&options](const std::string& text) {
           check_heads("--head", text);
           options.head = text;
         },
         "The head to show, or several: a column each (0.0)")
      ->type_name("L.H,...");
  sub->add_option("--position", options.position,
                  "The token whose prediction and receptive field are told, from 0 (the last)")
      ->type_name("N")
      ->check(CLI::Range(0, 1000000000).description(""));
  sub->add_flag("--loss", options.loss, "Measure each column's loss on the battery");
  add_drawing_options(*sub, options.display, options.scale, options.title);
  auto* output = sub->add_option("-o,--output", options.output,
                                 "What to write, by its ending (a table is printed where none is "
                                 "given)");
  output->type_name("FILE.{png,svg,pdf,csv,json}");
  sub->add_flag("--json", options.json, "Print JSON");
  sub->add_flag("--quiet", options.quiet, "No notices");
  return sub;
}

}  // namespace headlight
