#include "command_line.h"

#include <CLI/CLI.hpp>
#include <algorithm>
#include <functional>
#include <map>
#include <stdexcept>
#include <tuple>

#include "command_values.h"

namespace headlight {
namespace {

using Strings = std::vector<std::string>;

constexpr const char* export_examples = R"(Examples:
  headlight export --text "The cat sat on the mat" --head 2.3 -o head.svg
  headlight export --text "The cat sat on the mat" --all --theme dark -o heads.png
  headlight export --text "one two one two" --layer 1 --prune 0.2,0.5 --shown difference -o diff.pdf
  headlight export my-model --texts lines.txt --all -o maps-{n}.npz
  headlight export --ids 15,27,15 --head "*.*" --mask "2.*=local:4+global:1" -o heads.json

Heads are named LAYER.HEAD, both counted from 0; * stands for all, commas join: 2.3,3.*
Masks: causal, local:W, dilated:W:GAP, global:K, block:SIZE, random:COUNT:SEED, joined by +)";

constexpr const char* window_examples = R"(Examples:
  headlight                                       the window, with the built-in model
  headlight my-model --text "The cat sat"         a Hugging Face folder and a text
  headlight lesson.json                           a saved session
  headlight --offscreen first.png --size 1920x1080

Without a display: headlight export. Exit codes: 0 done, 1 failed, 2 wrong usage.)";

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

// The options call back while the arguments are read, so `options` must outlive the parsing.
void add_text_options(CLI::App& app, ExportOptions& options) {
  app.add_option("--text", options.text, "The text to run the model on")->type_name("TEXT");
  app.add_option("--texts", options.texts, "A file with one text a line; - is the standard input")
      ->type_name("FILE|-");
  app.add_option_function<std::string>(
         "--ids",
         [&options](const std::string& text) { options.ids = whole_numbers("--ids", text, 0); },
         "Token ids instead of a text")
      ->type_name("ID,ID,...");
  app.add_option("--session", options.session,
                 "Take everything from a session file; others override")
      ->type_name("FILE");
}

void add_head_options(CLI::App& app, ExportOptions& options) {
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

void add_edit_options(CLI::App& app, ExportOptions& options) {
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
  each("--prune", "L.H,...", "Heads to take out (gain 0)", [&options](const std::string& text) {
    check_heads("--prune", text);
    options.edits.push_back({.kind = EditOption::Kind::gain, .heads = text, .number = 0.0f});
  });
  each("--gain", "L.H=X,...", "Multiply heads' outputs",
       [&options](const std::string& text) { append(options.edits, gain_edits("--gain", text)); });
  each("--temperature", "L.H=T,...", "Divide heads' scores by T before the softmax",
       [&options](const std::string& text) {
         append(options.edits, temperature_edits("--temperature", text));
       });
  each("--mask", "L.H=MASK,...", "Let heads look only where the mask allows",
       [&options](const std::string& text) { append(options.edits, mask_edits("--mask", text)); });
  each("--mask-cell", "L.H=Q:K,...", "Forbid single cells, query and key counted from 0",
       [&options](const std::string& text) {
         append(options.edits, cell_edits("--mask-cell", text));
       });
  add_choice(app, "--replace", options.replace,
             {{"zero", Replacement::zero}, {"mean", Replacement::mean}},
             "What stands in for what a gain takes away (zero)");
}

void add_display_options(CLI::App& app, ExportOptions& options) {
  DisplayOptions& display = options.display;
  add_choice(
      app, "--shown", display.shown,
      {{"baseline", Shown::baseline}, {"edited", Shown::edited}, {"difference", Shown::difference}},
      "Which weights (edited)");
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
  app.add_option("--scale", options.scale, "PNG pixels per point, 1/72 inch (2)")
      ->type_name("X")
      ->check(CLI::Range(0.1, 32.0).description(""));
  app.add_option("--title", options.title, "Instead of the model and head")->type_name("TEXT");
}

// A session is a JSON file; a model is a folder, or one of its files.
bool is_session_file(const std::string& name) {
  std::error_code error;
  const std::filesystem::path file(name);
  return file.extension() == ".json" && file.filename() != "config.json" &&
         std::filesystem::is_regular_file(file, error);
}

void sort_positional(std::optional<std::string>& model,
                     std::optional<std::filesystem::path>& session) {
  if (!model || !is_session_file(*model)) return;
  if (session) refuse("--session", "give one session, not two");
  session = *model;
  model.reset();
}

void check_export(ExportOptions& options) {
  sort_positional(options.model, options.session);
  const int sources = options.text.has_value() + options.texts.has_value() + !options.ids.empty();
  if (sources > 1) refuse("export", "give only one of --text, --texts and --ids");
  if (sources == 0 && !options.session)
    refuse("export", "give one of --text, --texts, --ids and --session");
  if (options.heads.empty() && !options.session)
    refuse("export", "give one of --head, --layer, --all and --session");
  check_output("-o", options.output);
}

void add_window(CLI::App& app, Command& command) {
  WindowOptions& window = command.window;
  app.add_option("model", window.model, "A model's folder or name, or a session file")
      ->type_name("MODEL|FILE")
      ->option_text("MODEL|FILE");
  app.add_option("--text", window.text, "The text to begin with")->type_name("TEXT");
  app.add_option("--session", window.session, "Open a session file")->type_name("FILE");
  auto* offscreen =
      app.add_option("--offscreen", window.offscreen, "Draw the first screen into a PNG, no window")
          ->type_name("FILE.png");
  app.add_option_function<std::string>(
         "--size",
         [&window](const std::string& text) {
           std::tie(window.width, window.height) = picture_size("--size", text);
         },
         "Size of that picture (1440x900)")
      ->type_name("WxH")
      ->needs(offscreen);
}

CLI::App* add_export(CLI::App& app, ExportOptions& options) {
  CLI::App* sub = app.add_subcommand("export", "Write pictures or numbers of heads to files");
  sub->footer(export_examples);
  sub->add_option("model", options.model, "A model's folder or name (mini-gpt), or a session file")
      ->option_text("MODEL|FILE");
  add_text_options(*sub, options);
  add_head_options(*sub, options);
  add_edit_options(*sub, options);
  add_display_options(*sub, options);
  sub->add_option("-o,--output", options.output,
                  "What to write, by its ending; {n} stands for the text's number")
      ->type_name("FILE.{png,svg,pdf,csv,json,npz}")
      ->required();
  sub->add_flag("--quiet", options.quiet, "No notices and no progress");
  return sub;
}

CLI::App* add_info(CLI::App& app, InfoOptions& options) {
  CLI::App* sub = app.add_subcommand("info", "Say what a model is made of");
  sub->footer("Examples:\n  headlight info\n  headlight info my-model --json");
  sub->add_option("model", options.model, "A model's folder or name (mini-gpt)")
      ->option_text("MODEL");
  sub->add_flag("--json", options.json, "As JSON");
  return sub;
}

CLI::App* add_bench(CLI::App& app, BenchOptions& options) {
  using Case = BenchOptions::Case;
  CLI::App* sub = app.add_subcommand("bench", "Time runs with every head's weights");
  sub->footer(
      "Examples:\n  headlight bench\n"
      "  headlight bench --case gpt2-small --tokens 32,64 --threads 1 --json");
  sub->add_flag("--json", options.json, "As JSON");
  sub->add_option_function<std::string>(
         "--case",
         [&options](const std::string& text) {
           if (text == "mini-gpt")
             options.which = Case::mini_gpt;
           else if (text == "gpt2-small")
             options.which = Case::gpt2_small;
           else if (text != "all")
             refuse("--case", "\"" + text + "\" is not one of mini-gpt|gpt2-small|all");
         },
         "Which model (all)")
      ->type_name("mini-gpt|gpt2-small|all");
  sub->add_option_function<std::string>(
         "--tokens",
         [&options](const std::string& text) {
           options.tokens = whole_numbers("--tokens", text, 1);
         },
         "Lengths (8,16,32,64,128,256,512)")
      ->type_name("N,N,...");
  sub->add_option_function<std::string>(
         "--threads",
         [&options](const std::string& text) {
           options.threads = whole_numbers("--threads", text, 1);
           for (int threads : options.threads)
             if (threads > 256) refuse("--threads", "at most 256");
         },
         "Numbers of threads (1,2)")
      ->type_name("N,N,...");
  sub->add_option("--repeat", options.repeat, "Runs of each measurement (as many as fit a second)")
      ->type_name("N")
      ->check(CLI::Range(1, 1000000).description(""));
  sub->add_flag("--quiet", options.quiet, "No progress");
  return sub;
}

}  // namespace

Command parse_command_line(int argc, const char* const* argv) {
  Command command;
  CLI::App app("Headlight shows what the attention heads of a transformer look at.", "headlight");
  app.footer(window_examples);
  app.set_version_flag("--version", "headlight " HEADLIGHT_VERSION);
  app.require_subcommand(0, 1);
  add_window(app, command);
  const CLI::App* export_ = add_export(app, command.export_);
  const CLI::App* info = add_info(app, command.info);
  const CLI::App* bench = add_bench(app, command.bench);
  const auto done = [&command](int exit_code, std::string output) {
    command.kind = Command::Kind::done;
    command.exit_code = exit_code;
    command.output = std::move(output);
  };
  try {
    app.parse(argc, argv);
    const bool sub =
        app.got_subcommand(export_) || app.got_subcommand(info) || app.got_subcommand(bench);
    if (sub && (command.window.model || command.window.text || command.window.session ||
                command.window.offscreen))
      refuse("wrong order", "write options and the model after export, info or bench");
    if (app.got_subcommand(export_)) {
      command.kind = Command::Kind::export_;
      check_export(command.export_);
    } else if (app.got_subcommand(info)) {
      command.kind = Command::Kind::info;
    } else if (app.got_subcommand(bench)) {
      command.kind = Command::Kind::bench;
    } else {
      sort_positional(command.window.model, command.window.session);
    }
  } catch (const CLI::CallForHelp&) {
    done(0, app.help());
  } catch (const CLI::CallForVersion&) {
    done(0, "headlight " HEADLIGHT_VERSION "\n");
  } catch (const std::exception& error) {  // CLI::ParseError and std::invalid_argument
    std::string what = error.what();
    std::replace(what.begin(), what.end(), '\n', ' ');
    done(2, "headlight: " + what + " (see --help)\n");
  }
  return command;
}

}  // namespace headlight
