#include <algorithm>
#include <string>

#include "edit_words.h"
#include "panels.h"
#include "widgets.h"

namespace headlight {
namespace {

struct Grid {
  ImVec2 origin;
  float cell = 0;
  float gap = 0;
};

ImVec2 uv(const Ui& ui, int column, int row, int tile) {
  const auto& texture = ui.thumbnails_texture;
  return {static_cast<float>(column * tile) / texture.width,
          static_cast<float>(row * tile) / texture.height};
}

// The enlarged head and its numbers, beside the mouse.
void draw_hovered(const Picture& picture, Ui& ui, HeadId id, const HeadEdit* edit) {
  const Snapshot& s = picture.snapshot();
  const int tile = picture.thumbnail_tile();
  const HeadStats& stats =
      s.edited_heads->stats[id.layer * s.model->config.heads + id.head];
  ImGui::BeginTooltip();
  ImGui::PushFont(ui.fonts.strong);
  ImGui::TextUnformatted(to_string(id).c_str());
  ImGui::PopFont();
  ImGui::Image(ui.thumbnails_texture.id, {ui.px(208), ui.px(208)}, uv(ui, id.head, id.layer, tile),
               uv(ui, id.head + 1, id.layer + 1, tile));
  ImGui::PushFont(ui.fonts.mono);
  ImGui::Text("entropy   %5.2f nats", stats.entropy);
  ImGui::Text("distance  %5.1f tokens", stats.distance);
  ImGui::Text("maximum   %5.2f", stats.maximum);
  ImGui::Text("sink      %5.2f", stats.sink_share);
  ImGui::PopFont();
  if (edit != nullptr && edit->gain == 0.0f) ImGui::TextUnformatted("pruned: its output is taken away");
  ImGui::EndTooltip();
}

void draw_cell(State& state, const Picture& picture, Ui& ui, const Grid& grid, HeadId id) {
  ImDrawList* draw = ImGui::GetWindowDrawList();
  const int tile = picture.thumbnail_tile();
  const float step = grid.cell + grid.gap;
  const ImVec2 min{grid.origin.x + id.head * step, grid.origin.y + id.layer * step};
  const ImVec2 max{min.x + grid.cell, min.y + grid.cell};

  ImGui::SetCursorScreenPos(min);
  ImGui::PushID(id.layer * 1000 + id.head);
  if (ImGui::InvisibleButton("head", {grid.cell, grid.cell})) state.selection.head = id;
  ImGui::PopID();
  ui.landmarks.mark_item(to_string(id));

  const auto found = state.request.edits.find(id);
  const HeadEdit* edit = found == state.request.edits.end() || found->second.is_identity()
                             ? nullptr
                             : &found->second;
  const bool pruned = edit != nullptr && edit->gain == 0.0f;
  const float opacity = pruned ? 0.3f : (ui.stale ? 0.5f : 1.0f);
  draw->AddImage(ui.thumbnails_texture.id, min, max, uv(ui, id.head, id.layer, tile),
                 uv(ui, id.head + 1, id.layer + 1, tile), fade(IM_COL32_WHITE, opacity));
  if (pruned) {
    const float in = grid.cell * 0.2f;
    draw->AddLine({min.x + in, min.y + in}, {max.x - in, max.y - in}, ui.palette->edit, ui.px(2.5f));
    draw->AddLine({min.x + in, max.y - in}, {max.x - in, min.y + in}, ui.palette->edit, ui.px(2.5f));
  }
  if (edit != nullptr) {
    const float side = std::clamp(grid.cell * 0.28f, ui.px(7), ui.px(14));
    draw->AddTriangleFilled({max.x - side, min.y}, {max.x, min.y}, {max.x, min.y + side},
                            ui.palette->edit);
  }
  if (id == state.selection.head) {
    const float out = ui.px(2);
    draw->AddRect({min.x - out, min.y - out}, {max.x + out, max.y + out}, ui.palette->accent,
                  ui.px(3), 0, ui.px(2.5f));
  } else if (ImGui::IsItemHovered()) {
    draw->AddRect(min, max, ui.palette->ink, 0, 0, ui.px(1.5f));
  }
  if (ImGui::IsItemHovered()) {
    ui.hovered_head = id;
    draw_hovered(picture, ui, id, edit);
  }
}

// What is edited, below the grid: a click selects the head, the cross takes the edit back.
void draw_edit_list(State& state, Ui& ui) {
  heading(ui, "Edits");
  const Edits edits = normalized(state.request.edits);
  if (edits.empty()) {
    faint_text(ui, "None yet. Press P to prune the selected head,");
    faint_text(ui, "or change its temperature or mask at the right.");
    return;
  }
  for (const auto& [id, edit] : edits) {
    ImGui::PushID(id.layer * 1000 + id.head);
    if (ImGui::Button("\u00d7")) state.request.edits.erase(id);
    ImGui::SameLine();
    ImGui::AlignTextToFramePadding();
    const std::string line = to_string(id) + "   " + edit_words(edit);
    if (ImGui::Selectable(line.c_str(), id == state.selection.head)) state.selection.head = id;
    ImGui::PopID();
  }
}

}  // namespace

void draw_heads(State& state, const Picture& picture, Ui& ui, ImVec2 min, ImVec2 max) {
  begin_panel("heads", min, max);
  ui.hovered_head.reset();
  if (!picture.empty() && ui.thumbnails_texture.width > 0) {
    const ModelConfig& config = picture.snapshot().model->config;
    ImGui::PushFont(ui.fonts.strong);
    ImGui::TextUnformatted("Heads");
    ImGui::PopFont();
    ImGui::SameLine();
    const std::string size =
        std::to_string(config.layers) + " layers x " + std::to_string(config.heads) + " heads";
    const std::string whole = size + ", rows look at columns";
    const bool fits = text_width(ui.fonts.small, whole) <= ImGui::GetContentRegionAvail().x;
    faint_text(ui, "%s", (fits ? whole : size).c_str());

    ImGui::BeginChild("grid", {0, 0}, false, ImGuiWindowFlags_NoNavInputs);
    ImDrawList* draw = ImGui::GetWindowDrawList();
    const ImVec2 area = ImGui::GetContentRegionAvail();
    const float gutter = ui.px(28);
    Grid grid;
    grid.gap = ui.px(config.heads > 12 ? 3 : 6);
    const float wide = (area.x - gutter - ui.px(6)) / config.heads - grid.gap;
    grid.cell = float(int(std::clamp(wide, ui.px(18), ui.px(128))));
    const ImVec2 corner = ImGui::GetCursorScreenPos();
    grid.origin = {float(int(corner.x + gutter)), float(int(corner.y + ui.px(22)))};
    const float step = grid.cell + grid.gap;
    for (int head = 0; head < config.heads; ++head) {
      const std::string label = "H" + std::to_string(head);
      if (text_width(ui.fonts.small, label) > grid.cell && head % 2 == 1) continue;
      draw_text(draw, ui.fonts.small, {grid.origin.x + head * step, corner.y}, ui.palette->faint,
                label);
    }
    for (int layer = 0; layer < config.layers; ++layer) {
      draw_text(draw, ui.fonts.small,
                {corner.x, grid.origin.y + layer * step + grid.cell / 2 - ui.px(8)},
                ui.palette->faint, "L" + std::to_string(layer));
      for (int head = 0; head < config.heads; ++head) {
        draw_cell(state, picture, ui, grid, {layer, head});
      }
    }
    ImGui::SetCursorScreenPos({corner.x, grid.origin.y + config.layers * step});
    ImGui::Dummy({1, ui.px(8)});
    draw_edit_list(state, ui);
    ImGui::EndChild();
  }
  end_panel();
}

}  // namespace headlight
