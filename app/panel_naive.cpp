#include <algorithm>
#include <cstdio>
#include <string>

#include "learn_code.h"
#include "naive_study.h"
#include "page_parts.h"
#include "panels.h"
#include "widgets.h"

namespace headlight {
namespace {

constexpr int most_rows = 6;      // of heads in the left picture
constexpr int least_numbers = 4, most_numbers = 12;  // of the head's output

struct Box {
  ImVec2 min, max;
  float width() const { return max.x - min.x; }
  float height() const { return max.y - min.y; }
};

struct Painter {
  const Ui& ui;
  Theme theme;
  ImDrawList* draw = ImGui::GetWindowDrawList();

  // A matrix of all heads together, or of none.
  void plain(Box box, const std::string& text, const std::string& tip) const {
    draw->AddRectFilled(box.min, box.max, ui.palette->raised, ui.px(3));
    draw->AddRect(box.min, box.max, ui.palette->faint, ui.px(3));
    centered_text(draw, ui.fonts.strong, box.min, box.max, ui.palette->ink, text);
    explain_place(ui, box.min, box.max, tip);
  }
  // One head's matrix, with its number in it.
  void of_head(Box box, int head, const std::string& text, const std::string& tip) const {
    const ImU32 color = head_color(head, theme);
    draw->AddRectFilled(box.min, box.max, color, ui.px(2));
    const bool is_small = box.height() < ui.px(17) || box.width() < ui.px(15);
    centered_text(draw, is_small ? ui.fonts.small : ui.fonts.strong, box.min, box.max,
                  ink_on(color), text);
    explain_place(ui, box.min, box.max, tip);
  }
  // Columns of all heads side by side; `per` heads share one.
  void stripes(Box box, int heads, int per, const std::string& tip) const {
    const float step = box.width() / static_cast<float>(heads);
    for (int head = 0; head < heads; ++head) {
      const float x = box.min.x + step * static_cast<float>(head);
      const Box one{{x, box.min.y}, {x + std::max(step - 1.0f, 1.0f), box.max.y}};
      of_head(one, head * per, step >= ui.px(9) ? std::to_string(head * per) : "", "");
    }
    explain_place(ui, box.min, box.max, tip);
  }
  // Cards behind each other: one matrix a head.
  void cards(Box box, int heads, int per, const std::string& letter, const std::string& tip) const {
    const int shown = std::min(heads, most_rows);
    const float step = std::min(ui.px(5), box.height() * 0.08f);
    const float back = step * static_cast<float>(shown - 1);
    for (int i = shown - 1; i >= 0; --i) {
      const float off = step * static_cast<float>(i);
      const Box card{{box.min.x + off, box.min.y + back - off},
                     {box.max.x - back + off, box.max.y - off}};
      draw->AddRectFilled(card.min, card.max, head_color(i * per, theme), ui.px(2));
      draw->AddRect(card.min, card.max, ui.palette->paper, ui.px(2));
      if (i == 0) {
        const bool fits = text_width(ui.fonts.strong, letter) < card.width();
        centered_text(draw, fits ? ui.fonts.strong : ui.fonts.small, card.min, card.max,
                      ink_on(head_color(0, theme)), letter);
      }
    }
    explain_place(ui, box.min, box.max, tip);
  }
  void label(float x, float y, const std::string& text) const {
    draw_text(draw, ui.fonts.small, {x, y}, ui.palette->faint, text);
  }
};

std::string sizes(int a, int b) {
  return "[" + std::to_string(a) + ", " + std::to_string(b) + "]";
}
std::string sizes(int a, int b, int c) {
  return "[" + std::to_string(a) + ", " + std::to_string(b) + ", " + std::to_string(c) + "]";
}

void draw_naive_picture(const Painter& p, const ModelConfig& config, int tokens, Box box) {
  const Ui& ui = p.ui;
  const int rows = std::min(config.heads, most_rows);
  const int per = config.heads / config.key_value_heads;
  const bool more = config.heads > rows;
  const float text = ui.px(20);
  const Box area{box.min, {box.max.x, box.max.y - text}};
  const float row = area.height() / static_cast<float>(rows + (more ? 1 : 0));
  const float side = std::min(row - ui.px(5), ui.px(48));
  const float x_width = ui.px(58), z_width = std::min(ui.px(120), box.width() * 0.24f);
  p.plain({area.min, {area.min.x + x_width, area.max.y}}, "X",
          said("naive.x", {{"n", std::to_string(tokens)}, {"d", std::to_string(config.d_model)}}));
  const Box all{{area.max.x - z_width, area.min.y}, area.max};
  const float from = area.min.x + x_width, to = all.min.x;
  const float room = to - from - ui.px(24) * 4;
  const float weight = std::min(room * 0.2f, ui.px(46));
  const std::string shape_w = sizes(config.d_model, config.d_head);
  for (int head = 0; head < rows; ++head) {
    const float y = area.min.y + row * static_cast<float>(head) + (row - side) / 2;
    const float middle = y + side / 2;
    float x = from + ui.px(24);
    arrow(p.draw, ui, {from + ui.px(3), middle}, {x - ui.px(3), middle}, ui.palette->faint);
    const std::string h = std::to_string(head);
    for (const char* letter : {"Q", "K", "V"}) {
      const int owner = *letter == 'Q' ? head : head / per * per;  // the first of those that share it
      const std::string number = std::to_string(owner);
      p.of_head({{x, y}, {x + weight, y + side}}, owner, letter + number,
                said("naive.w", {{"letter", letter}, {"head", number}, {"shape", shape_w}}));
      x += weight + ui.px(3);
    }
    arrow(p.draw, ui, {x + ui.px(2), middle}, {x + ui.px(20), middle}, ui.palette->faint);
    x += ui.px(24);
    const float map = std::max(side, ui.px(28));
    const Box scores{{x, y}, {x + map, y + side}};
    const std::string map_tip =
        said("naive.map", {{"head", h}, {"shape", sizes(tokens, tokens)}});
    if (config.causal) {  // The half above the diagonal is the future.
      p.draw->AddRectFilled(scores.min, scores.max, ui.palette->raised);
      p.draw->AddTriangleFilled(scores.min, scores.max, {scores.min.x, scores.max.y},
                                head_color(head, p.theme));
      p.draw->AddRect(scores.min, scores.max, head_color(head, p.theme));
      explain_place(ui, scores.min, scores.max, map_tip);
    } else {
      p.of_head(scores, head, "", map_tip);
    }
    x = scores.max.x;
    arrow(p.draw, ui, {x + ui.px(2), middle}, {x + ui.px(20), middle}, ui.palette->faint);
    x += ui.px(24);
    const Box z{{x, y}, {std::max(x + ui.px(30), to - ui.px(26)), y + side}};
    p.of_head(z, head, "z" + h,
              said("naive.z", {{"head", h}, {"shape", sizes(tokens, config.d_head)}}));
    arrow(p.draw, ui, {z.max.x + ui.px(3), middle}, {to - ui.px(3), middle}, ui.palette->faint);
  }
  if (more) {
    p.label(from + ui.px(24), area.max.y - row + ui.px(4),
            said("naive.more", {{"count", std::to_string(config.heads - rows)}}));
  }
  p.stripes(all, config.heads, 1,
            said("naive.all", {{"shape", sizes(tokens, config.query_width())}}));
  p.label(area.min.x, area.max.y + ui.px(4), sizes(tokens, config.d_model));
  p.label(from + ui.px(24), area.max.y + ui.px(4), said("naive.each", {{"shape", shape_w}}));
  right_text(p.draw, ui.fonts.small, area.max.x, area.max.y + ui.px(4), ui.palette->faint,
             said("naive.beside", {{"shape", sizes(tokens, config.query_width())}}));
}

void draw_vectorised_picture(const Painter& p, const ModelConfig& config, int tokens, Box box) {
  const Ui& ui = p.ui;
  const int per = config.heads / config.key_value_heads;
  const float text = ui.px(20);
  const float half = (box.height() - 2 * text - ui.px(8)) / 2;
  const float gap = ui.px(26);
  // Above: X times W_qkv.
  const Box x{box.min, {box.min.x + ui.px(58), box.min.y + half}};
  p.plain(x, "X", said("naive.x", {{"n", std::to_string(tokens)}, {"d", std::to_string(config.d_model)}}));
  p.label(x.min.x, x.max.y + ui.px(3), sizes(tokens, config.d_model));
  centered_text(p.draw, ui.fonts.title, {x.max.x, x.min.y}, {x.max.x + gap, x.max.y},
                ui.palette->ink, "×");
  const float room = box.max.x - x.max.x - 2 * gap;
  const float each = room / 2;
  const auto fused = [&](float left, const char* tip, const std::string& shape) {
    const float width = each - ui.px(8);
    const float unit = width / static_cast<float>(config.heads + 2 * config.key_value_heads);
    float at = left;
    for (int part = 0; part < 3; ++part) {
      const int count = part == 0 ? config.heads : config.key_value_heads;
      const float wide = unit * static_cast<float>(count);
      const Box one{{at, x.min.y + ui.px(16)}, {at + wide - ui.px(3), x.max.y}};
      p.stripes(one, count, part == 0 ? 1 : per,
                said(tip, {{"letter", std::string(1, "QKV"[part])}, {"shape", shape}}));
      centered_text(p.draw, ui.fonts.small, {at, x.min.y - ui.px(1)}, {at + wide, x.min.y + ui.px(15)},
                    ui.palette->ink, std::string(1, "QKV"[part]));
      at += wide;
    }
    p.label(left, x.max.y + ui.px(3), shape);
  };
  fused(x.max.x + gap, "naive.w_all", "W_qkv " + sizes(config.d_model, config.qkv_width()));
  centered_text(p.draw, ui.fonts.title, {x.max.x + gap + each - ui.px(6), x.min.y},
                {x.max.x + 2 * gap + each - ui.px(6), x.max.y}, ui.palette->ink, "=");
  fused(x.max.x + 2 * gap + each, "naive.qkv", sizes(tokens, config.qkv_width()));

  // Below: a stack of cards for each of them, and one operation for all cards.
  const float y = box.min.y + half + text + ui.px(8);
  const float card = (box.width() - 5 * gap) / 6;
  const std::string shape = sizes(config.heads, tokens, config.d_head);
  const std::string shared_shape = sizes(config.key_value_heads, tokens, config.d_head);
  float at = box.min.x;
  int letter = 0;
  for (const char* name : {"Q", "K", "V"}) {
    const bool shared = letter++ > 0;
    p.cards({{at, y}, {at + card, y + half}}, shared ? config.key_value_heads : config.heads,
            shared ? per : 1, name, said("naive.cards", {{"letter", name}, {"shape", shared ? shared_shape : shape}}));
    at += card + ui.px(8);
  }
  p.label(box.min.x, y + half + ui.px(3),
          said("naive.reshaped", {{"shape", per > 1 ? shape + " " + shared_shape : shape}}));
  arrow(p.draw, ui, {at, y + half / 2}, {at + gap, y + half / 2}, ui.palette->faint);
  at += gap + ui.px(6);
  const std::string maps = sizes(config.heads, tokens, tokens);
  p.cards({{at, y}, {at + card, y + half}}, config.heads, 1, "n×n",
          said("naive.maps", {{"shape", maps}}));
  p.label(at, y + half + ui.px(3), maps);
  at += card + ui.px(6);
  arrow(p.draw, ui, {at, y + half / 2}, {at + gap, y + half / 2}, ui.palette->faint);
  at += gap + ui.px(6);
  const Box all{{at, y}, {box.max.x, y + half}};
  p.stripes(all, config.heads, 1,
            said("naive.all", {{"shape", sizes(tokens, config.query_width())}}));
  right_text(p.draw, ui.fonts.small, box.max.x, y + half + ui.px(3), ui.palette->faint,
             sizes(tokens, config.query_width()));
}

std::string all_digits(float value) {
  char text[32];
  std::snprintf(text, sizeof text, "%.9g", static_cast<double>(value));
  return text;
}

// The head's output for the last token, both ways. `result` may be null: then the model's own run is shown.
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
  const int count = std::min(std::clamp(static_cast<int>(room / line), least_numbers, most_numbers), config.d_head);
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
  page_text(said("naive.largest", {{"difference", difference},
                                   {"count", grouped(static_cast<double>(result->tokens.size()) *
                                                     config.query_width())}}),
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
  draw->AddLine({place(times.least), middle}, {place(times.most), middle}, ui.palette->ink, ui.px(2));
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
  page_text(said("naive.ratio", {{"ratio", fixed(result.naive.median / result.vectorised.median, 2)},
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

// What the heads of this layer do that the lines of code do not say; both ways that are measured do.
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
  const float height = std::clamp(ImGui::GetContentRegionAvail().y - code_lines - ui.px(268), ui.px(140),
                                  ui.px(560));
  const Painter painter{ui, state.display.theme};
  for (const bool naive : {true, false}) {
    if (!naive) ImGui::SameLine(0, gap);
    ImGui::BeginGroup();
    const std::string name = naive ? "naive" : "vectorised";
    const std::string& code = naive ? codes[0] : codes[1];
    page_title(ui, said(naive ? "naive.left" : "naive.right"));
    copy_button(ui, name, code, width);
    const ImVec2 at = ImGui::GetCursorScreenPos();
    const Box box{at, {at.x + width, at.y + height}};
    (naive ? draw_naive_picture : draw_vectorised_picture)(painter, config, tokens, box);
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
