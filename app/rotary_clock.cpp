#include "rotary_clock.h"

#include <algorithm>
#include <cmath>
#include <numbers>

#include "page_parts.h"

namespace headlight {

void draw_clock(const Ui& ui, ImVec2 middle, float radius, const std::array<float, 2>& before,
                const std::array<float, 2>& after, float most, double angle, ImU32 color,
                bool large) {
  ImDrawList* draw = ImGui::GetWindowDrawList();
  draw->AddCircleFilled(middle, radius, ui.palette->raised);
  draw->AddCircle(middle, radius, ui.palette->line, 0, ui.px(1));
  const auto end = [&](const std::array<float, 2>& hand) {
    const float scale = most > 0.0f ? radius * 0.94f / most : 0.0f;
    return ImVec2{middle.x + hand[0] * scale, middle.y - hand[1] * scale};
  };
  if (large) {
    draw->AddLine({middle.x - radius, middle.y}, {middle.x + radius, middle.y}, ui.palette->line);
    draw->AddLine({middle.x, middle.y - radius}, {middle.x, middle.y + radius}, ui.palette->line);
    // The way that the hand went, without whole turns.
    const double turned = std::fmod(angle, 2.0 * std::numbers::pi);
    const double from = std::atan2(before[1], before[0]);
    const int steps = std::max(2, static_cast<int>(turned * 16));
    ImVec2 last{};
    for (int i = 0; i <= steps; ++i) {
      const double at = from + turned * i / steps;
      const ImVec2 point{middle.x + radius * 0.34f * static_cast<float>(std::cos(at)),
                         middle.y - radius * 0.34f * static_cast<float>(std::sin(at))};
      if (i == steps && turned > 0.1) {
        arrow(draw, ui, last, point, ui.palette->ink);
      } else if (i > 0) {
        draw->AddLine(last, point, ui.palette->ink, ui.px(1.5f));
      }
      last = point;
    }
  }
  draw->AddLine(middle, end(before), ui.palette->faint, ui.px(large ? 2.0f : 1.0f));
  draw->AddLine(middle, end(after), color, ui.px(large ? 5.0f : 2.5f));
  draw->AddCircleFilled(middle, ui.px(large ? 4 : 2), ui.palette->ink);
  if (large) {
    draw->AddCircleFilled(end(after), ui.px(5), color);
    draw->AddCircle(end(before), ui.px(4), ui.palette->faint, 0, ui.px(2));
  }
}

}  // namespace headlight
