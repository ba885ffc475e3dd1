#include "command_line.h"

#include <CLI/CLI.hpp>
#include <algorithm>
#include <stdexcept>
#include <tuple>

#include "command_options.h"
#include "command_values.h"
#include "lesson_list.h"
#include "measure_options.h"
#include "session.h"

namespace headlight {
namespace {

constexpr const char* export_examples = R"(Examples:
  headlight export --text "The cat sat on the mat" --head 2.3 -o head.svg
  headlight export --text "The cat sat on the mat" --all --theme dark -o heads.png
  headlight export --text "one two one two" --layer 1 --prune 0.2,0.5 --shown difference -o diff.pdf
  headlight export my-model --texts lines.txt --all -o maps-{n}.npz
  headlight export --ids 15,27,15 --head "*.*" --mask "2.*=local:4+global:1" -o heads.json
  headlight export my-translator --text "The cat" --all --maps cross -o alignment.png
  headlight export attention.npz --all -o heads.png

Heads are named LAYER.HEAD, both counted from 0; * stands for all, commas join: 2.3,3.*
In an encoder-decoder encoder:2.3, decoder:2.3 and cross:2.3 name the kind, else --maps does.
Masks: causal, local:W, dilated:W:GAP, global:K, block:SIZE, random:COUNT:SEED, joined by +)";

constexpr const char* window_examples = R"(Examples:
  headlight                                       the window, with the built-in model
  headlight my-model --text "The cat sat"         a Hugging Face folder and a text
  headlight attention.npz                         attention computed elsewhere
  headlight session.json                          a saved session
  headlight my.lesson                             a lesson
  headlight --offscreen first.png --size 1920x1080

Without a display: headlight export. Exit codes: 0 done, 1 failed, 2 wrong usage.)";

[[noreturn]] void refuse(const std::string& option, const std::string& why) {
  throw std::invalid_argument(option + ": " + why);
}

void check_target(const InputOptions& input) {
  if (input.target && !input.target_ids.empty())
    refuse("--target", "give either --target or --target-ids");
}

void sort_positional(std::optional<std::string>& model,
                     std::optional<std::filesystem::path>& session) {
  if (!model || !is_session_file(*model)) return;
  if (session) refuse("--session", "give one session, not two");
  session = *model;
  model.reset();
}

// A lesson brings its own model, text and state along.
void sort_lesson(WindowOptions& window) {
  if (!window.model || !is_lesson_file(*window.model)) return;
  if (window.text || window.target || window.session) {
    refuse(*window.model, "a lesson sets up its own text: leave --text, --target and --session out");
  }
  window.lesson = *window.model;
  window.model.reset();
}

void check_export(ExportOptions& options) {
  sort_positional(options.model, options.session);
  const InputOptions& input = options.input;
  const int sources = input.text.has_value() + options.texts.has_value() + !input.ids.empty();
  if (sources > 1) refuse("export", "give only one of --text, --texts and --ids");
  check_target(input);
  if (options.heads.empty() && !options.session)
    refuse("export", "give one of --head, --layer, --all and --session");
  check_output("-o", options.output);
}

void check_roles(const RolesOptions& options) {
  if (options.json && options.csv) refuse("roles", "give either --json or --csv");
  if (options.output) {
    const std::string ending = lower_ending(*options.output);
    const std::string file = "\"" + options.output->string() + "\"";
    if (!ending.empty() && ending != ".json" && ending != ".csv" && ending != ".txt")
      refuse("-o", file + " does not end in .json, .csv or .txt");
    const char* wanted = options.json ? ".json" : options.csv ? ".csv" : nullptr;
    if (wanted && !ending.empty() && ending != wanted)
      refuse("-o", file + " does not end in " + wanted + ", as --" + (wanted + 1) + " asks for");
  }
  if (options.dumps && (options.model || options.conllu || options.gap || options.fresh))
    refuse("--dumps", "stands alone: no model, --conllu, --gap or --fresh beside it");
}

void check_generate(const GenerateOptions& options) {
  if (options.input.text && !options.input.ids.empty())
    refuse("generate", "give only one of --text and --ids");
}

void add_window(CLI::App& app, Command& command) {
  WindowOptions& window = command.window;
  app.add_option("model", window.model, "A model's folder, file or name, or a session file")
      ->type_name("MODEL|FILE")
      ->option_text("MODEL|FILE");
  app.add_option("--text", window.text, "The text to begin with")->type_name("TEXT");
  app.add_option("--target", window.target,
                 "What an encoder-decoder's decoder reads (what it decodes itself)")
      ->type_name("TEXT");
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
  sub->add_option("model", options.model,
                  "A model's folder, file or name (mini-gpt), or a session file")
      ->option_text("MODEL|FILE");
  add_text_options(*sub, options);
  add_head_options(*sub, options);
  add_edit_options(*sub, options.edits);
  add_display_options(*sub, options);
  sub->add_option("-o,--output", options.output,
                  "What to write, by its ending; {n} stands for the text's number")
      ->type_name("FILE.{png,svg,pdf,csv,json,npz}")
      ->required();
  sub->add_flag("--quiet", options.quiet, "No notices and no progress");
  return sub;
}

CLI::App* add_generate(CLI::App& app, GenerateOptions& options) {
  CLI::App* sub = app.add_subcommand("generate", "Let a model go on with a text, greedily");
  sub->footer(
      "Examples:\n"
      "  headlight generate --text \"The cat\" --steps 40\n"
      "  headlight generate stories260K.bin --steps 200\n"
      "  headlight generate my-translator --text \"The cat sat on the mat\"\n"
      "  headlight generate --text \"one two one two\" --prune 1.2");
  sub->add_option("model", options.model, "A model's folder, file or name (mini-gpt)")
      ->option_text("MODEL");
  add_source_options(*sub, options.input,
                     "The text to go on with (none), or an encoder-decoder's source");
  sub->add_option(
         "--steps", options.steps,
         "Positions to run, those of the text included; at most what the model takes (256)")
      ->type_name("N")
      ->check(CLI::Range(1, 1000000).description(""));
  add_edit_options(*sub, options.edits);
  sub->add_flag("--quiet", options.quiet, "No notices");
  return sub;
}

CLI::App* add_info(CLI::App& app, InfoOptions& options) {
  CLI::App* sub = app.add_subcommand("info", "Say what a model is made of");
  sub->footer(
      "Examples:\n  headlight info\n  headlight info my-model --json\n"
      "  headlight info mini-bert --parameters\n"
      "  headlight info attention.npz");
  sub->add_option("model", options.model, "A model's folder, file or name (mini-gpt)")
      ->option_text("MODEL");
  sub->add_flag("--parameters", options.parameters,
                "Its parameters by part and the memory of its key-value cache, beside known models");
  sub->add_flag("--json", options.json, "As JSON");
  return sub;
}

CLI::App* add_bench(CLI::App& app, BenchOptions& options) {
  using Case = BenchOptions::Case;
  CLI::App* sub = app.add_subcommand("bench", "Time runs with every head's weights");
  sub->footer(
      "Examples:\n  headlight bench\n"
      "  headlight bench --case gpt2-small --tokens 32,64 --threads 1 --json\n"
      "  headlight bench --open my-model\n"
      "  headlight bench --sweep --case gpt2-small --threads 2\n"
      "  headlight bench variants\n"
      "  headlight bench masks");
  sub->add_option_function<std::string>(
         "what",
         [&options](const std::string& text) {
           if (text == "variants")
             options.what = BenchOptions::What::variants;
           else if (text == "masks")
             options.what = BenchOptions::What::masks;
           else if (text != "runs")
             refuse("bench", "\"" + text + "\" is not one of runs|variants|masks");
         },
         "Runs (runs), ways of making heads, or masks on long texts")
      ->option_text("runs|variants|masks");
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
         "Lengths (8,16,32,64,128,256,512; of a sweep 32, of variants 32,128, of masks 1024 to 8192)")
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
  sub->add_option("--open", options.open,
                  "Time the opening of this model up to its first picture, and its memory, instead")
      ->type_name("MODEL");
  sub->add_flag("--sweep", options.sweep,
                "Time the ablation of each head in turn, one run a head and side by side, instead");
  sub->add_flag("--quiet", options.quiet, "No progress");
  return sub;
}

CLI::App* add_roles(CLI::App& app, RolesOptions& options) {
  CLI::App* sub = app.add_subcommand("roles", "Say what each head does, with the proof");
  sub->footer(
      "Examples:\n  headlight roles\n  headlight roles my-model --json -o roles.json\n"
      "  headlight roles my-model --conllu en_ewt-ud-dev.conllu --gap gap-development.tsv\n"
      "  headlight roles --dumps attention --json\n\n"
      "A folder of dumps has attention in NAME.npz and the parse of its text in NAME.conllu.");
  sub->add_option("model", options.model, "A model's folder, file or name (mini-gpt)")
      ->option_text("MODEL");
  sub->add_option("--dumps", options.dumps,
                  "Score attention that was computed elsewhere instead of a model")
      ->type_name("DIR");
  sub->add_option("--conllu", options.conllu,
                  "Measure the syntactic roles on a treebank in CoNLL-U, not on the battery")
      ->type_name("FILE");
  sub->add_option("--gap", options.gap,
                  "Measure coreference on a file in GAP's form, not on the battery")
      ->type_name("FILE");
  sub->add_flag("--json", options.json, "As JSON");
  sub->add_flag("--csv", options.csv, "As CSV");
  sub->add_flag("--fresh", options.fresh, "Measure anew although a report is there");
  sub->add_option("-o,--output", options.output,
                  "Write to this file; its ending says the format where no option does")
      ->type_name("FILE");
  sub->add_flag("--quiet", options.quiet, "No notices and no progress");
  return sub;
}

CLI::App* add_variants(CLI::App& app, VariantsOptions& options) {
  CLI::App* sub = app.add_subcommand(
      "variants", "Put the models whose heads are made differently side by side");
  sub->footer("Examples:\n  headlight variants\n  headlight variants --text \"The cat sat\" --json");
  sub->add_option("--text", options.text, "The sentence that their speed is measured on");
  sub->add_flag("--json", options.json, "As JSON");
  return sub;
}

CLI::App* add_lesson(CLI::App& app, LessonCommand& command) {
  CLI::App* sub = app.add_subcommand("lesson", "Check lessons that you wrote; list lessons; forget progress");
  sub->footer(
      "Examples:\n  headlight lesson check my.lesson\n  headlight lesson check my-lessons/ --json\n"
      "  headlight lesson list\n  headlight lesson handout 1-who-sat-where -o sheet.pdf\n  headlight lesson reset 1-who-sat-where\n\n"
      "How a lesson is written: assets/lessons/README.md");
  sub->require_subcommand(1);
  using What = LessonCommand::What;
  const auto add = [&](const char* name, const char* about, What what) {
    CLI::App* one = sub->add_subcommand(name, about);
    one->callback([&command, what] { command.what = what; });
    return one;
  };
  CLI::App* check = add("check", "Read lessons, and try them on their models", What::check);
  check->add_option("files", command.names, "Lessons, or folders of lessons (all that the window shows)")
      ->option_text("FILE|DIR ...");
  check->add_flag("--json", command.json, "Every part with its right answer, as JSON");
  CLI::App* handout = add("handout", "Print a lesson: what to do, the questions, and the answers at the end", What::handout);
  handout->add_option("name", command.names, "A lesson's name, or its file")->expected(1)->required();
  handout->add_option("-o,--output", command.output, "The PDF to write")->type_name("FILE.pdf")->required();
  add("list", "All lessons, and how far you are", What::list)
      ->add_flag("--json", command.json, "As JSON");
  add("reset", "Forget how far you are", What::reset)
      ->add_option("names", command.names, "Names of lessons (all)")
      ->option_text("NAME ...");
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
  const CLI::App* generate = add_generate(app, command.generate);
  const CLI::App* info = add_info(app, command.info);
  const CLI::App* bench = add_bench(app, command.bench);
  const CLI::App* roles = add_roles(app, command.roles);
  const CLI::App* importance = add_importance(app, command.importance);
  const CLI::App* prune = add_prune(app, command.prune);
  const CLI::App* compare = add_compare(app, command.compare);
  const CLI::App* variants = add_variants(app, command.variants);
  const CLI::App* walk = add_walk(app, command.walk);
  const CLI::App* lesson = add_lesson(app, command.lesson);
  const auto done = [&command](int exit_code, std::string output) {
    command.kind = Command::Kind::done;
    command.exit_code = exit_code;
    command.output = std::move(output);
  };
  try {
    app.parse(argc, argv);
    const WindowOptions& window = command.window;
    if (!app.get_subcommands().empty() &&
        (window.model || window.text || window.target || window.session || window.offscreen))
      refuse("wrong order", "write options and the model after the subcommand");
    if (app.got_subcommand(export_)) {
      command.kind = Command::Kind::export_;
      check_export(command.export_);
    } else if (app.got_subcommand(generate)) {
      command.kind = Command::Kind::generate;
      check_generate(command.generate);
    } else if (app.got_subcommand(info)) {
      command.kind = Command::Kind::info;
    } else if (app.got_subcommand(bench)) {
      command.kind = Command::Kind::bench;
    } else if (app.got_subcommand(roles)) {
      command.kind = Command::Kind::roles;
      check_roles(command.roles);
    } else if (app.got_subcommand(importance)) {
      command.kind = Command::Kind::importance;
    } else if (app.got_subcommand(prune)) {
      command.kind = Command::Kind::prune;
      check_prune(command.prune);
    } else if (app.got_subcommand(compare)) {
      command.kind = Command::Kind::compare;
      check_compare(command.compare);
    } else if (app.got_subcommand(variants)) {
      command.kind = Command::Kind::variants;
    } else if (app.got_subcommand(walk)) {
      command.kind = Command::Kind::walk;
      check_walk(command.walk);
    } else if (app.got_subcommand(lesson)) {
      command.kind = Command::Kind::lesson;
    } else {
      sort_lesson(command.window);
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
