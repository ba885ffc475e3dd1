#include <algorithm>
#include <cmath>
#include <numbers>
#include <string>
#include <utility>

#include "learn_pages.h"
#include "page_parts.h"
#include "panels.h"
#include "rotary_clock.h"
#include "token_label.h"
#include "widgets.h"

namespace headlight {
namespace {

// "2 turns + 196.7°"
std::string degrees(double radians) {
  const auto turns = static_cast<int>(std::floor(radians / (2.0 * std::numbers::pi)));
  const std::string rest = fixed(radians * 180.0 / std::numbers::pi - 360.0 * turns, 1) + "°";
  if (turns == 0) return rest;
  return said(turns == 1 ? "rotary.turn" : "rotary.turns",
              {{"n", std::to_string(turns)}, {"rest", rest}});
}

float length_of(const std::array<float, 2>& hand) { return std::hypot(hand[0], hand[1]); }

std::string pair_text(const std::array<float, 2>& hand) {
  return "(" + fixed(static_cast<double>(hand[0]), 3) + ", " +
         fixed(static_cast<double>(hand[1]), 3) + ")";
}

ImU32 query_color(Theme theme) { return head_color(0, theme); }
ImU32 key_color(Theme theme) { return head_color(1, theme); }

void choose_token(Ui& ui, const char* name, const std::vector<Token>& tokens, int shown,
                  std::optional<int>& chosen) {
  const auto label = [&](int i) {
    return std::to_string(i) + "  " + token_label(tokens[static_cast<std::size_t>(i)]);
  };
  ImGui::AlignTextToFramePadding();
  ImGui::TextUnformatted(said(std::string("rotary.") + name).c_str());
  explain(ui, said(std::string("rotary.") + name + ".about"));
  ImGui::SameLine();
  ImGui::SetNextItemWidth(ui.px(150));
  const bool open = ImGui::BeginCombo((std::string("##") + name).c_str(), label(shown).c_str());
  ui.landmarks.mark_item(std::string("rotary/") + name);
  if (!open) return;
  for (int i = 0; i < static_cast<int>(tokens.size()); ++i) {
    if (ImGui::Selectable(label(i).c_str(), i == shown)) chosen = i;
    if (ImGui::IsItemVisible())
      ui.landmarks.mark_item(std::string("rotary/") + name + "/" + std::to_string(i));
  }
  ImGui::EndCombo();
}

// The chosen pair: two large clocks, and how their angles come about.
void draw_clocks(const State& state, Ui& ui, const RotaryWalk& walk, const RotaryPair& pair,
                 float width, float height) {
  const ImVec2 at = ImGui::GetCursorScreenPos();
  ImDrawList* draw = ImGui::GetWindowDrawList();
  const float most = std::max(
      {length_of(pair.turned_q), length_of(pair.turned_k), length_of(pair.q), length_of(pair.k)});
  const float each = width / 2, radius = std::min(each * 0.42f, (height - ui.px(112)) / 2);
  for (const bool key : {false, true}) {
    const float x = at.x + (key ? each : 0.0f);
    const ImU32 color = key ? key_color(state.display.theme) : query_color(state.display.theme);
    const int position = (key ? walk.cell.key : walk.cell.query) + walk.shift;
    const double angle = key ? pair.key_angle : pair.query_angle;
    const auto& before = key ? pair.k : pair.q;
    const auto& after = key ? pair.turned_k : pair.turned_q;
    const std::string letter = key ? "k" : "q";
    draw_text(draw, ui.fonts.strong, {x, at.y}, color,
              said("rotary.clock", {{"letter", letter}, {"position", std::to_string(position)}}));
    const ImVec2 middle{x + radius + ui.px(4), at.y + ui.px(28) + radius};
    draw_clock(ui, middle, radius, before, after, most, angle, color, true);
    explain_place(
        ui, {middle.x - radius, middle.y - radius}, {middle.x + radius, middle.y + radius},
        said("rotary.clock.about",
             {{"first", std::to_string(pair.first)}, {"second", std::to_string(pair.second)}}));
    float y = at.y + ui.px(36) + 2 * radius;
    const std::string arithmetic = std::to_string(position) + " × " + fixed(pair.frequency, 5) +
                                   " = " + fixed(angle, 3) + " rad";
    draw_text(draw, ui.fonts.mono, {x, y}, ui.palette->ink, arithmetic);
    explain_place(ui, {x, y}, {x + each, y + ui.px(18)}, said("rotary.angle.about"));
    y += ui.px(21);
    draw_text(draw, ui.fonts.mono, {x, y}, ui.palette->ink, "= " + degrees(angle));
    y += ui.px(23);
    draw_text(draw, ui.fonts.small, {x, y}, ui.palette->faint,
              said("rotary.before") + " " + pair_text(before));
    y += ui.px(17);
    draw_text(draw, ui.fonts.small, {x, y}, ui.palette->ink,
              said("rotary.after") + " " + pair_text(after));
  }
  ImGui::Dummy({width, 2 * radius + ui.px(116)});
  ui.landmarks.mark_item("rotary/clocks");
}

void draw_pairs(State& state, Ui& ui, const RotaryWalk& walk, int chosen, float width, float height,
                float row) {
  ImGui::BeginChild("pairs", {width, height}, false);
  ImDrawList* draw = ImGui::GetWindowDrawList();
  const float inner = ImGui::GetContentRegionAvail().x;
  double most = 1e-12;
  for (const RotaryPair& pair : walk.pairs) most = std::max(most, std::abs(pair.part));
  const ImVec2 head = ImGui::GetCursorScreenPos();
  const float x_angle = ui.px(66), x_clocks = ui.px(190),
              x_bar = x_clocks + row * 1.64f + ui.px(28), number = ui.px(78);
  const std::pair<const char*, float> names[] = {{"rotary.pair", 0.0f},
                                                 {"rotary.per_token", x_angle},
                                                 {"rotary.hands", x_clocks},
                                                 {"rotary.part", x_bar}};
  for (const auto& [key, x] : names) {
    const std::string name = said(key);
    const ImVec2 min{head.x + x, head.y};
    draw_text(draw, ui.fonts.small, min, ui.palette->faint, name);
    explain_place(ui, min, {min.x + text_width(ui.fonts.small, name), min.y + ui.px(16)},
                  said(std::string(key) + ".about"));
  }
  ImGui::Dummy({inner, ui.px(14)});
  for (std::size_t i = 0; i < walk.pairs.size(); ++i) {
    const RotaryPair& pair = walk.pairs[i];
    const ImVec2 at = ImGui::GetCursorScreenPos();
    ImGui::PushID(static_cast<int>(i));
    if (ImGui::InvisibleButton("pair", {inner, row - ui.px(8)}))
      state.learn.pair = static_cast<int>(i);
    ImGui::PopID();
    if (ImGui::IsItemVisible()) ui.landmarks.mark_item("pair/" + std::to_string(i));
    const ImVec2 min{at.x, at.y - ui.px(4)}, max{at.x + inner, at.y + row - ui.px(4)};
    const bool is_chosen = static_cast<int>(i) == chosen;
    if (is_chosen) {
      draw->AddRectFilled(min, max, fade(ui.palette->accent, 0.18f), ui.px(3));
      draw->AddRectFilled(min, {min.x + ui.px(3), max.y}, ui.palette->accent);
    } else if (ImGui::IsItemHovered()) {
      draw->AddRectFilled(min, max, ui.palette->hovered, ui.px(3));
    }
    if (!ImGui::IsItemVisible()) continue;
    const float middle = (min.y + max.y) / 2, text = middle - ui.fonts.mono->FontSize / 2;
    draw_text(draw, ui.fonts.mono, {at.x + ui.px(8), text}, ui.palette->ink,
              std::to_string(pair.first) + "·" + std::to_string(pair.second));
    draw_text(draw, ui.fonts.mono, {at.x + x_angle, text}, ui.palette->ink,
              fixed(pair.frequency, 5));
    const float radius = row * 0.41f;
    const float most_q = std::max(length_of(pair.q), length_of(pair.turned_q));
    const float most_k = std::max(length_of(pair.k), length_of(pair.turned_k));
    draw_clock(ui, {at.x + x_clocks + radius, middle}, radius, pair.q, pair.turned_q, most_q,
               pair.query_angle, query_color(state.display.theme), false);
    draw_clock(ui, {at.x + x_clocks + 3 * radius + ui.px(6), middle}, radius, pair.k, pair.turned_k,
               most_k, pair.key_angle, key_color(state.display.theme), false);
    // To the right of the middle it raises the score, to the left it lowers it.
    const float room = inner - x_bar - number, zero = at.x + x_bar + room / 2;
    const float bar = room / 2 * static_cast<float>(pair.part / most);
    draw->AddRectFilled({std::min(zero, zero + bar), min.y + ui.px(5)},
                        {std::max(zero, zero + bar), max.y - ui.px(5)},
                        signed_color(bar > 0 ? 0.8f : -0.8f, 1.0f, state.display.theme), ui.px(2));
    draw->AddLine({zero, min.y}, {zero, max.y}, ui.palette->faint);
    std::string part = fixed(pair.part, 3);
    if (pair.part >= 0) part = "+" + part;
    right_text(draw, ui.fonts.mono, at.x + inner - ui.px(6), text, ui.palette->ink, part);
  }
  ImGui::EndChild();
  ui.landmarks.mark_item("rotary/pairs");
}

void draw_sum(const Ui& ui, const RotaryWalk& walk, float width) {
  const std::string rest =
      walk.rest != 0.0 ? said("rotary.rest", {{"rest", fixed(walk.rest, 3)}}) : "";
  const std::string count = std::to_string(walk.pairs.size());
  page_text(said("rotary.sum", {{"pairs", count},
                                {"rest", rest},
                                {"product", fixed(walk.product(), 4)},
                                {"divisor", fixed(walk.divisor, 4)},
                                {"score", fixed(walk.product() / walk.divisor, 4)},
                                {"engine", fixed(static_cast<double>(walk.score), 4)}}),
            width);
  explain(ui, said("rotary.sum.about"));
}

void draw_shift(State& state, const Picture& picture, Ui& ui, const RotaryWalk& walk, float width) {
  const int most = std::clamp(
      picture.snapshot().model->config.context - picture.snapshot().edited->size(), 0, 200);
  ImGui::AlignTextToFramePadding();
  ImGui::TextUnformatted(said("rotary.shift").c_str());
  ImGui::SameLine();
  ImGui::SetNextItemWidth(std::min(ui.px(300), width * 0.5f));
  int shift = walk.shift;
  if (slider(ui, "rotary/shift", shift, 0, std::max(most, 1))) state.learn.shift = shift;
  const ImVec2 at = ImGui::GetCursorScreenPos();
  ImDrawList* draw = ImGui::GetWindowDrawList();
  const auto line = [&](float y, const std::string& name, float score) {
    draw_text(draw, ui.fonts.text, {at.x, y}, ui.palette->ink, name);
    draw_text(draw, ui.fonts.mono, {at.x + ui.px(250), y + ui.px(1)}, ui.palette->ink,
              fixed(static_cast<double>(score), 7));
  };
  line(at.y,
       said("rotary.here",
            {{"q", std::to_string(walk.cell.query)}, {"k", std::to_string(walk.cell.key)}}),
       walk.score);
  line(at.y + ui.px(21),
       said("rotary.moved", {{"q", std::to_string(walk.cell.query + walk.shift)},
                             {"k", std::to_string(walk.cell.key + walk.shift)}}),
       walk.moved_score);
  const double difference = std::abs(static_cast<double>(walk.moved_score) - walk.score);
  if (walk.shift > 0) {
    draw_text(draw, ui.fonts.small, {at.x + ui.px(344), at.y + ui.px(24)}, ui.palette->faint,
              difference > 0 ? said("rotary.rounding", {{"difference", fixed(difference, 7)}})
                             : said("rotary.same"));
  }
  ImGui::Dummy({width, ui.px(40)});
  ui.landmarks.mark_item("rotary/scores");
}

void draw_curve(const State& state, Ui& ui, const RotaryWalk& walk, float width, float height) {
  const ImVec2 at = ImGui::GetCursorScreenPos();
  ImDrawList* draw = ImGui::GetWindowDrawList();
  draw_text(draw, ui.fonts.strong, at, ui.palette->ink, said("rotary.curve"));
  const ImVec2 min{at.x + ui.px(46), at.y + ui.px(26)},
      max{at.x + width, at.y + height - ui.px(20)};
  const auto& scores = walk.by_distance;
  if (scores.size() < 2) return ImGui::Dummy({width, height});
  double low = std::min(*std::min_element(scores.begin(), scores.end()), 0.0);
  double high = std::max(*std::max_element(scores.begin(), scores.end()), 0.0);
  if (high - low < 1e-9) high = low + 1.0;
  const auto place = [&](double distance, double score) {
    return ImVec2{min.x + (max.x - min.x) *
                              static_cast<float>(distance / static_cast<double>(scores.size() - 1)),
                  max.y - (max.y - min.y) * static_cast<float>((score - low) / (high - low))};
  };
  draw->AddRectFilled(min, max, ui.palette->raised, ui.px(3));
  draw->AddLine(place(0, 0), place(static_cast<double>(scores.size() - 1), 0), ui.palette->faint);
  for (std::size_t i = 1; i < scores.size(); ++i) {
    draw->AddLine(place(static_cast<double>(i - 1), scores[i - 1]),
                  place(static_cast<double>(i), scores[i]), query_color(state.display.theme),
                  ui.px(2.5f));
  }
  right_text(draw, ui.fonts.small, min.x - ui.px(6), min.y - ui.px(2), ui.palette->faint,
             fixed(high, 1));
  right_text(draw, ui.fonts.small, min.x - ui.px(6), max.y - ui.px(14), ui.palette->faint,
             fixed(low, 1));
  draw_text(draw, ui.fonts.small, {min.x, max.y + ui.px(3)}, ui.palette->faint, "0");
  right_text(draw, ui.fonts.small, max.x, max.y + ui.px(3), ui.palette->faint,
             said("rotary.distance", {{"n", std::to_string(scores.size() - 1)}}));
  const int distance = walk.cell.query - walk.cell.key;
  if (distance >= 0 && distance < static_cast<int>(scores.size())) {
    const ImVec2 point = place(distance, scores[static_cast<std::size_t>(distance)]);
    draw->AddLine({point.x, min.y}, {point.x, max.y}, ui.palette->accent, ui.px(1));
    draw->AddCircleFilled(point, ui.px(5), ui.palette->accent);
    const std::string text = said("rotary.now", {{"n", std::to_string(distance)}});
    const float x = std::min(point.x + ui.px(8), max.x - text_width(ui.fonts.small, text));
    const float y = std::max(point.y - ui.px(18), min.y + ui.px(2));
    draw->AddRectFilled({x - ui.px(2), y},
                        {x + text_width(ui.fonts.small, text) + ui.px(2), y + ui.px(16)},
                        fade(ui.palette->raised, 0.85f));
    draw_text(draw, ui.fonts.small, {x, y}, ui.palette->ink, text);
  }
  if (explain_place(ui, min, max, "")) {
    const float share = (ImGui::GetIO().MousePos.x - min.x) / (max.x - min.x);
    const auto index = static_cast<std::size_t>(
        std::clamp(share, 0.0f, 1.0f) * static_cast<float>(scores.size() - 1) + 0.5f);
    ImGui::SetTooltip("%s", said("rotary.point",
                                 {{"n", std::to_string(index)}, {"score", fixed(scores[index], 4)}})
                                .c_str());
  }
  ImGui::Dummy({width, height - ui.px(4)});
  ui.landmarks.mark_item("rotary/curve");
}

}  // namespace

void draw_rotary(State& state, const Picture& picture, Ui& ui) {
  begin_page("rotary");
  const auto& shown = picture.pages().rotary();
  if (!shown) {
    const Model& model = *picture.snapshot().model;
    page_sentence(ui, said(model.recorded ? "rotary.recorded" : "rotary.none"));
    if (ImGui::Button(said("open_mini_gpt").c_str())) ui.wishes.open_model = "mini-gpt";
    ui.landmarks.mark_item("open/mini-gpt");
    return end_page();
  }
  const RotaryWalk& walk = *shown;
  const auto& tokens = picture.snapshot().edited->tokens();
  page_text(said("rotary.about"));
  choose_token(ui, "query", tokens, walk.cell.query, state.selection.query);
  ImGui::SameLine(0, ui.px(24));
  choose_token(ui, "key", tokens, walk.cell.key, state.selection.key);
  ImGui::SameLine(0, ui.px(24));
  ImGui::AlignTextToFramePadding();
  page_note(ui, said("rotary.weight",
                     {{"weight", fixed(static_cast<double>(picture.pages().rotary_weight()), 3)}}));
  const int chosen = std::clamp(state.learn.pair, 0, static_cast<int>(walk.pairs.size()) - 1);
  const RotaryPair& pair = walk.pairs[static_cast<std::size_t>(chosen)];

  const float all = ImGui::GetContentRegionAvail().x, gap = ui.px(28);
  const float left = (all - gap) * 0.5f, right = all - gap - left;
  const float height = std::max(ImGui::GetContentRegionAvail().y - ui.px(4), ui.px(424));
  const float clocks = std::clamp(height * 0.54f, ui.px(222), ui.px(460));
  ImGui::BeginGroup();
  draw_clocks(state, ui, walk, pair, left, clocks);
  const float used = ImGui::GetCursorPosY();
  draw_shift(state, picture, ui, walk, left);
  draw_curve(state, ui, walk, left,
             std::max(height - clocks - (ImGui::GetCursorPosY() - used) - ui.px(12), ui.px(88)));
  ImGui::EndGroup();
  ImGui::SameLine(0, gap);
  ImGui::BeginGroup();
  const auto pairs = static_cast<float>(walk.pairs.size());
  const float row = std::clamp((height - ui.px(98)) / pairs, ui.px(27), ui.px(46));
  draw_pairs(state, ui, walk, chosen, right, std::min(row * pairs + ui.px(24), height - ui.px(74)),
             row);
  draw_sum(ui, walk, right);
  ImGui::EndGroup();
  end_page();
}

}  // namespace headlight
