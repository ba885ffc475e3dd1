#include "naive_picture.h"

#include <algorithm>
#include <string>

#include "page_parts.h"
#include "widgets.h"

namespace headlight {
namespace {

constexpr int most_rows = 6;  // heads that are drawn one by one

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

std::string sizes(int a, int b) { return "[" + std::to_string(a) + ", " + std::to_string(b) + "]"; }
std::string sizes(int a, int b, int c) {
  return "[" + std::to_string(a) + ", " + std::to_string(b) + ", " + std::to_string(c) + "]";
}

}  // namespace

void draw_naive_picture(const Ui& ui, Theme theme, const ModelConfig& config, int tokens,
                        ImVec2 min, ImVec2 max) {
  const Painter p{ui, theme};
  const Box box{min, max};
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
      const int owner =
          *letter == 'Q' ? head : head / per * per;  // the first of those that share it
      const std::string number = std::to_string(owner);
      p.of_head({{x, y}, {x + weight, y + side}}, owner, letter + number,
                said("naive.w", {{"letter", letter}, {"head", number}, {"shape", shape_w}}));
      x += weight + ui.px(3);
    }
    arrow(p.draw, ui, {x + ui.px(2), middle}, {x + ui.px(20), middle}, ui.palette->faint);
    x += ui.px(24);
    const float map = std::max(side, ui.px(28));
    const Box scores{{x, y}, {x + map, y + side}};
    const std::string map_tip = said("naive.map", {{"head", h}, {"shape", sizes(tokens, tokens)}});
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

void draw_vectorised_picture(const Ui& ui, Theme theme, const ModelConfig& config, int tokens,
                             ImVec2 min, ImVec2 max) {
  const Painter p{ui, theme};
  const Box box{min, max};
  const int per = config.heads / config.key_value_heads;
  const float text = ui.px(20);
  const float half = (box.height() - 2 * text - ui.px(8)) / 2;
  const float gap = ui.px(26);
  // Above: X times W_qkv.
  const Box x{box.min, {box.min.x + ui.px(58), box.min.y + half}};
  p.plain(x, "X",
          said("naive.x", {{"n", std::to_string(tokens)}, {"d", std::to_string(config.d_model)}}));
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
      centered_text(p.draw, ui.fonts.small, {at, x.min.y - ui.px(1)},
                    {at + wide, x.min.y + ui.px(15)}, ui.palette->ink, std::string(1, "QKV"[part]));
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
            shared ? per : 1, name,
            said("naive.cards", {{"letter", name}, {"shape", shared ? shared_shape : shape}}));
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

}  // namespace headlight
