#include <algorithm>
#include <cmath>
#include <string>
#include <vector>

#include "learn_pages.h"
#include "page_parts.h"
#include "panels.h"
#include "token_label.h"
#include "widgets.h"

namespace headlight {
namespace {

using Cache = LearnPages::Cache;

float largest(const std::vector<float>& values) {
  float most = 0.0f;
  for (const float value : values) most = std::max(most, std::abs(value));
  return most;
}

// A row of numbers as coloured cells; the tooltip says the number under the mouse.
void draw_strip(const State& state, const Ui& ui, const float* values, int count, float most,
                ImVec2 min, ImVec2 max, const std::string& name) {
  ImDrawList* draw = ImGui::GetWindowDrawList();
  const float cell = (max.x - min.x) / static_cast<float>(count);
  for (int i = 0; i < count; ++i) {
    const float x = min.x + cell * static_cast<float>(i);
    draw->AddRectFilled({x, min.y}, {x + cell, max.y},
                        signed_color(values[i], most, state.display.theme));
  }
  if (!explain_place(ui, min, max, "")) return;
  const int at =
      std::clamp(static_cast<int>((ImGui::GetIO().MousePos.x - min.x) / cell), 0, count - 1);
  ImGui::SetTooltip("%s",
                    said("cache.number", {{"name", name},
                                          {"i", std::to_string(at)},
                                          {"value", fixed(static_cast<double>(values[at]), 6)}})
                        .c_str());
}

// Where the columns of the picture stand, in pixels from its left edge.
struct Places {
  float token, k, v, strip, score, weight, weight_width, mark;
};

Places places_of(const Ui& ui, float width) {
  const float token = 0, names = ui.px(112), gap = ui.px(14), numbers = ui.px(76), mark = ui.px(58);
  const float strips = width - names - numbers - mark - 4 * gap;
  const float strip = strips * 0.37f, weight = strips * 0.26f;
  return {token,
          names,
          names + strip + gap,
          strip,
          names + 2 * (strip + gap),
          names + 2 * (strip + gap) + numbers,
          weight,
          width - mark};
}

void draw_column_names(const Ui& ui, const Places& p, ImVec2 at) {
  ImDrawList* draw = ImGui::GetWindowDrawList();
  const struct {
    const char* key;
    float x;
  } names[] = {{"cache.token", p.token},
               {"cache.k", p.k},
               {"cache.v", p.v},
               {"cache.score", p.score},
               {"cache.weight", p.weight}};
  for (const auto& [key, x] : names) {
    const std::string name = said(key);
    draw_text(draw, ui.fonts.strong, {at.x + x, at.y}, ui.palette->ink, name);
    explain_place(ui, {at.x + x, at.y},
                  {at.x + x + text_width(ui.fonts.strong, name), at.y + ui.px(20)},
                  said(std::string(key) + ".about"));
  }
}

void draw_row(const State& state, Ui& ui, const Cache& cache, const Token& token, int key,
              bool is_new, const Places& p, ImVec2 at, float height, float most_k, float most_v) {
  const CacheWalk& walk = cache.walk;
  ImDrawList* draw = ImGui::GetWindowDrawList();
  const std::size_t row = static_cast<std::size_t>(key) * walk.d_head;
  const float top = at.y + 1, bottom = at.y + height - 2;
  const float text = at.y + (height - ui.fonts.text->FontSize) / 2;
  const auto index = static_cast<std::size_t>(key);
  const std::string label = token_label(token, 11);
  draw_text(draw, key == walk.cached ? ui.fonts.strong : ui.fonts.text, {at.x + p.token, text},
            ui.palette->ink, label);
  for (const bool values : {false, true}) {
    const float x = at.x + (values ? p.v : p.k);
    const ImVec2 min{x, top}, max{x + p.strip, bottom};
    draw_strip(state, ui, (values ? walk.v : walk.k).data() + row, walk.d_head,
               values ? most_v : most_k, min, max,
               said(values ? "cache.value_of" : "cache.key_of", {{"token", label}}));
    draw->AddRect({min.x - 1, min.y - 1}, {max.x + 1, max.y + 1},
                  is_new ? ui.palette->accent : ui.palette->line, 0, 0,
                  is_new ? ui.px(2.5f) : ui.px(1.5f));
  }
  if (!walk.allowed[index]) {
    draw_text(draw, ui.fonts.small, {at.x + p.score, text}, ui.palette->faint,
              said("cache.masked"));
  } else {
    draw_text(draw, ui.fonts.mono, {at.x + p.score, text}, ui.palette->ink,
              fixed(static_cast<double>(walk.scores[index]), 3));
    const float weight = walk.weights[index];
    const float x = at.x + p.weight, room = p.weight_width - ui.px(52);
    draw->AddRectFilled({x, top + ui.px(3)}, {x + std::max(room * weight, 1.0f), bottom - ui.px(3)},
                        ui.palette->accent, ui.px(2));
    draw_text(draw, ui.fonts.mono, {x + std::max(room, 0.0f) + ui.px(6), text}, ui.palette->ink,
              fixed(static_cast<double>(weight), 3));
  }
  const std::string mark = said(is_new ? "cache.new" : "cache.kept");
  if (is_new) {
    draw->AddRectFilled({at.x + p.mark, top}, {at.x + p.mark + ui.px(52), bottom},
                        ui.palette->accent, ui.px(4));
  } else {
    draw->AddRect({at.x + p.mark, top}, {at.x + p.mark + ui.px(52), bottom}, ui.palette->line,
                  ui.px(4));
  }
  centered_text(draw, ui.fonts.small, {at.x + p.mark, top}, {at.x + p.mark + ui.px(52), bottom},
                is_new ? ui.palette->on_accent : ui.palette->ink, mark);
}

// One row more, above or below the keys: the query, or the blend of the values.
void draw_vector(const State& state, Ui& ui, const std::vector<float>& values, float x,
                 const Places& p, ImVec2 at, float height, const std::string& name,
                 const std::string& tip) {
  ImDrawList* draw = ImGui::GetWindowDrawList();
  const ImVec2 min{at.x + x, at.y + 1}, max{at.x + x + p.strip, at.y + height - 2};
  draw_strip(state, ui, values.data(), static_cast<int>(values.size()), largest(values), min, max,
             name);
  draw->AddRect({min.x - 1, min.y - 1}, {max.x + 1, max.y + 1}, ui.palette->accent, 0, 0,
                ui.px(2.5f));
  draw_text(draw, ui.fonts.strong,
            {at.x + p.token, at.y + (height - ui.fonts.strong->FontSize) / 2}, ui.palette->ink,
            name);
  explain_place(ui, {at.x, at.y}, {at.x + p.k, at.y + height}, tip);
}

// The appended token's query above, the sum of the values below; between them the rows that the
// query meets, which scroll when there are too many.
void draw_rows(State& state, const Picture& picture, Ui& ui, const Cache& cache, float width,
               float height) {
  const CacheWalk& walk = cache.walk;
  const auto& tokens = picture.snapshot().edited->tokens();
  const float edge = ui.px(25), names = ui.px(24);
  const float middle = height - 2 * edge - names;
  const float row = std::clamp(middle / static_cast<float>(walk.cached + 1), ui.px(20), ui.px(46));
  const float all = row * static_cast<float>(walk.cached + 1);
  const bool scrolls = all > middle + 1.0f;
  const Places p = places_of(ui, width - (scrolls ? ImGui::GetStyle().ScrollbarSize : 0.0f));
  const ImVec2 start = ImGui::GetCursorScreenPos();
  const std::string last = token_label(tokens[static_cast<std::size_t>(walk.cached)], 11);
  draw_vector(state, ui, walk.q, p.k, p, start, edge, said("cache.query_of", {{"token", last}}),
              said("cache.query.about"));
  draw_column_names(ui, p, {start.x, start.y + edge + ui.px(2)});
  ImGui::SetCursorScreenPos({start.x, start.y + edge + names});
  const float shown = std::min(all, middle);
  ImGui::BeginChild("rows", {width, shown}, false);
  ImVec2 at = ImGui::GetCursorScreenPos();
  const float most_k = largest(walk.k), most_v = largest(walk.v);
  for (int key = 0; key <= walk.cached; ++key) {
    // Rows that are out of sight cost nothing.
    if (ImGui::IsRectVisible({at.x, at.y}, {at.x + width, at.y + row})) {
      const bool is_new = ui.without_cache || key == walk.cached;
      draw_row(state, ui, cache, tokens[static_cast<std::size_t>(key)], key, is_new, p, at, row,
               most_k, most_v);
    }
    at.y += row;
  }
  ImGui::Dummy({p.mark, all});
  // The appended token is what this is about: it comes into sight whenever it is another one.
  int& seen = *ImGui::GetStateStorage()->GetIntRef(ImGui::GetID("seen"), -1);
  if (seen != walk.cached) ImGui::SetScrollY(std::max(all - shown, 0.0f));
  const bool knows_height =
      ImGui::GetScrollMaxY() >= all - shown - ui.px(1);  // not in a first frame
  if (knows_height) seen = walk.cached;
  ImGui::EndChild();
  draw_vector(state, ui, walk.z, p.v, p, {start.x, start.y + edge + names + shown}, edge,
              said("cache.z"), said("cache.z.about"));
  ImGui::SetCursorScreenPos(start);
  ImGui::Dummy({width, height});
  ui.landmarks.mark_item("cache/rows");
}

void draw_counts(Ui& ui, const Cache& cache, float width) {
  const ImVec2 at = ImGui::GetCursorScreenPos();
  ImDrawList* draw = ImGui::GetWindowDrawList();
  const float x1 = at.x + width * 0.72f, x2 = at.x + width;
  float y = at.y;
  right_text(draw, ui.fonts.strong, x1, y, ui.palette->ink, said("cache.with"));
  right_text(draw, ui.fonts.strong, x2, y, ui.palette->ink, said("cache.without"));
  y += ui.px(24);
  const struct {
    const char* key;
    double with, without;
  } rows[] = {{"cache.attention", cache.with.attention, cache.without.attention},
              {"cache.others", cache.with.others, cache.without.others},
              {"cache.together", cache.with.total(), cache.without.total()}};
  for (const auto& [key, with, without] : rows) {
    const bool sum = with == cache.with.total() && without == cache.without.total();
    ImFont* font = sum ? ui.fonts.strong : ui.fonts.text;
    if (sum) draw->AddLine({at.x, y - ui.px(3)}, {x2, y - ui.px(3)}, ui.palette->line);
    draw_text(draw, font, {at.x, y}, ui.palette->ink, said(key));
    right_text(draw, ui.fonts.mono, x1, y, ui.palette->ink, count_words(with));
    right_text(draw, ui.fonts.mono, x2, y, ui.palette->ink, count_words(without));
    explain_place(ui, {at.x, y}, {x2, y + ui.px(20)},
                  said(std::string(key) + ".about",
                       {{"with", grouped(with)}, {"without", grouped(without)}}));
    y += ui.px(22);
  }
  ImGui::Dummy({width, y - at.y});
  ui.landmarks.mark_item("cache/counts");
  page_text(said("cache.saved", {{"times", fixed(cache.without.total() / cache.with.total(), 1)},
                                 {"bytes", byte_words(cache.bytes)},
                                 {"tokens", std::to_string(cache.walk.cached + 1)}}),
            width);
}

// Multiplications of an appended token over the text's length: `part` of the costs.
template <typename Part>
void draw_plot(Ui& ui, const LearnPages& pages, int tokens, const char* key, ImVec2 at, ImVec2 size,
               Part part) {
  const auto& points = pages.costs();
  if (points.size() < 2) return;
  ImDrawList* draw = ImGui::GetWindowDrawList();
  draw_text(draw, ui.fonts.strong, at, ui.palette->ink, said(key));
  const ImVec2 min{at.x, at.y + ui.px(24)}, max{at.x + size.x, at.y + size.y - ui.px(20)};
  const double most = part(points.back().without);
  const auto place = [&](int length, double count) {
    return ImVec2{min.x + (max.x - min.x) * static_cast<float>(length) /
                              static_cast<float>(points.back().tokens),
                  max.y - (max.y - min.y) * static_cast<float>(count / most)};
  };
  draw->AddRectFilled(min, max, ui.palette->raised, ui.px(3));
  for (std::size_t i = 1; i < points.size(); ++i) {
    const auto& a = points[i - 1];
    const auto& b = points[i];
    draw->AddLine(place(a.tokens, part(a.without)), place(b.tokens, part(b.without)),
                  ui.palette->edit, ui.px(2.5f));
    if (i % 2 == 0) continue;  // dashed, so that the lines differ without their colours
    draw->AddLine(place(a.tokens, part(a.with)), place(b.tokens, part(b.with)), ui.palette->accent,
                  ui.px(3));
  }
  const float now = place(tokens, 0).x;
  draw->AddLine({now, min.y}, {now, max.y}, ui.palette->ink, ui.px(1));
  const ImVec2 middle =
      place(points[points.size() * 6 / 10].tokens, part(points[points.size() * 6 / 10].without));
  right_text(draw, ui.fonts.small, middle.x - ui.px(8),
             std::max(middle.y - ui.px(18), min.y + ui.px(2)), ui.palette->edit,
             said("cache.without"));
  right_text(draw, ui.fonts.small, max.x - ui.px(4), max.y - ui.px(22), ui.palette->accent,
             said("cache.with"));
  draw_text(draw, ui.fonts.small, {min.x, max.y + ui.px(2)}, ui.palette->faint, "1");
  right_text(draw, ui.fonts.small, max.x, max.y + ui.px(2), ui.palette->faint,
             said("cache.tokens", {{"n", grouped(points.back().tokens)}}));
  right_text(draw, ui.fonts.small, max.x, at.y + ui.px(4), ui.palette->faint,
             said("cache.up_to", {{"n", count_words(most)}}));
  if (!explain_place(ui, min, max, "")) return;
  const float share = (ImGui::GetIO().MousePos.x - min.x) / (max.x - min.x);
  const auto index = static_cast<std::size_t>(
      std::clamp(share, 0.0f, 1.0f) * static_cast<float>(points.size() - 1) + 0.5f);
  ImGui::SetTooltip("%s", said("cache.point", {{"n", grouped(points[index].tokens)},
                                               {"with", grouped(part(points[index].with))},
                                               {"without", grouped(part(points[index].without))}})
                              .c_str());
}

void draw_plots(Ui& ui, const LearnPages& pages, int tokens, float width, float height) {
  const ImVec2 at = ImGui::GetCursorScreenPos();
  const float each = (height - ui.px(12)) / 2;
  draw_plot(ui, pages, tokens, "cache.plot_attention", at, {width, each},
            [](const AppendCost& cost) { return cost.attention; });
  draw_plot(ui, pages, tokens, "cache.plot_all", {at.x, at.y + each + ui.px(12)}, {width, each},
            [](const AppendCost& cost) { return cost.total(); });
  ImGui::Dummy({width, height});
  ui.landmarks.mark_item("cache/plot");
}

void draw_controls(State& state, Ui& ui, const Cache& cache, int tokens) {
  int shown = ui.without_cache ? 1 : 0;
  if (segmented(ui, "cache", {"With a cache", "Without"}, shown)) ui.without_cache = shown == 1;
  ImGui::SameLine(0, ui.px(24));
  ImGui::AlignTextToFramePadding();
  ImGui::TextUnformatted(said("cache.appended").c_str());
  ImGui::SameLine();
  ImGui::BeginDisabled(tokens < 2);
  ImGui::SetNextItemWidth(std::min(ui.px(320), ImGui::GetContentRegionAvail().x));
  int cached = cache.walk.cached;
  if (slider(ui, "cache/appended", cached, std::min(1, tokens - 1), std::max(tokens - 1, 1))) {
    state.learn.cached = cached == tokens - 1 ? 0 : cached;
  }
  ImGui::EndDisabled();
}

}  // namespace

bool move_appended(State& state, const Picture& picture, int by) {
  if (state.display.view != View::learn || state.learn.page != LearnPage::cache ||
      picture.empty() || !picture.pages().cache()) {
    return false;
  }
  const int tokens = picture.snapshot().edited->size();
  const int cached =
      std::clamp(cached_tokens(state.learn, tokens) + by, std::min(1, tokens - 1), tokens - 1);
  state.learn.cached = cached == tokens - 1 ? 0 : cached;
  return true;
}

void draw_cache(State& state, const Picture& picture, Ui& ui) {
  const LearnPages& pages = picture.pages();
  const Model& model = *picture.snapshot().model;
  begin_page("cache");
  if (!appends_tokens(model) || !pages.cache()) {
    page_sentence(ui, said(model.recorded                   ? "cache.recorded"
                           : model.config.encoder_decoder() ? "cache.two_stacks"
                                                            : "cache.bidirectional"));
    if (ImGui::Button(said("open_mini_gpt").c_str())) ui.wishes.open_model = "mini-gpt";
    ui.landmarks.mark_item("open/mini-gpt");
    return end_page();
  }
  const Cache& cache = *pages.cache();
  const int tokens = picture.snapshot().edited->size();
  page_text(
      said(ui.without_cache ? "cache.about_without" : "cache.about",
           {{"token",
             token_label(
                 picture.snapshot().edited->tokens()[static_cast<std::size_t>(cache.walk.cached)])},
            {"before", std::to_string(cache.walk.cached)}}));
  draw_controls(state, ui, cache, tokens);
  const float all = ImGui::GetContentRegionAvail().x, gap = ui.px(24);
  const float left = (all - gap) * 0.64f, right = all - gap - left;
  const float height = std::max(ImGui::GetContentRegionAvail().y - ui.px(4), ui.px(280));
  draw_rows(state, picture, ui, cache, left, height);
  ImGui::SameLine(0, gap);
  ImGui::BeginGroup();
  const float top = ImGui::GetCursorPosY();
  draw_counts(ui, cache, right);
  draw_plots(ui, pages, cache.walk.cached + 1, right,
             std::max(height - (ImGui::GetCursorPosY() - top) - ui.px(8), ui.px(180)));
  ImGui::EndGroup();
  end_page();
}

}  // namespace headlight
