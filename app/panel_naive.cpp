#include <algorithm>
#include <cstdio>
#include <string>

#include "learn_code.h"
#include "naive_picture.h"
#include "naive_study.h"
#include "page_parts.h"
#include "panels.h"
#include "widgets.h"

namespace headlight {
namespace {

constexpr int least_numbers = 4, most_numbers = 12;  // of the head's output

std::string all_digits(float value) {
  char text[32];
  std::snprintf(text, sizeof text, "%.9g", static_cast<double>(value));
  return text;
}

// The head's output for the last token, both ways. `result` may be null: then the model's own run
// is shown.
void draw_numbers(const State& state, const Picture& picture, Ui& ui, const NaiveResult* result,
                  float width) {
  const HeadId head = state.selection.head;
  const ModelConfig& config = picture.snapshot().model->config;
  const auto first = static_cast<std::size_t>(head.head * config.d_head);
  ImGui::PushFont(ui.fonts.strong);
  ImGui::TextUnformatted(said("naive.same", {{"head", std::to_string(head.head)}}).c_str());
  ImGui::PopFont();
  const ImVec2 at = ImGui::GetCursorScreenPos();
  ImDrawList* draw = ImGui::GetWindowDrawList();
  const float line = ui.fonts.mono->FontSize + ui.px(5);
  const float x1 = at.x + ui.px(44), x2 = at.x + ui.px(44) + (width - ui.px(44)) * 0.44f;
  const float x3 = at.x + width - ui.px(70);
  draw_text(draw, ui.fonts.small, {x1, at.y}, ui.palette->faint, said("naive.one_by_one"));
  draw_text(draw, ui.fonts.small, {x2, at.y}, ui.palette->faint, said("naive.together"));
  float y = at.y + ui.px(20);
  const float room = ImGui::GetContentRegionAvail().y - ui.px(20) - ui.px(64);
  const int count = std::min(std::clamp(static_cast<int>(room / line), least_numbers, most_numbers),
                             config.d_head);
  for (int i = 0; i < count; ++i) {
    draw_text(draw, ui.fonts.mono, {at.x, y}, ui.palette->faint, "[" + std::to_string(i) + "]");
    if (result == nullptr) {
      draw_text(draw, ui.fonts.mono, {x1, y}, ui.palette->faint, "?");
      draw_text(draw, ui.fonts.mono, {x2, y}, ui.palette->faint, "?");
    } else {
      const float a = result->naive_z[first + static_cast<std::size_t>(i)];
      const float b = result->vectorised_z[first + static_cast<std::size_t>(i)];
      draw_text(draw, ui.fonts.mono, {x1, y}, ui.palette->ink, all_digits(a));
      draw_text(draw, ui.fonts.mono, {x2, y}, ui.palette->ink, all_digits(b));
      draw_text(draw, ui.fonts.small, {x3, y + ui.px(1)}, ui.palette->faint,
                said(a == b ? "naive.equal" : "naive.differs"));
    }
    y += line;
  }
  ImGui::Dummy({width, y - at.y});
  if (result == nullptr) return;
  const std::string difference = all_digits(static_cast<float>(result->largest_difference));
  page_text(
      said("naive.largest",
           {{"difference", difference},
            {"count", grouped(static_cast<double>(result->tokens.size()) * config.query_width())}}),
      width);
  page_note(ui, said(result->equals_pass ? "naive.as_run" : "naive.not_as_run"), width);
}

void draw_bar(Ui& ui, const FormTimes& times, double most, const std::string& name, float width) {
  const ImVec2 at = ImGui::GetCursorScreenPos();
  ImDrawList* draw = ImGui::GetWindowDrawList();
  const float height = ui.px(24), label = ui.px(104), number = ui.px(96);
  const float room = width - label - number;
  const auto place = [&](double ms) {
    return at.x + label + room * static_cast<float>(std::min(ms / most, 1.0));
  };
  draw_text(draw, ui.fonts.strong, {at.x, at.y + ui.px(3)}, ui.palette->ink, name);
  draw->AddRectFilled({at.x + label, at.y}, {place(times.median), at.y + height},
                      fade(ui.palette->accent, 0.75f), ui.px(2));
  // From the shortest round to the longest.
  const float middle = at.y + height / 2;
  draw->AddLine({place(times.least), middle}, {place(times.most), middle}, ui.palette->ink,
                ui.px(2));
  for (const double ms : times.rounds) {
    draw->AddLine({place(ms), middle - ui.px(4)}, {place(ms), middle + ui.px(4)}, ui.palette->ink);
  }
  right_text(draw, ui.fonts.mono, at.x + width, at.y + ui.px(4), ui.palette->ink,
             fixed(times.median, times.median < 10 ? 3 : 1) + " ms");
  explain_place(ui, at, {at.x + width, at.y + height},
                said("naive.rounds", {{"rounds", std::to_string(times.rounds.size())},
                                      {"least", fixed(times.least, 3)},
                                      {"most", fixed(times.most, 3)}}));
  ImGui::Dummy({width, height + ui.px(4)});
}

void draw_times(Ui& ui, const NaiveResult& result, float width) {
  if (!ui.show_times) return;
  ImGui::PushFont(ui.fonts.strong);
  ImGui::TextUnformatted(said("naive.costs").c_str());
  ImGui::PopFont();
  // Rounds that something else on the machine made long are cut off, and named on hover.
  const double medians = std::max(result.naive.median, result.vectorised.median);
  const double most = std::min(std::max(result.naive.most, result.vectorised.most), 1.4 * medians);
  draw_bar(ui, result.naive, most, said("naive.naive"), width);
  draw_bar(ui, result.vectorised, most, said("naive.vectorised"), width);
  page_text(
      said("naive.ratio", {{"ratio", fixed(result.naive.median / result.vectorised.median, 2)},
                           {"rounds", std::to_string(result.naive.rounds.size())},
                           {"tokens", std::to_string(result.tokens.size())},
                           {"layer", std::to_string(result.layer)},
                           {"threads", std::to_string(result.threads)}}),
      width);
}

// Fades what was drawn last: it is of another text or layer.
void dim_item(const Ui& ui) {
  ImGui::GetWindowDrawList()->AddRectFilled(ImGui::GetItemRectMin(), ImGui::GetItemRectMax(),
                                            fade(ui.palette->paper, 0.55f));
}

void draw_measure(const State& state, Ui& ui, float width) {
  if (draw_measuring_line(ui) && ui.study.what == NaiveStudy::words) return;
  if (ImGui::Button(said("naive.measure").c_str())) {
    ui.wishes.measure = StudyKind::naive;
    ui.wishes.corpus = std::to_string(state.selection.head.layer);
  }
  ui.landmarks.mark_item("naive/measure");
  if (!ui.study.failed.empty()) page_note(ui, ui.study.failed, width);
}

// What the heads of this layer do that the lines of code do not say; both ways that are measured
// do.
std::string left_out(const Model& model, int layer) {
  const ModelConfig& config = model.config;
  const Block& block = model.weights.blocks[static_cast<std::size_t>(layer)];
  std::string words;
  const auto add = [&](bool does, const char* key) {
    if (does) words += (words.empty() ? "" : ", ") + said(key);
  };
  add(!block.query_norm.gain.empty(), "naive.out.norms");
  add(config.convolution > 0, "naive.out.convolution");
  add(!config.head_designs.empty(), "naive.out.designs");
  add(!block.temperature.empty(), "naive.out.temperatures");
  add(config.routing.any(), "naive.out.router");
  add(!config.windows.empty() && config.windows[static_cast<std::size_t>(layer)] > 0,
      "naive.out.window");
  return words;
}

// The last measurement of the open model; whether it is of what is shown.
const NaiveResult* last_result(const State& state, const Picture& picture, bool& current) {
  const Snapshot& s = picture.snapshot();
  if (!s.naive || s.naive->model.lock() != s.model) return nullptr;
  current = s.naive->layer == state.selection.head.layer && s.naive->tokens == s.baseline->tokens();
  return s.naive.get();
}

}  // namespace

void draw_naive(State& state, const Picture& picture, Ui& ui) {
  const Model& model = *picture.snapshot().model;
  const ModelConfig& config = model.config;
  begin_page("naive");
  if (model.recorded || config.encoder_decoder()) {
    page_sentence(ui, said("naive.none"));
    if (ImGui::Button(said("open_mini_gpt").c_str())) ui.wishes.open_model = "mini-gpt";
    ui.landmarks.mark_item("open/mini-gpt");
    return end_page();
  }
  const int tokens = picture.snapshot().baseline->size();
  page_text(said("naive.about", {{"heads", std::to_string(config.heads)},
                                 {"d", std::to_string(config.d_head)},
                                 {"layer", std::to_string(state.selection.head.layer)},
                                 {"tokens", std::to_string(tokens)}}));
  const float gap = ui.px(28);
  const float width = (ImGui::GetContentRegionAvail().x - gap) / 2;
  const bool bias = !model.weights.blocks.front().qkv.bias.empty();
  const std::string codes[] = {naive_code(config, bias), vectorised_code(config, bias)};
  // What the code and the numbers leave.
  const float code_lines = std::max(code_height(ui, codes[0]), code_height(ui, codes[1]));
  const float height = std::clamp(ImGui::GetContentRegionAvail().y - code_lines - ui.px(268),
                                  ui.px(140), ui.px(560));
  for (const bool naive : {true, false}) {
    if (!naive) ImGui::SameLine(0, gap);
    ImGui::BeginGroup();
    const std::string name = naive ? "naive" : "vectorised";
    const std::string& code = naive ? codes[0] : codes[1];
    page_title(ui, said(naive ? "naive.left" : "naive.right"));
    copy_button(ui, name, code, width);
    const ImVec2 at = ImGui::GetCursorScreenPos();
    (naive ? draw_naive_picture : draw_vectorised_picture)(ui, state.display.theme, config, tokens,
                                                           at, {at.x + width, at.y + height});
    ImGui::Dummy({width, height + ui.px(2)});
    ui.landmarks.mark_item("naive/" + name);
    code_block(ui, code, width);
    explain(ui, said(naive ? "naive.code.about" : "vectorised.code.about"));
    ImGui::EndGroup();
  }
  if (const std::string rest = left_out(model, state.selection.head.layer); !rest.empty()) {
    page_note(ui, said("naive.leaves_out", {{"what", rest}}));
  }
  bool current = true;
  const NaiveResult* result = last_result(state, picture, current);
  if (result != nullptr && !current) page_note(ui, said("naive.older"));
  ImGui::BeginGroup();
  draw_numbers(state, picture, ui, result, width);
  ImGui::EndGroup();
  ui.landmarks.mark_item("naive/numbers");
  if (!current) dim_item(ui);
  ImGui::SameLine(0, gap);
  ImGui::BeginGroup();
  ImGui::BeginGroup();
  if (result != nullptr) {
    draw_times(ui, *result, width);
  } else {
    page_title(ui, said("naive.not_yet"));
  }
  ImGui::EndGroup();
  if (!current) dim_item(ui);
  draw_measure(state, ui, width);
  ImGui::EndGroup();
  if (result != nullptr && current) ui.landmarks.mark_item("naive/times");
  end_page();
}

}  // namespace headlight
