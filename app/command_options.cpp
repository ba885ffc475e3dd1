#include "command_options.h"

#include <CLI/CLI.hpp>
#include <algorithm>
#include <functional>
#include <map>
#include <stdexcept>

#include "command_values.h"

namespace headlight {
namespace {

using Strings = std::vector<std::string>;

[[noreturn]] void refuse(const std::string& option, const std::string& why) {
  throw std::invalid_argument(option + ": " + why);
}

void append(std::vector<EditOption>& edits, const std::vector<EditOption>& more) {
  edits.insert(edits.end(), more.begin(), more.end());
}

template <typename Value>
void add_choice(CLI::App& app, const std::string& name, std::optional<Value>& target,
                const std::map<std::string, Value>& choices, const std::string& help) {
  std::string names;
  for (const auto& choice : choices) names += (names.empty() ? "" : "|") + choice.first;
  app.add_option_function<std::string>(
         name,
         [&target, choices, name, names](const std::string& given) {
           const auto found = choices.find(given);
           if (found == choices.end()) refuse(name, "\"" + given + "\" is not one of " + names);
           target = found->second;
         },
         help)
      ->type_name(names);
}

void add_ids(CLI::App& app, const std::string& name, std::vector<int>& ids,
             const std::string& help) {
  app.add_option_function<std::string>(
         name, [&ids, name](const std::string& text) { ids = whole_numbers(name, text, 0); }, help)
      ->type_name("ID,ID,...");
}

void add_target_options(CLI::App& app, InputOptions& input) {
  app.add_option("--target", input.target,
                 "What an encoder-decoder's decoder reads (what it decodes itself)")
      ->type_name("TEXT");
  add_ids(app, "--target-ids", input.target_ids,
          "Token ids instead of a target, the start token included");
}

}  // namespace

void add_source_options(CLI::App& app, InputOptions& input, const std::string& help) {
  app.add_option("--text", input.text, help)->type_name("TEXT");
  add_ids(app, "--ids", input.ids, "Token ids instead of a text");
}

void add_text_options(CLI::App& app, ExportOptions& options) {
  add_source_options(app, options.input,
                     "The text to run the model on; ids where it has no tokenizer");
  app.add_option("--texts", options.texts, "A file with one text a line; - is the standard input")
      ->type_name("FILE|-");
  add_target_options(app, options.input);
  app.add_option("--session", options.session,
                 "Take everything from a session file; others override")
      ->type_name("FILE");
}

void add_head_options(CLI::App& app, ExportOptions& options) {
  app.add_option_function<std::string>(
         "--maps",
         [&options](const std::string& text) { options.maps = attention_kind("--maps", text); },
         "Which attention of an encoder-decoder (cross)")
      ->type_name("encoder|decoder|cross");
  auto* head = app.add_option_function<std::string>(
      "--head",
      [&options](const std::string& text) {
        check_heads("--head", text);
        options.heads = text;
      },
      "The heads to show, as in 2.3 or 2.*");
  auto* layer = app.add_option_function<std::string>(
      "--layer",
      [&options](const std::string& text) {
        whole_numbers("--layer", text, 0);
        for (const std::string& part : split(text, ','))
          options.heads += (options.heads.empty() ? "" : ",") + part + ".*";
      },
      "All heads of a layer");
  auto* all = app.add_flag_callback(
      "--all", [&options] { options.heads = "*.*"; }, "All heads of the model");
  head->type_name("L.H")->excludes(layer)->excludes(all);
  layer->type_name("L")->excludes(all);
}

void add_edit_options(CLI::App& app, EditOptions& edits) {
  const auto each = [&app](const std::string& name, const std::string& type,
                           const std::string& help, std::function<void(const std::string&)> read) {
    app.add_option_function<Strings>(
           name, [read](const Strings& given) { std::for_each(given.begin(), given.end(), read); },
           help)
        ->type_name(type)
        ->expected(1)
        ->multi_option_policy(CLI::MultiOptionPolicy::TakeAll)
        ->allow_extra_args(false);
  };
  each("--prune", "L.H,...", "Heads to take out (gain 0)", [&edits](const std::string& text) {
    check_heads("--prune", text);
    edits.list.push_back({.kind = EditOption::Kind::gain, .heads = text, .number = 0.0f});
  });
  each("--gain", "L.H=X,...", "Multiply heads' outputs",
       [&edits](const std::string& text) { append(edits.list, gain_edits("--gain", text)); });
  each("--temperature", "L.H=T,...", "Divide heads' scores by T before the softmax",
       [&edits](const std::string& text) {
         append(edits.list, temperature_edits("--temperature", text));
       });
  each("--mask", "L.H=MASK,...", "Let heads look only where the mask allows",
       [&edits](const std::string& text) { append(edits.list, mask_edits("--mask", text)); });
  each("--mask-cell", "L.H=Q:K,...", "Forbid single cells, query and key counted from 0",
       [&edits](const std::string& text) { append(edits.list, cell_edits("--mask-cell", text)); });
  add_choice(app, "--replace", edits.replace,
             {{"zero", Replacement::zero}, {"mean", Replacement::mean}},
             "What stands in for what a gain takes away (zero)");
}

void add_display_options(CLI::App& app, ExportOptions& options) {
  DisplayOptions& display = options.display;
  add_choice(
      app, "--shown", display.shown,
      {{"baseline", Shown::baseline}, {"edited", Shown::edited}, {"difference", Shown::difference}},
      "Of which run (edited)");
  add_drawing_options(app, display, options.scale, options.title);
}

void add_drawing_options(CLI::App& app, DisplayOptions& display, double& scale,
                         std::string& title) {
  add_choice(app, "--quantity", display.quantity,
             {{"weights", Quantity::weights},
              {"value-weighted", Quantity::value_weighted},
              {"rollout", Quantity::rollout}},
             "Weights, weight times norm of the value through W_O, or attention rollout up to the "
             "head's layer (weights)");
  add_choice(app, "--theme", display.theme, {{"light", Theme::light}, {"dark", Theme::dark}},
             "Paper or screen (light)");
  add_choice(app, "--color-map", display.color_map,
             {{"viridis", ColorMap::viridis},
              {"cividis", ColorMap::cividis},
              {"magma", ColorMap::magma},
              {"grey", ColorMap::grey}},
             "Colours (viridis)");
  add_choice(app, "--range", display.range,
             {{"unit", Range::unit}, {"map", Range::map}, {"row", Range::row}},
             "0 to 1, to each map's largest, or to each row's (unit)");
  app.add_flag_callback(
      "--log", [&display] { display.scale = Scale::log; }, "Logarithmic colours");
  app.add_flag_callback(
      "--hide-first", [&display] { display.hide_first = true; },
      "Leave the first token out and scale up the rest of each row");
  app.add_option("--scale", scale, "PNG pixels per point, 1/72 inch (2)")
      ->type_name("X")
      ->check(CLI::Range(0.1, 32.0).description(""));
  app.add_option("--title", title, "Instead of the model and head")->type_name("TEXT");
}

}  // namespace headlight
