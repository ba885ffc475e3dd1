#include "export_command.h"

#include <unistd.h>

#include <cstdio>
#include <stdexcept>

#include "assets_path.h"
#include "attention_file.h"
#include "command_values.h"
#include "figure.h"
#include "file_io.h"
#include "pass.h"
#include "session.h"
#include "text_lines.h"

namespace headlight {
namespace {

InputOptions session_input(const Request& request) {
  return {request.text, request.ids, request.target, request.target_ids};
}

// What each output file is made from.
std::vector<InputOptions> inputs_of(const ExportOptions& options, const State& session,
                                    const Model& model) {
  if (options.texts) {
    std::vector<InputOptions> inputs;
    for (std::string& text : read_texts(*options.texts)) {
      inputs.push_back(options.input);
      inputs.back().text = std::move(text);
    }
    return inputs;
  }
  if (options.input.has_source() || model.recorded) return {options.input};
  if (!options.session)
    throw std::invalid_argument("export: give one of --text, --texts, --ids and --session");
  InputOptions input = session_input(session.request);
  if (options.input.has_target()) {
    input.target = options.input.target;
    input.target_ids = options.input.target_ids;
  }
  return {input};
}

AttentionKind maps_of(const ExportOptions& options, const State& session,
                      const ModelConfig& config) {
  if (!config.encoder_decoder()) {
    if (options.maps)
      throw std::invalid_argument(
          "--maps is for encoder-decoders: this model has one kind of attention");
    return AttentionKind::self;
  }
  if (options.maps) return *options.maps;
  return options.session ? session.selection.head.kind : AttentionKind::cross;
}

std::vector<HeadId> heads_of(const ExportOptions& options, const State& session,
                             const ModelConfig& config, AttentionKind maps) {
  if (!options.heads.empty()) return parse_heads(options.heads, config, maps);
  const HeadId id{session.selection.head.layer, session.selection.head.head, maps};
  if (!config.has(id))
    throw std::invalid_argument("the session's head " + to_string(id) + " is not in the model");
  return {id};
}

std::filesystem::path numbered(const std::filesystem::path& output, std::size_t number) {
  std::string name = output.string();
  const std::string mark = "{n}", digits = std::to_string(number);
  for (std::size_t at = name.find(mark); at != std::string::npos; at = name.find(mark, at))
    name.replace(at, mark.size(), digits);
  return name;
}

std::string bytes_of(const Trace& baseline, const Trace& edited, const FigureRequest& request,
                     const std::string& ending) {
  if (ending == ".svg") return draw_figure(baseline, edited, request, FigureFormat::svg);
  if (ending == ".pdf") return draw_figure(baseline, edited, request, FigureFormat::pdf);
  if (ending == ".csv") return write_table(baseline, edited, request, TableFormat::csv);
  if (ending == ".json") return write_table(baseline, edited, request, TableFormat::json);
  if (ending == ".npz") return write_table(baseline, edited, request, TableFormat::npz);
  return draw_figure(baseline, edited, request, FigureFormat::png);
}

}  // namespace

Display display_of(const DisplayOptions& options, Display display) {
  display.theme = options.theme.value_or(Theme::light);
  display.quantity = options.quantity.value_or(display.quantity);
  display.color_map = options.color_map.value_or(display.color_map);
  display.range = options.range.value_or(display.range);
  display.shown = options.shown.value_or(display.shown);
  display.scale = options.scale.value_or(display.scale);
  display.hide_first = options.hide_first.value_or(display.hide_first);
  return display;
}

int run_export(const ExportOptions& options) {
  const State session = options.session ? load_session(*options.session) : State{};
  const Model model = load_model(model_path(options.model.value_or(session.request.model)));
  const AttentionKind maps = maps_of(options, session, model.config);
  const Edits edits = edits_of(options.edits, session.request.edits, model.config, maps);
  if (model.recorded && !edits.empty())
    throw std::invalid_argument(
        "this attention was computed elsewhere: changing heads needs the model");

  FigureRequest request;
  request.heads = heads_of(options, session, model.config, maps);
  request.display = display_of(options.display, session.display);
  request.scale = options.scale;
  request.title = options.title;

  // Everything that can be refused is looked at before the first file is written.
  kind_of(request.heads);
  const std::vector<InputOptions> given = inputs_of(options, session, model);
  if (given.size() > 1 && options.output.string().find("{n}") == std::string::npos)
    throw std::invalid_argument("there are " + std::to_string(given.size()) +
                                " texts: put {n} into the output's name");
  std::vector<Input> inputs;
  for (const InputOptions& each : given) {
    std::string notice = model.recorded ? model.recorded->notice : "";
    inputs.push_back(whole_input(model, each, notice));
    if (!notice.empty() && !options.quiet) std::fprintf(stderr, "headlight: %s\n", notice.c_str());
  }

  RunOptions run_options;
  MeanOutputs means;
  if (needs_means(edits)) {
    means = mean_outputs(model);
    run_options.means = &means;
  }

  const bool progress = !options.quiet && ::isatty(STDERR_FILENO);
  for (std::size_t i = 0; i < inputs.size(); ++i) {
    if (progress) std::fprintf(stderr, "\r%zu of %zu ", i + 1, inputs.size());
    const Trace baseline = run(model, inputs[i], {}, run_options);
    RunOptions from_baseline = run_options;
    from_baseline.earlier = &baseline;
    const Trace edited = edits.empty() ? baseline : run(model, inputs[i], edits, from_baseline);
    write_file(numbered(options.output, i + 1),
               bytes_of(baseline, edited, request, lower_ending(options.output)));
  }
  if (progress) std::fprintf(stderr, "\r\033[K");
  return 0;
}

}  // namespace headlight
