#include <algorithm>
#include <string>

#include "color_maps.h"
#include "panels.h"
#include "token_label.h"
#include "widgets.h"

namespace headlight {

// Rows are tokens, columns the layer's heads; a cell is the gate that multiplies the head's output.
void draw_router(const State& state, const Picture& picture, Ui& ui) {
  const Snapshot& s = picture.snapshot();
  const ModelConfig& config = s.model->config;
  const HeadId head = state.selection.head;
  if (!config.routing.any() || !config.has(head)) return;
  const Trace& trace = state.display.shown == Shown::baseline ? *s.baseline : *s.edited;
  const std::vector<float>& gates = trace.block(head.layer).gates;
  heading(ui, ("Heads each token was sent to, layer " + std::to_string(head.layer)).c_str());
  ImGui::PushTextWrapPos();
  faint_text(ui, "%d shared and %d of the other %d heads work on a token; a gate of 1 is a head's equal share.",
             config.routing.shared_heads, config.routing.top_k,
             config.heads - config.routing.shared_heads);
  ImGui::PopTextWrapPos();

  const float label = ui.px(92);
  const float row = ui.fonts.small->FontSize + ui.px(4);
  const ImVec2 start = ImGui::GetCursorScreenPos();
  const float width = ImGui::GetContentRegionAvail().x - label;
  const float cell = width / static_cast<float>(config.heads);
  ImDrawList* draw = ImGui::GetWindowDrawList();
  const auto& table = color_table(state.display.color_map);
  for (int i = 0; i < config.heads; ++i) {
    const std::string name = "H" + std::to_string(i);
    const float x = start.x + label + (static_cast<float>(i) + 0.5f) * cell;
    draw_text(draw, ui.fonts.small, {x - text_width(ui.fonts.small, name) / 2, start.y},
              i == head.head ? ui.palette->accent : ui.palette->faint, name);
  }
  const float largest = std::max(1.0f, *std::max_element(gates.begin(), gates.end()));
  for (int token = 0; token < trace.size(); ++token) {
    const float y = start.y + row * static_cast<float>(token + 1);
    std::string name = token_label(trace.tokens()[static_cast<std::size_t>(token)]);
    draw->PushClipRect({start.x, y}, {start.x + label - ui.px(6), y + row}, true);
    draw_text(draw, ui.fonts.small, {start.x, y + ui.px(1)},
              state.selection.query == token ? ui.palette->accent : ui.palette->ink, name);
    draw->PopClipRect();
    for (int i = 0; i < config.heads; ++i) {
      const float gate = gates[static_cast<std::size_t>(token * config.heads + i)];
      const float x = start.x + label + static_cast<float>(i) * cell;
      const ImVec2 min{x + 1, y + 1}, max{x + cell - 1, y + row - 1};
      if (gate == 0.0f) {
        draw->AddRectFilled(min, max, ui.palette->masked);
      } else {
        const Rgb c = table[static_cast<std::size_t>(gate / largest * 255.0f + 0.5f)];
        draw->AddRectFilled(min, max, IM_COL32(c.r, c.g, c.b, 255));
      }
      if (ImGui::IsMouseHoveringRect(min, max)) {
        ImGui::SetTooltip("%s: %s H%d, gate %.2f%s", name.c_str(),
                          gate == 0.0f ? "not sent to" : "sent to", i, gate,
                          i < config.routing.shared_heads ? " (shared)" : "");
      }
    }
  }
  const float height = row * static_cast<float>(trace.size() + 1);
  ImGui::Dummy({label + width, height});
  ui.landmarks.mark("router", start, {start.x + label + width, start.y + height});
}

}  // namespace headlight
