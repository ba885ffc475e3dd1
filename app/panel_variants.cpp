#include <algorithm>
#include <cmath>
#include <cstdio>
#include <map>
#include <string>

#include "color_maps.h"
#include "panels.h"
#include "role_colors.h"
#include "variant_sheet.h"
#include "widgets.h"

namespace headlight {
namespace {

// Runs the variants again when the text is another one and nobody types.
void ask_for_sheet(const State& state, const Picture& picture, Ui& ui) {
  const Snapshot& s = picture.snapshot();
  const bool rests = s.request.text == state.request.text && !ui.wishes.measure;
  const bool known = s.variants && s.variants->text == state.request.text;
  const bool asked = ui.variants_asked == state.request.text &&
                     (ui.study.busy || !ui.study.failed.empty());
  if (known || !rests || asked || ui.study.paused) return;
  ui.variants_asked = state.request.text;
  ui.wishes.measure = StudyKind::variants;
}

std::string thousands(double value) {
  char text[32];
  if (value >= 1e6) {
    std::snprintf(text, sizeof text, "%.2f M", value / 1e6);
  } else if (value >= 1e4) {
    std::snprintf(text, sizeof text, "%.0f k", value / 1e3);
  } else {
    std::snprintf(text, sizeof text, "%.0f", value);
  }
  return text;
}

void wrapped_faint(const Ui& ui, const std::string& text) {
  ImGui::PushTextWrapPos();
  faint_text(ui, "%s", text.c_str());
  ImGui::PopTextWrapPos();
}

// A number in the middle of the row's height, with a smaller line below.
void number_cell(const Ui& ui, const std::string& number, const std::string& below = "") {
  ImGui::PushFont(ui.fonts.mono);
  ImGui::TextUnformatted(number.c_str());
  ImGui::PopFont();
  if (!below.empty()) faint_text(ui, "%s", below.c_str());
}

// How many heads have each role, the most frequent first.
void roles_cell(const Ui& ui, const Variant& variant, Theme theme) {
  if (!variant.roles) return wrapped_faint(ui, "not measured: open the model to measure them");
  std::map<std::string, int> counts;
  int none = 0;
  for (const HeadRoles& head : variant.roles->heads) {
    bool any = false;
    std::string last;
    for (const RoleScore& score : head.scores) {
      if (!score.holds || role_name(score) == last) continue;
      last = role_name(score);
      any = true;
      ++counts[last];
    }
    none += !any;
  }
  std::vector<std::pair<std::string, int>> sorted(counts.begin(), counts.end());
  std::stable_sort(sorted.begin(), sorted.end(),
                   [](const auto& a, const auto& b) { return a.second > b.second; });
  std::string all;
  int shown = 0;
  for (const auto& [name, count] : sorted) {
    all += std::to_string(count) + "  " + name + "\n";
    if (++shown > 4) continue;
    ImGui::PushStyleColor(ImGuiCol_Text, role_color(name, theme));
    ImGui::PushFont(ui.fonts.small);
    ImGui::Text("%d %s", count, name.c_str());
    ImGui::PopFont();
    ImGui::PopStyleColor();
  }
  const int rest = static_cast<int>(sorted.size()) - 4;
  if (rest > 0) {
    faint_text(ui, "and %d more role%s", rest, rest == 1 ? "" : "s");
  } else if (none > 0) {
    faint_text(ui, "%d unclassified", none);
  }
  if (ImGui::IsItemHovered()) {
    ImGui::SetTooltip("%s%d  unclassified", all.c_str(), none);
  }
}

// One row of dots a layer, one dot a head, from 0 to `most`.
template <typename Number>
void dots_cell(Ui& ui, const Variant& variant, float most, const char* unit, Number number) {
  const ModelConfig& config = variant.model->config;
  const ImVec2 start = ImGui::GetCursorScreenPos();
  const float width = ImGui::GetContentRegionAvail().x;
  const float row = ui.px(18), label = ui.px(20);
  ImDrawList* draw = ImGui::GetWindowDrawList();
  for (int layer = 0; layer < config.layers; ++layer) {
    const float y = start.y + (static_cast<float>(layer) + 0.5f) * row;
    draw_text(draw, ui.fonts.small, {start.x, y - ui.fonts.small->FontSize / 2}, ui.palette->faint,
              "L" + std::to_string(layer));
    draw->AddLine({start.x + label, y}, {start.x + width - ui.px(6), y}, ui.palette->line);
    for (int head = 0; head < config.heads; ++head) {
      const HeadStats* stats = variant.stats({layer, head});
      if (stats == nullptr) continue;
      const float value = number(*stats);
      const float share = most > 0.0f ? std::clamp(value / most, 0.0f, 1.0f) : 0.0f;
      const ImVec2 at{start.x + label + share * (width - label - ui.px(10)) + ui.px(2), y};
      const bool is_chosen = ui.variant_head == HeadId{layer, head};
      draw->AddCircleFilled(at, ui.px(is_chosen ? 4.5f : 3.0f),
                            is_chosen ? ui.palette->accent : fade(ui.palette->ink, 0.55f));
      const float near = ui.px(5);
      if (ImGui::IsMouseHoveringRect({at.x - near, at.y - near}, {at.x + near, at.y + near})) {
        ImGui::SetTooltip("L%d H%d  %.2f %s. Click: show its maps", layer, head, value, unit);
        if (ImGui::IsMouseClicked(0)) ui.variant_head = {layer, head};
      }
    }
  }
  ImGui::Dummy({width, row * static_cast<float>(config.layers)});
}

// The head's thumbnail on the text.
void map_cell(const Ui& ui, const Variant& variant, HeadId head, const Display& display) {
  if (!variant.heads || !variant.model->config.has(head)) return;
  const HeadSummaries& all = variant.heads->at(head.kind);
  const std::size_t cells = all.tile_cells();
  const std::size_t at =
      static_cast<std::size_t>(head.layer * variant.model->config.heads + head.head) * cells;
  const float side = std::min(ImGui::GetContentRegionAvail().x, ui.px(84));
  const ImVec2 start = ImGui::GetCursorScreenPos();
  const float width = side / static_cast<float>(all.tile_columns);
  const float height = side / static_cast<float>(all.tile_rows);
  const auto& table = color_table(display.color_map);
  ImDrawList* draw = ImGui::GetWindowDrawList();
  draw->AddRectFilled(start, {start.x + side, start.y + side}, ui.palette->masked);
  const auto& tiles = display.hide_first ? all.tiles_without_first : all.tiles;
  for (int y = 0; y < all.tile_rows; ++y) {
    for (int x = 0; x < all.tile_columns; ++x) {
      const std::size_t cell = at + static_cast<std::size_t>(y * all.tile_columns + x);
      if (all.masked[cell]) continue;
      const float weight = std::clamp(tiles[cell], 0.0f, 1.0f);
      const Rgb c = table[static_cast<std::size_t>(weight * 255.0f + 0.5f)];
      draw->AddRectFilled(
          {start.x + width * static_cast<float>(x), start.y + height * static_cast<float>(y)},
          {start.x + width * static_cast<float>(x + 1), start.y + height * static_cast<float>(y + 1)},
          IM_COL32(c.r, c.g, c.b, 255));
    }
  }
  ImGui::Dummy({side, side});
}

void draw_variant(const State& state, Ui& ui, const Variant& variant, float most_distance,
                  float most_entropy) {
  ImGui::TableNextRow();
  ImGui::TableNextColumn();
  ImGui::PushID(variant.name.c_str());
  ImGui::PushFont(ui.fonts.strong);
  if (ImGui::Selectable(variant.name.c_str())) ui.wishes.open_model = variant.name;
  ImGui::PopFont();
  ui.landmarks.mark_item("variant/" + variant.name);
  if (ImGui::IsItemHovered()) ImGui::SetTooltip("Click: open this model");
  ImGui::PopID();
  wrapped_faint(ui, variant.problem.empty() ? variant.design : variant.problem);
  char text[48];
  ImGui::TableNextColumn();
  if (variant.validation_loss) {
    std::snprintf(text, sizeof text, "%.3f", *variant.validation_loss);
    const std::string number = text;
    std::snprintf(text, sizeof text, "\u00b1 %.3f", variant.loss_error.value_or(0.0));
    number_cell(ui, number, variant.loss_error ? text : "");
  }
  if (variant.model == nullptr) return;
  ImGui::TableNextColumn();
  number_cell(ui, thousands(static_cast<double>(variant.cost.parameters)));
  ImGui::TableNextColumn();
  number_cell(ui, thousands(variant.cost.cache_bytes_per_token),
              variant.cost.cache_bytes_fixed > 0.0
                  ? "+ " + thousands(variant.cost.cache_bytes_fixed) + " in all"
                  : "");
  ImGui::TableNextColumn();
  number_cell(ui, thousands(variant.cost.multiplications_per_token));
  ImGui::TableNextColumn();
  if (variant.trace && ui.show_times) {
    std::snprintf(text, sizeof text, "%.0f \u00b5s", variant.ms_per_token * 1000.0);
    number_cell(ui, text);
  }
  ImGui::TableNextColumn();
  roles_cell(ui, variant, state.display.theme);
  ImGui::TableNextColumn();
  dots_cell(ui, variant, most_distance, "tokens",
            [](const HeadStats& stats) { return stats.distance; });
  ImGui::TableNextColumn();
  dots_cell(ui, variant, most_entropy, "nats",
            [](const HeadStats& stats) { return stats.entropy; });
  ImGui::TableNextColumn();
  map_cell(ui, variant, ui.variant_head, state.display);
}

// Any head of any of them; it is shown in all that have it.
void choose_head(Ui& ui, const VariantSheet& sheet) {
  int layers = 0, heads = 0;
  for (const Variant& variant : sheet.variants) {
    if (variant.model == nullptr) continue;
    layers = std::max(layers, variant.model->config.layers);
    heads = std::max(heads, variant.model->config.heads);
  }
  ui.variant_head.layer = std::clamp(ui.variant_head.layer, 0, std::max(0, layers - 1));
  ui.variant_head.head = std::clamp(ui.variant_head.head, 0, std::max(0, heads - 1));
  const auto choose = [&](const char* letter, int count, int& chosen) {
    for (int i = 0; i < count; ++i) {
      if (i > 0) ImGui::SameLine(0, ui.px(2));
      if (toggle_button(ui, (letter + std::to_string(i)).c_str(), i == chosen)) chosen = i;
    }
  };
  ImGui::AlignTextToFramePadding();
  faint_text(ui, "Maps of head");
  ImGui::SameLine();
  choose("L", layers, ui.variant_head.layer);
  ImGui::SameLine(0, ui.px(14));
  choose("H", heads, ui.variant_head.head);
}

void draw_table(const State& state, Ui& ui, const VariantSheet& sheet) {
  float most_distance = 0.0f, most_entropy = 0.0f;
  for (const Variant& variant : sheet.variants) {
    if (variant.model == nullptr) continue;
    for (int layer = 0; layer < variant.model->config.layers; ++layer) {
      for (int head = 0; head < variant.model->config.heads; ++head) {
        const HeadStats* stats = variant.stats({layer, head});
        if (stats == nullptr) continue;
        most_distance = std::max(most_distance, stats->distance);
        most_entropy = std::max(most_entropy, stats->entropy);
      }
    }
  }
  const std::string of_head = "map of " + to_string(ui.variant_head);
  char distance[48], entropy[48];
  std::snprintf(distance, sizeof distance, "distance, 0 to %.1f", most_distance);
  std::snprintf(entropy, sizeof entropy, "entropy, 0 to %.1f", most_entropy);
  const struct {
    const char* name;
    float width;
    const char* tip;
  } columns[] = {
      {"model", 190, "What differs in how its heads are made. Click a name to open it."},
      {"loss", 72, "Nats a token on the same held-out windows, with its standard error"},
      {"parameters", 84, "Trained numbers"},
      {"cache bytes", 104, "Bytes of keys and values in half precision: each further token, and what heads\n"
                    "with a window keep in all"},
      {"products", 78, "Multiplications a token, on a text of 256 tokens"},
      {"time", 66, "Of a pass, per token of this text, measured here"},
      {"roles", 170, "How many heads have each role, on the battery"},
      {distance, 170, "Mean distance of each head, one dot a head, on the battery"},
      {entropy, 170, "Entropy of each head's rows in nats, on the battery"},
      {of_head.c_str(), 104, "The selected head's map on this text"},
  };
  constexpr ImGuiTableFlags flags = ImGuiTableFlags_SizingFixedFit | ImGuiTableFlags_ScrollX |
                                    ImGuiTableFlags_BordersInnerH | ImGuiTableFlags_ScrollY;
  const float claims = sheet.claims.empty() ? 0.0f : ui.px(190);
  const float height = std::max(ImGui::GetContentRegionAvail().y - claims, ui.px(220));
  float needed = 0.0f;
  for (const auto& column : columns) {
    needed += ui.px(column.width) + 2 * ImGui::GetStyle().CellPadding.x;
  }
  // Narrower columns before a scroll bar, wider ones before an empty half.
  const float share = std::clamp((ImGui::GetContentRegionAvail().x - ui.px(24)) / needed, 0.7f, 1.6f);
  if (!ImGui::BeginTable("variants", IM_ARRAYSIZE(columns), flags, {0, height})) return;
  for (const auto& column : columns) {
    ImGui::TableSetupColumn(column.name, ImGuiTableColumnFlags_WidthFixed,
                            ui.px(column.width) * share);
  }
  ImGui::TableSetupScrollFreeze(1, 1);
  ImGui::TableNextRow();
  for (const auto& column : columns) {
    ImGui::TableNextColumn();
    faint_text(ui, "%s", column.name);
    if (ImGui::IsItemHovered()) ImGui::SetTooltip("%s", column.tip);
  }
  for (const Variant& variant : sheet.variants) {
    draw_variant(state, ui, variant, most_distance, most_entropy);
  }
  ImGui::EndTable();
  ui.landmarks.mark_item("variants");
}

void draw_claims(Ui& ui, const VariantSheet& sheet) {
  if (sheet.claims.empty()) return;
  heading(ui, "What is said of such heads, and what was measured");
  constexpr ImGuiTableFlags flags = ImGuiTableFlags_SizingStretchProp | ImGuiTableFlags_ScrollY;
  if (!ImGui::BeginTable("claims", 3, flags)) return;
  ImGui::TableSetupColumn("claim", 0, 2.2f);
  ImGui::TableSetupColumn("verdict", 0, 1.0f);
  ImGui::TableSetupColumn("measured", 0, 5.0f);
  for (const VariantClaim& claim : sheet.claims) {
    ImGui::TableNextRow();
    ImGui::TableNextColumn();
    ImGui::TextWrapped("%s", claim.claim.c_str());
    ImGui::TableNextColumn();
    ImGui::PushFont(ui.fonts.strong);
    ImGui::TextWrapped("%s", claim.verdict.empty() ? "not measured" : claim.verdict.c_str());
    ImGui::PopFont();
    ImGui::TableNextColumn();
    wrapped_faint(ui, claim.measured);
  }
  ImGui::EndTable();
  ui.landmarks.mark_item("claims");
}

}  // namespace

void draw_variants(State& state, const Picture& picture, Ui& ui) {
  ask_for_sheet(state, picture, ui);
  const auto& sheet = picture.snapshot().variants;
  if (sheet && sheet->variants.empty()) {
    wrapped_faint(ui, "There are no variants in the program's assets folder.");
    return;
  }
  std::string about =
      "Trained alike: the same corpus, tokens, steps and seed. They differ in how their heads are made.";
  if (sheet && sheet->bigram_loss) {
    char text[64];
    std::snprintf(text, sizeof text, " A bigram's loss on the same windows: %.3f.", *sheet->bigram_loss);
    about += text;
  }
  wrapped_faint(ui, about);
  if (!sheet) {
    if (!draw_measuring_line(ui) && !ui.study.failed.empty()) wrapped_faint(ui, ui.study.failed);
    return;
  }
  choose_head(ui, *sheet);
  draw_table(state, ui, *sheet);
  draw_claims(ui, *sheet);
}

}  // namespace headlight
