#include "export_command.h"

#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <iostream>
#include <iterator>
#include <stdexcept>

#include "assets_path.h"
#include "command_values.h"
#include "figure.h"
#include "file_io.h"
#include "pass.h"
#include "session.h"

namespace headlight {
namespace {

constexpr std::size_t largest_texts_file = 64 << 20;

// What one output file is made from: a text, or ids when these are not empty.
struct Source {
  std::string text;
  std::vector<int> ids;
};

std::vector<Source> read_texts(const std::string& file) {
  std::string bytes;
  if (file == "-")
    bytes.assign(std::istreambuf_iterator<char>(std::cin), {});
  else
    bytes = read_file(file, largest_texts_file);
  if (bytes.starts_with("\xEF\xBB\xBF")) bytes.erase(0, 3);
  if (bytes.ends_with('\n')) bytes.pop_back();
  if (bytes.empty())
    throw LoadError((file == "-" ? "the standard input" : file) + ": holds no text");
  std::vector<Source> sources;
  for (std::string& line : split(bytes, '\n')) {
    if (line.ends_with('\r')) line.pop_back();
    sources.push_back({std::move(line), {}});
  }
  return sources;
}

std::vector<Source> sources_of(const ExportOptions& options, const State& session) {
  if (options.text) return {{*options.text, {}}};
  if (options.texts) return read_texts(*options.texts);
  if (!options.ids.empty()) return {{"", options.ids}};
  return {{session.request.text, session.request.ids}};
}

Edits edits_of(const ExportOptions& options, const State& session, const ModelConfig& config) {
  Edits edits = session.request.edits;
  for (const EditOption& option : options.edits) {
    for (HeadId id : parse_heads(option.heads, config.layers, config.heads)) {
      HeadEdit& edit = edits[id];
      if (option.kind == EditOption::Kind::gain) edit.gain = option.number;
      if (option.kind == EditOption::Kind::temperature) edit.temperature = option.number;
      if (option.kind == EditOption::Kind::mask) edit.mask = option.mask;
      if (option.kind == EditOption::Kind::cell) edit.masked_cells.push_back(option.cell);
    }
  }
  if (options.replace) {
    bool used = false;
    for (auto& [id, edit] : edits) {
      if (edit.gain == 1.0f) continue;
      edit.replace = *options.replace;
      used = true;
    }
    if (!used) throw std::invalid_argument("--replace needs a head with --prune or --gain");
  }
  edits = normalized(std::move(edits));
  check(edits, config);
  return edits;
}

std::vector<HeadId> heads_of(const ExportOptions& options, const State& session,
                             const ModelConfig& config) {
  if (!options.heads.empty()) return parse_heads(options.heads, config.layers, config.heads);
  const HeadId id = session.selection.head;
  if (id.layer >= config.layers || id.head >= config.heads)
    throw std::invalid_argument("the session's head " + to_string(id) + " is not in the model");
  return {id};
}

Display display_of(const DisplayOptions& options, Display display) {
  display.theme = options.theme.value_or(Theme::light);
  display.color_map = options.color_map.value_or(display.color_map);
  display.range = options.range.value_or(display.range);
  display.shown = options.shown.value_or(display.shown);
  display.scale = options.scale.value_or(display.scale);
  display.hide_first = options.hide_first.value_or(display.hide_first);
  return display;
}

void check_ids(const std::vector<int>& ids, int vocabulary) {
  for (int id : ids) {
    if (id >= vocabulary)
      throw std::invalid_argument("there is no token " + std::to_string(id) +
                                  ": the model's ids are 0 to " + std::to_string(vocabulary - 1));
  }
}

std::vector<Token> tokens_of_source(const Model& model, const Source& source, bool quiet) {
  std::vector<Token> tokens;
  if (!source.ids.empty()) {
    check_ids(source.ids, model.config.vocabulary);
    tokens = tokens_of(model, source.ids);
  } else {
    if (!model.tokenizer)
      throw std::invalid_argument("the model has no tokenizer: give --ids instead of a text");
    tokens = model.tokenizer->encode(source.text);
  }
  if (tokens.empty())
    throw std::invalid_argument("the text is empty, and the model has no token to begin with");
  const auto context = static_cast<std::size_t>(model.config.context);
  if (tokens.size() > context) {
    if (!quiet) {
      std::fprintf(stderr,
                   "headlight: the text has %zu tokens and the model takes %zu: the last %zu were "
                   "left out\n",
                   tokens.size(), context, tokens.size() - context);
    }
    tokens.resize(context);
  }
  return tokens;
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

Trace whole_run(const Model& model, const std::vector<Token>& tokens, const Edits& edits,
                const RunOptions& options) {
  Pass pass(model, tokens, edits, options);
  while (pass.step()) {
  }
  return pass.take();
}

}  // namespace

int run_export(const ExportOptions& options) {
  const State session = options.session ? load_session(*options.session) : State{};
  const Model model = load_model(model_folder(options.model.value_or(session.request.model)));
  const Edits edits = edits_of(options, session, model.config);

  FigureRequest request;
  request.heads = heads_of(options, session, model.config);
  request.display = display_of(options.display, session.display);
  request.scale = options.scale;
  request.title = options.title;

  // Everything that can be refused is looked at before the first file is written.
  const std::vector<Source> sources = sources_of(options, session);
  if (sources.size() > 1 && options.output.string().find("{n}") == std::string::npos)
    throw std::invalid_argument("there are " + std::to_string(sources.size()) +
                                " texts: put {n} into the output's name");
  std::vector<std::vector<Token>> texts;
  for (const Source& source : sources)
    texts.push_back(tokens_of_source(model, source, options.quiet));

  RunOptions run_options;
  MeanOutputs means;
  if (std::any_of(edits.begin(), edits.end(),
                  [](const auto& edit) { return edit.second.replace == Replacement::mean; })) {
    means = mean_outputs(model);
    run_options.means = &means;
  }

  const bool progress = !options.quiet && ::isatty(STDERR_FILENO);
  for (std::size_t i = 0; i < texts.size(); ++i) {
    if (progress) std::fprintf(stderr, "\r%zu of %zu ", i + 1, texts.size());
    const Trace baseline = whole_run(model, texts[i], {}, run_options);
    RunOptions from_baseline = run_options;
    from_baseline.earlier = &baseline;
    const Trace edited =
        edits.empty() ? baseline : whole_run(model, texts[i], edits, from_baseline);
    write_file(numbered(options.output, i + 1),
               bytes_of(baseline, edited, request, lower_ending(options.output)));
  }
  if (progress) std::fprintf(stderr, "\r\033[K");
  return 0;
}

}  // namespace headlight
