#include "program.h"

#include <algorithm>
#include <chrono>
#include <stdexcept>

#include "assets_path.h"
#include "comparison_table.h"
#include "file_io.h"
#include "figure.h"
#include "figure_columns.h"
#include "figure_curve.h"
#include "handout.h"
#include "panels.h"
#include "pass.h"
#include "session.h"
#include "table.h"
#include "tiny_walk.h"
#include "walk_script.h"
#include "words_file.h"

namespace headlight {
namespace {

// A picture older than this is drawn dimmed: below, dimming would only flicker while one types.
constexpr double stale_after_seconds = 0.25;

// Design pixels in which everything is readable.
constexpr float least_width = 920.0f;
constexpr float least_height = 620.0f;
// The same in presenter mode, which shows less, and how much larger its type is.
constexpr float least_presented_width = 760.0f;
constexpr float least_presented_height = 570.0f;
constexpr float presented_scale = 1.5f;

double now() {
  return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count();
}

std::vector<std::string> example_sentences() {
  std::vector<std::string> lines;
  const std::string text = read_file(assets_folder() / "examples.txt", 1 << 20);
  for (std::size_t begin = 0; begin < text.size();) {
    const std::size_t end = std::min(text.find('\n', begin), text.size());
    if (end > begin) lines.push_back(text.substr(begin, end - begin));
    begin = end + 1;
  }
  return lines;
}

// The text field has one line: line breaks and tabs become spaces.
State with_one_line(State state) {
  for (char& c : state.request.text) {
    if (c == '\n' || c == '\r' || c == '\t') c = ' ';
  }
  return state;
}

std::vector<HeadId> heads_of(const ExportForm& form, HeadId selected, const ModelConfig& config) {
  if (form.scope == ExportScope::head) return {selected};
  const std::string layer =
      form.scope == ExportScope::all ? "*" : std::to_string(selected.layer);
  return parse_heads(layer + ".*", config, selected.kind);
}

// The bytes of the file that the form asks for.
std::string exported(const ExportForm& form, const State& state, const Snapshot& snapshot,
                     const std::vector<ComparedColumn>& columns) {
  if (form.scope == ExportScope::curve && snapshot.curve) {
    return curve_file(*snapshot.curve, snapshot.model->config,
                      {.theme = form.theme, .scale = static_cast<double>(form.scale),
                       .texts = "the battery"},
                      std::filesystem::path(form.file).extension().string());
  }
  if (form.scope == ExportScope::columns && !columns.empty()) {
    ComparisonFigure figure;
    figure.display = state.display;
    figure.display.theme = form.theme;
    figure.scale = form.scale;
    return comparison_file(columns, figure,
                           std::filesystem::path(form.file).extension().string());
  }
  FigureRequest request;
  request.heads = heads_of(form, state.selection.head, snapshot.model->config);
  request.display = state.display;
  request.display.theme = form.theme;
  request.scale = form.scale;
  const std::string ending = std::filesystem::path(form.file).extension().string();
  const Trace& before = *snapshot.baseline;
  const Trace& after = *snapshot.edited;
  if (ending == ".png") return draw_figure(before, after, request, FigureFormat::png);
  if (ending == ".svg") return draw_figure(before, after, request, FigureFormat::svg);
  if (ending == ".pdf") return draw_figure(before, after, request, FigureFormat::pdf);
  if (ending == ".csv") return write_table(before, after, request, TableFormat::csv);
  if (ending == ".json") return write_table(before, after, request, TableFormat::json);
  if (ending == ".npz") return write_table(before, after, request, TableFormat::npz);
  throw std::runtime_error("\"" + form.file +
                           "\": the name must end in .png, .svg, .pdf, .csv, .json or .npz");
}

}  // namespace

Program::Program(State state, std::function<void()> wake, bool measures)
    : state_(with_one_line(std::move(state))), wake_(wake), worker_(std::move(wake), measures) {
  ui_.history.reset({state_.request.edits, state_.columns});
  try {
    ui_.examples = example_sentences();
  } catch (const std::exception&) {
    // The program is whole without example sentences.
  }
  want_extras();
  worker_.submit(state_.request, wanted_columns());
}

std::vector<Column> Program::wanted_columns() const {
  return state_.display.view == View::compare ? state_.columns : std::vector<Column>{};
}

void Program::want_extras() {
  const bool wanted = state_.display.quantity == Quantity::rollout;
  worker_.want_rollout(wanted ? std::optional(state_.selection.head.kind) : std::nullopt);
  const bool walks = state_.display.view == View::learn && state_.learn.page == LearnPage::walk;
  worker_.want_walk(walks ? std::optional(WalkWish{state_.selection.head, state_.learn.dropout}) : std::nullopt);
}

void Program::wait() { worker_.wait(); }

bool Program::has_news() const {
  return picture_.has_no_snapshot() || worker_.latest().get() != &picture_.snapshot();
}

bool Program::answered() const {
  return !picture_.has_no_snapshot() && answers(picture_.snapshot());
}

bool Program::answers(const Snapshot& snapshot) const {
  return snapshot.request == state_.request && snapshot.answers(wanted_columns());
}

void Program::open(const std::string& path) {
  if (is_session_file(path)) {
    ui_.wishes.open_session = path;
    return;
  }
  if (is_lesson_file(path)) {
    ui_.wishes.open_lesson = path;
    return;
  }
  if (path.ends_with(".txt")) {
    ui_.corpus_field = path;
    state_.display.view = View::pruning;
    say("Measure importance goes over the lines of " + path, false);
    return;
  }
  ui_.wishes.open_model = path;
}

void Program::start_export(const ExportForm& form) {
  start_writing(form.file, [form, state = state_, picture = picture_.shared_snapshot(), columns = picture_.columns()] {
    const std::string name = std::filesystem::path(form.file).filename().string();
    return Files{{name, exported(form, state, *picture, columns)}};
  });
}

void Program::start_take_home(const TakeHome& form) {
  start_writing(form.file, [form, state = state_, picture = picture_.shared_snapshot()] {
    const std::string& text = state.request.text;
    const Learn& learn = state.learn;
    if (is_handout_file(form.file)) {
      const std::shared_ptr<const LayerWalk> walk =
          form.tiny ? tiny_walk(state, picture->edited->tokens()) : picture->walk;
      if (walk == nullptr) throw std::runtime_error("the walk is not there yet: wait a moment, then write again");
      return Files{{std::filesystem::path(form.file).filename().string(), walk_handout(*walk, text, learn.fused, learn.cell)}};
    }
    if (!form.tiny)
      return walk_files(form, picture->model, *picture->edited, state.selection.head, text, picture->prediction);
    const auto tiny = std::make_shared<const Model>(tiny_model(learn.tiny));
    const Input input = tiny_input(learn.tiny, picture->edited->tokens());
    const Trace trace = run(*tiny, input, tiny_edits(state, static_cast<int>(input.tokens.size())));
    return walk_files(form, tiny, trace, {0, learn.tiny_head}, text, {});
  });
}

// Drawing hundreds of maps takes seconds: beside the window, which goes on. What is needed by the
// first of the files is written before it.
void Program::start_writing(const std::string& file, std::function<Files()> make) {
  if (exporting_.valid()) throw std::runtime_error("another export is still being written");
  say("Exporting " + file + " ...", false);
  const auto work = [path = typed_path(file), make = std::move(make), wake = wake_] {
    try {
      const std::filesystem::path whole = std::filesystem::absolute(path);
      const Files files = make();
      for (auto each = files.rbegin(); each != files.rend(); ++each)
        write_file(whole.parent_path() / each->first, each->second);
      wake();
      return whole.string();
    } catch (...) {
      wake();
      throw;
    }
  };
  exporting_ = std::async(std::launch::async, work);
}

void Program::finish_export() {
  if (!exporting_.valid() || exporting_.wait_for(std::chrono::seconds(0)) != std::future_status::ready)
    return;
  try {
    say("Exported " + exporting_.get(), false);
  } catch (const std::exception& error) {
    say(error.what(), true);
  }
}

// A cache on a slow disk must not hold the window up.
void Program::start_listing() {
  if (listing_.valid()) return;
  listing_ = std::async(std::launch::async, [wake = wake_] {
    ModelList list = list_models();
    wake();
    return list;
  });
}

void Program::finish_listing() {
  if (listing_.valid() && listing_.wait_for(std::chrono::seconds(0)) == std::future_status::ready)
    ui_.models = listing_.get();
}

std::filesystem::path Program::newly_opened() {
  const auto& model = picture_.has_no_snapshot() ? known_model_ : picture_.snapshot().model;
  if (model == known_model_) return {};
  known_model_ = model;
  std::error_code error;
  const std::string& name = picture_.snapshot().request.model;
  const bool named =
      name.find('/') != std::string::npos || std::filesystem::exists(name, error);
  return named && model != nullptr ? std::filesystem::absolute(model->path) : "";
}

std::string Program::characters() const {
  std::string all = state_.request.text + state_.request.target.value_or("") + ui_.path_field + ui_.corpus_field + ui_.study.failed + ui_.export_form.file + ui_.message;
  if (const auto snapshot = worker_.latest(); snapshot->edited != nullptr) {
    for (const Token& token : snapshot->edited->tokens()) all += token.text;
    for (const Token& token : snapshot->edited->source()) all += token.text;
    all += snapshot->error + snapshot->notice;
  }
  if (const auto report = worker_.latest()->importance) {
    for (const ImportanceReport::Set& set : report->sets) all += set.name;
  }
  for (const PredictionView::Row& row : picture_.prediction().rows) all += row.text;
  for (const ComparedColumn& column : picture_.columns()) {
    for (const auto& [word, probability] : predicted_words(column, 8)) all += word;
    for (const Token& token : column.run->tokens()) all += token.text;
  }
  for (const std::string& example : ui_.examples) all += example;
  all += window_words_characters() + ui_.lessons.characters();
  if (ui_.models) {
    for (const auto* models : {&ui_.models->recent, &ui_.models->cached}) {
      for (const ModelInfo& model : *models) all += model.name + model.kind + model.problem;
    }
  }
  return all;
}

bool Program::prepare(float scale) {
  want_extras();
  worker_.submit(state_.request, wanted_columns());
  ui_.study = worker_.study_progress();  // before the snapshot, which then has what was measured
  const auto snapshot = worker_.latest();
  ui_.progress = worker_.progress();
  finish_export();
  finish_listing();
  if (snapshot->model != nullptr) {
    const ModelConfig& config = snapshot->model->config;
    HeadId& head = state_.selection.head;
    if (arriving_ && snapshot->request.model == state_.request.model) {
      head = *arriving_;
      arriving_.reset();
    }
    if (!config.encoder_decoder()) head.kind = AttentionKind::self;
    head.layer = std::clamp(head.layer, 0, config.layers_of(head.kind) - 1);
    head.head = std::clamp(head.head, 0, config.heads_of(head.kind) - 1);
  }
  bool more = picture_.update(snapshot, state_);

  const bool answered = answers(*snapshot);
  if (answered) stale_since_ = now();
  ui_.stale = !snapshot->error.empty() || now() - stale_since_ > stale_after_seconds;

  // Larger text needs a larger window: beyond this, toolbar and panels would be cut.
  const ImVec2 size = ImGui::GetIO().DisplaySize;
  const bool presents = state_.display.presents;
  const float room = std::min(size.x / (scale * (presents ? least_presented_width : least_width)),
                              size.y / (scale * (presents ? least_presented_height : least_height)));
  const float wanted = state_.display.text_scale * (presents ? presented_scale : 1.0f);
  ui_.scale = scale * std::min(wanted, std::max(room, 1.0f));
  ui_.palette = &palette_of(state_.display.theme);
  if (styled_theme_ != state_.display.theme || styled_scale_ != ui_.scale) {
    apply_style(state_.display.theme, ui_.scale);
    styled_theme_ = state_.display.theme;
    styled_scale_ = ui_.scale;
  }
  more |= textures_.update(picture_, state_.display.theme, ui_);
  return more || !answered;
}

bool Program::ensure_fonts() { return ui_.fonts.ensure(characters(), ui_.scale); }

void Program::draw() {
  draw_window(state_, picture_, ui_);
  ui_.keys.clear();
  carry_out_wishes();
}

void Program::say(const std::string& message, bool is_error) {
  ui_.message = message;
  ui_.message_is_error = is_error;
}

void Program::carry_out_wishes() {
  Wishes wishes = std::move(ui_.wishes);
  ui_.wishes = {.quit = wishes.quit};
  if (wishes.stop) worker_.stop();
  if (wishes.pause_studies) worker_.pause_studies();
  if (wishes.measure) worker_.measure(*wishes.measure, wishes.corpus);
  if (wishes.list_models) start_listing();
  try {
    if (wishes.open_model) {
      change_model(state_, typed_path(*wishes.open_model).string());
      arriving_ = state_.selection.head;
      ui_.history.reset({{}, state_.columns});
      ui_.camera = {};
    }
    if (wishes.open_session) {
      state_ = with_one_line(load_session(typed_path(wishes.open_session->string())));
      arriving_ = state_.selection.head;
      ui_.history.reset({state_.request.edits, state_.columns});
      ui_.camera = {};
      say("Opened " + wishes.open_session->string(), false);
    }
    if (wishes.open_lesson) {
      const std::string file = std::filesystem::absolute(*wishes.open_lesson).lexically_normal().string();
      ui_.camera = {};
      if (!ui_.lessons.begin(state_, ui_.history, file, 0)) say(ui_.lessons.problem(), true);
    }
    if (wishes.save_session) {
      const auto file = std::filesystem::absolute(typed_path(wishes.save_session->string()));
      save_session(state_, file);
      say("Saved " + file.string(), false);
    }
    if (wishes.export_ && !picture_.empty()) start_export(*wishes.export_);
    if (wishes.take_home && !picture_.empty()) start_take_home(*wishes.take_home);
  } catch (const std::exception& error) {
    say(error.what(), true);
  }
}

}  // namespace headlight
