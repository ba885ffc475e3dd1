#include <algorithm>
#include <array>
#include <string>
#include <vector>

#include "learn_pages.h"
#include "page_parts.h"
#include "panels.h"
#include "widgets.h"

namespace headlight {
namespace {

using CacheRow = LearnPages::CacheRow;

// Names of the parts in pages.json, in the order of ParameterPart.
constexpr std::array<const char*, parameter_parts> part_keys = {
    "tokens", "positions", "q", "k", "v", "w_o", "mlp", "norms", "final_norm", "output", "other"};

std::string part_name(int part) {
  return said(std::string("part.") + part_keys[static_cast<std::size_t>(part)]);
}

ImU32 rgb(unsigned hex) { return IM_COL32((hex >> 16) & 255, (hex >> 8) & 255, hex & 255, 255); }

// Attention in warm colours, all else in cool ones and greys.
ImU32 part_color(int part, Theme theme) {
  constexpr std::array<unsigned, parameter_parts> dark = {0x5d8fd6, 0x86b6d9, 0xffb547, 0xf28c4b,
                                                          0xe86f6f, 0xd98fc0, 0x57b894, 0x9aa3b0,
                                                          0x77808d, 0x9d8be0, 0xc7c9a0};
  constexpr std::array<unsigned, parameter_parts> light = {0x2a5fa8, 0x3f7fa6, 0xa85400, 0xb8400f,
                                                           0xa62f3a, 0x973f7f, 0x1f7a58, 0x5f6875,
                                                           0x444c58, 0x5b45b0, 0x6d6f3a};
  return rgb((theme == Theme::dark ? dark : light)[static_cast<std::size_t>(part)]);
}

std::string percent(double share) {
  return fixed(share * 100.0, share >= 0.0995 || share == 0.0 ? 0 : 1) + "%";
}

// What stands left of the bars: from the left, in design pixels.
struct Columns {
  float name, d_model, layers, heads, d_head, total, bar;  // right ends but for name and bar
};

constexpr Columns columns{12, 218, 276, 332, 390, 480, 498};

void draw_legend(const State& state, Ui& ui) {
  ImDrawList* draw = ImGui::GetWindowDrawList();
  const ImVec2 start = ImGui::GetCursorScreenPos();
  const float right = start.x + ImGui::GetContentRegionAvail().x;
  float x = start.x, y = start.y;
  const float height = ui.px(20);
  for (int part = 0; part < parameter_parts; ++part) {
    const std::string name = part_name(part);
    const float width = text_width(ui.fonts.text, name) + ui.px(40);
    if (x + width > right) {
      x = start.x;
      y += height + ui.px(4);
    }
    draw->AddRectFilled({x, y + ui.px(3)}, {x + ui.px(16), y + height - ui.px(1)},
                        part_color(part, state.display.theme), ui.px(2));
    draw_text(draw, ui.fonts.text, {x + ui.px(21), y + ui.px(1)}, ui.palette->ink, name);
    explain_place(
        ui, {x, y}, {x + width, y + height},
        said(std::string("part.") + part_keys[static_cast<std::size_t>(part)] + ".about"));
    x += width;
  }
  ImGui::Dummy({right - start.x, y + height - start.y});
}

void explain_part(Ui& ui, const ParameterCounts& model, int part) {
  const PartCount& count = model.parts[static_cast<std::size_t>(part)];
  const auto* key = part_keys[static_cast<std::size_t>(part)];
  ImGui::BeginTooltip();
  ImGui::PushTextWrapPos(ui.px(460));
  ImGui::PushFont(ui.fonts.strong);
  ImGui::Text("%s: %s", part_name(part).c_str(), grouped(static_cast<double>(count.count)).c_str());
  ImGui::PopFont();
  ImGui::PushFont(ui.fonts.mono);
  ImGui::TextUnformatted(("= " + count.formula).c_str());
  ImGui::PopFont();
  ImGui::TextUnformatted(said(std::string("part.") + key + ".about").c_str());
  ImGui::PopTextWrapPos();
  ImGui::EndTooltip();
}

// A line below the attention parts, with their share.
void draw_bracket(const Ui& ui, float from, float to, float right, float y, double share) {
  ImDrawList* draw = ImGui::GetWindowDrawList();
  const ImU32 ink = ui.palette->ink;
  draw->AddLine({from, y}, {to, y}, ink, ui.px(2));
  draw->AddLine({from, y - ui.px(4)}, {from, y + ui.px(1)}, ink, ui.px(2));
  draw->AddLine({to, y - ui.px(4)}, {to, y + ui.px(1)}, ink, ui.px(2));
  const std::string text = said("parameters.attention", {{"share", percent(share)}});
  const float width = text_width(ui.fonts.small, text);
  const float x = std::clamp((from + to - width) / 2, from, std::max(from, right - width));
  draw_text(draw, ui.fonts.small, {x, y + ui.px(3)}, ink, text);
}

void draw_bar(const State& state, Ui& ui, const ParameterCounts& model, ImVec2 at, float width,
              float height, const std::string& landmark) {
  ImDrawList* draw = ImGui::GetWindowDrawList();
  const double total = static_cast<double>(std::max<std::size_t>(model.total(), 1));
  double done = 0.0;
  float attention_from = at.x, attention_to = at.x;
  for (int part = 0; part < parameter_parts; ++part) {
    const double share =
        static_cast<double>(model.parts[static_cast<std::size_t>(part)].count) / total;
    const float x0 = at.x + width * static_cast<float>(done);
    done += share;
    const float x1 = at.x + width * static_cast<float>(done);
    if (part == static_cast<int>(ParameterPart::q)) attention_from = x0;
    if (part == static_cast<int>(ParameterPart::w_o)) attention_to = x1;
    if (share <= 0.0) continue;
    const ImU32 color = part_color(part, state.display.theme);
    draw->AddRectFilled({x0, at.y}, {std::max(x1 - 1.0f, x0 + 1.0f), at.y + height}, color);
    const std::string name = part_name(part), all = name + " " + percent(share);
    const bool fits = text_width(ui.fonts.small, all) < x1 - x0 - ui.px(6);
    centered_text(draw, ui.fonts.small, {x0, at.y}, {x1, at.y + height}, ink_on(color),
                  fits ? all : name);
    if (x1 - x0 >= 4.0f) {
      ui.landmarks.mark(landmark + "/" + part_keys[static_cast<std::size_t>(part)], {x0, at.y},
                        {x1, at.y + height});
    }
    if (ImGui::IsWindowHovered() && ImGui::IsMouseHoveringRect({x0, at.y}, {x1, at.y + height})) {
      draw->AddRect({x0, at.y}, {x1, at.y + height}, ui.palette->ink, 0, 0, ui.px(2));
      explain_part(ui, model, part);
    }
  }
  draw_bracket(ui, attention_from, attention_to - ui.px(2), at.x + width, at.y + height + ui.px(5),
               static_cast<double>(model.attention()) / total);
}

void draw_heads_of_columns(Ui& ui, float x) {
  ImDrawList* draw = ImGui::GetWindowDrawList();
  const float y = ImGui::GetCursorScreenPos().y;
  draw_text(draw, ui.fonts.small, {x + ui.px(columns.name), y}, ui.palette->faint,
            said("parameters.model"));
  const struct {
    const char* key;
    float right;
  } heads[] = {{"d_model", columns.d_model},
               {"layers", columns.layers},
               {"heads", columns.heads},
               {"d_head", columns.d_head},
               {"total", columns.total}};
  for (const auto& [key, right] : heads) {
    const std::string name = said(std::string("parameters.") + key);
    const float end = x + ui.px(right), begin = end - text_width(ui.fonts.small, name);
    draw_text(draw, ui.fonts.small, {begin, y}, ui.palette->faint, name);
    explain_place(ui, {begin, y}, {end, y + ui.px(16)},
                  said(std::string("parameters.") + key + ".about"));
  }
  draw_text(draw, ui.fonts.small, {x + ui.px(columns.bar), y}, ui.palette->faint,
            said("parameters.shares"));
  ImGui::Dummy({1, ui.px(14)});
}

void draw_model(const State& state, Ui& ui, const ParameterCounts& model, bool is_open,
                float height) {
  ImDrawList* draw = ImGui::GetWindowDrawList();
  const ImVec2 at = ImGui::GetCursorScreenPos();
  const float width = ImGui::GetContentRegionAvail().x - ui.px(8);
  if (is_open) {
    draw->AddRectFilled({at.x, at.y - ui.px(5)}, {at.x + width + ui.px(6), at.y + height},
                        fade(ui.palette->accent, 0.14f));
    draw->AddRectFilled({at.x, at.y - ui.px(5)}, {at.x + ui.px(5), at.y + height},
                        ui.palette->accent);
  }
  const float x = at.x + ui.px(columns.name);
  draw_text(draw, ui.fonts.strong, {x, at.y}, ui.palette->ink, model.name);
  draw_text(draw, ui.fonts.small, {x, at.y + ui.px(21)}, ui.palette->faint,
            is_open ? said("parameters.open") : said("parameters.paper"));
  explain_place(ui, at, {at.x + ui.px(130), at.y + height}, is_open ? "" : model.source);
  const auto number = [&](float right, const std::string& text) {
    right_text(draw, ui.fonts.mono, at.x + ui.px(right), at.y + ui.px(2), ui.palette->ink, text);
  };
  number(columns.d_model, grouped(model.d_model));
  number(columns.layers, model.encoder_layers > 0 ? std::to_string(model.encoder_layers) + "+" +
                                                        std::to_string(model.layers)
                                                  : std::to_string(model.layers));
  number(columns.heads, std::to_string(model.heads));
  number(columns.d_head, std::to_string(model.d_head));
  number(columns.total, count_words(static_cast<double>(model.total())));
  explain_place(ui, {at.x + ui.px(columns.d_head), at.y},
                {at.x + ui.px(columns.total), at.y + height},
                said("parameters.exact", {{"count", grouped(static_cast<double>(model.total()))}}));
  const std::string landmark = "parameters/" + model.name;
  draw_bar(state, ui, model, {at.x + ui.px(columns.bar), at.y}, width - ui.px(columns.bar),
           height - ui.px(19), landmark);
  ui.landmarks.mark(landmark, at, {at.x + width, at.y + height});
  ImGui::Dummy({width, height - ui.px(2)});
}

constexpr std::array<const char*, 3> sharing_keys = {"mha", "gqa", "mqa"};

void draw_cache_bar(Ui& ui, const CacheRow& row, std::size_t sharing, ImVec2 at, float width,
                    float height, bool is_open) {
  ImDrawList* draw = ImGui::GetWindowDrawList();
  const bool own = is_open && row.own == static_cast<int>(sharing);
  const double share = row.bytes[0] > 0.0 ? row.bytes[sharing] / row.bytes[0] : 0.0;
  const float room = width - ui.px(108);
  draw->AddRectFilled({at.x, at.y}, {at.x + room, at.y + height}, ui.palette->raised, ui.px(2));
  draw->AddRectFilled(at,
                      {at.x + std::max(room * static_cast<float>(share), ui.px(2)), at.y + height},
                      own ? ui.palette->accent : ui.palette->faint, ui.px(2));
  std::string text = byte_words(row.bytes[sharing]) + (row.beyond_context ? " *" : "");
  draw_text(draw, own ? ui.fonts.strong : ui.fonts.text,
            {at.x + room + ui.px(8), at.y + (height - ui.fonts.text->FontSize) / 2},
            row.beyond_context ? ui.palette->faint : ui.palette->ink, text);
  const std::string heads = std::to_string(row.key_value_heads[sharing]);
  std::string tip = said(
      "cache_of.formula",
      {{"heads", heads}, {"tokens", grouped(row.tokens)}, {"bytes", grouped(row.bytes[sharing])}});
  if (own) tip += "\n" + said("cache_of.own", {{"bytes", byte_words(row.own_bytes)}});
  if (row.beyond_context) tip += "\n" + said("cache_of.beyond");
  explain_place(ui, at, {at.x + width, at.y + height}, tip);
  if (own) {
    draw->AddRect({at.x - ui.px(2), at.y - ui.px(2)},
                  {at.x + room + ui.px(2), at.y + height + ui.px(2)}, ui.palette->ink, ui.px(3), 0,
                  ui.px(2));
    ui.landmarks.mark("parameters/cache", at, {at.x + width, at.y + height});
  }
}

void draw_cache_table(Ui& ui, const LearnPages& pages, float height) {
  page_title(ui, said("cache_of.title"));
  ImGui::SameLine(0, ui.px(20));
  segmented(ui, "tokens", {"1 024", "8 192", "65 536", "its context"}, ui.cache_length);
  explain(ui, said("cache_of.context"));
  page_text(said("cache_of.about"));
  const std::vector<CacheRow>& rows = pages.cache_rows(ui.cache_length);
  const ImVec2 start = ImGui::GetCursorScreenPos();
  const float name = ui.px(150);
  const float width = (ImGui::GetContentRegionAvail().x - name - ui.px(8)) / 3;
  ImDrawList* draw = ImGui::GetWindowDrawList();
  for (std::size_t i = 0; i < sharing_keys.size(); ++i) {
    const float x = start.x + name + width * static_cast<float>(i);
    const std::string key = std::string("cache_of.") + sharing_keys[i];
    draw_text(draw, ui.fonts.strong, {x, start.y}, ui.palette->ink, said(key));
    explain_place(ui, {x, start.y}, {x + width, start.y + ui.px(20)}, said(key + ".about"));
  }
  ImGui::Dummy({1, ui.px(20)});
  bool beyond = false;
  for (std::size_t r = 0; r < rows.size(); ++r) {
    const CacheRow& row = rows[r];
    const ImVec2 at = ImGui::GetCursorScreenPos();
    const bool is_open = r == 0 && pages.has_open_counts();
    draw_text(draw, ui.fonts.strong, {at.x + ui.px(columns.name), at.y}, ui.palette->ink, row.name);
    if (!row.has_cache) {
      draw_text(draw, ui.fonts.text, {at.x + name, at.y}, ui.palette->faint, said("cache_of.none"));
    } else {
      beyond = beyond || row.beyond_context;
      for (std::size_t i = 0; i < row.bytes.size(); ++i) {
        draw_cache_bar(ui, row, i, {at.x + name + width * static_cast<float>(i), at.y},
                       width - ui.px(16), height, is_open);
      }
    }
    ImGui::Dummy({name + 3 * width, height - ui.px(2)});
  }
  if (beyond) page_note(ui, said("cache_of.star"));
}

}  // namespace

void draw_parameters(State& state, const Picture& picture, Ui& ui) {
  const LearnPages& pages = picture.pages();
  begin_page("parameters");
  if (!pages.has_open_counts()) page_text(said("parameters.recorded"));
  page_text(said("parameters.about"));
  draw_legend(state, ui);
  const float x = ImGui::GetCursorScreenPos().x;
  draw_heads_of_columns(ui, x);
  // Rows take the room that the window has: two thirds for the models, one for their caches.
  const auto models = static_cast<float>(pages.counts().size());
  const float room = ImGui::GetContentRegionAvail().y - ui.px(110) - models * ui.px(14);
  const float height = std::clamp(room * 0.66f / models, ui.px(43), ui.px(84));
  const float cache_height = std::clamp(room * 0.34f / models, ui.px(20), ui.px(40));
  for (std::size_t i = 0; i < pages.counts().size(); ++i) {
    draw_model(state, ui, pages.counts()[i], i == 0 && pages.has_open_counts(), height);
  }
  draw_cache_table(ui, pages, cache_height);
  end_page();
}

}  // namespace headlight
