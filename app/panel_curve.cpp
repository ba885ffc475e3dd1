#include <algorithm>
#include <cmath>
#include <cstdio>
#include <limits>
#include <string>
#include <vector>

#include "figure_curve.h"
#include "panels.h"
#include "pruning.h"
#include "widgets.h"

namespace headlight {
namespace {

// The plot: pixels for kept heads and loss.
struct Plot {
  ImVec2 min, max;
  double heads = 1, low = 0, high = 1;

  ImVec2 at(int kept, double loss) const {
    return {min.x + (max.x - min.x) * static_cast<float>(kept / heads),
            max.y - (max.y - min.y) * static_cast<float>((loss - low) / (high - low))};
  }
};

struct Line {
  const CurveLine* line;
  std::string name;
  ImU32 color;
};

void draw_axes(const Plot& plot, Ui& ui) {
  ImDrawList* draw = ImGui::GetWindowDrawList();
  const std::vector<double> losses = axis_ticks(plot.low, plot.high, 6);
  const bool fine = losses.size() > 1 && losses[1] - losses[0] < 0.1;
  for (const double tick : losses) {
    const float y = plot.at(0, tick).y;
    draw->AddLine({plot.min.x, y}, {plot.max.x, y}, fade(ui.palette->line, 0.6f));
    char text[24];
    std::snprintf(text, sizeof text, fine ? "%.2f" : "%.1f", tick);
    draw_text(draw, ui.fonts.small,
              {plot.min.x - text_width(ui.fonts.small, text) - ui.px(8), y - ui.px(8)},
              ui.palette->faint, text);
  }
  const int heads = static_cast<int>(plot.heads);
  const auto tick = [&](int kept) {
    const float x = plot.at(kept, plot.low).x;
    draw->AddLine({x, plot.max.y}, {x, plot.max.y + ui.px(4)}, ui.palette->faint);
    const std::string text = std::to_string(kept);
    draw_text(draw, ui.fonts.small, {x - text_width(ui.fonts.small, text) / 2, plot.max.y + ui.px(6)},
              ui.palette->faint, text);
  };
  // The whole model has its own; round numbers that would touch it go.
  const double apart = text_width(ui.fonts.small, "0000") / (plot.max.x - plot.min.x) * plot.heads;
  for (const double kept : axis_ticks(0.0, plot.heads, 8)) {
    if (kept == std::floor(kept) && plot.heads - kept > apart) tick(static_cast<int>(kept));
  }
  tick(heads);
  draw->AddRect(plot.min, plot.max, ui.palette->line);
  draw_text(draw, ui.fonts.small, {plot.min.x, plot.min.y - ui.px(20)}, ui.palette->faint,
            "loss, nats per token");
  const char* below = "heads kept";
  draw_text(draw, ui.fonts.small,
            {plot.max.x - text_width(ui.fonts.small, below), plot.max.y + ui.px(22)},
            ui.palette->faint, below);
}

// Names of the lines, in as many rows as they need.
void draw_legend(const std::vector<Line>& lines, Ui& ui) {
  ImDrawList* draw = ImGui::GetWindowDrawList();
  const ImVec2 begin = ImGui::GetCursorScreenPos();
  const float end = begin.x + ImGui::GetContentRegionAvail().x;
  ImVec2 at = begin;
  for (const Line& line : lines) {
    const float width = ui.px(24) + text_width(ui.fonts.small, line.name);
    if (at.x > begin.x && at.x + width > end) at = {begin.x, at.y + ui.px(20)};
    draw->AddLine({at.x, at.y + ui.px(8)}, {at.x + ui.px(18), at.y + ui.px(8)}, line.color, ui.px(3));
    draw_text(draw, ui.fonts.small, {at.x + ui.px(24), at.y}, ui.palette->ink, line.name);
    at.x += width + ui.px(22);
  }
  ImGui::Dummy({1, at.y - begin.y + ui.px(18)});
}

// From the least to the most of the random orders.
void draw_band(const PruningCurve& curve, const Plot& plot, ImU32 color) {
  if (curve.random.size() < 2) return;
  ImDrawList* draw = ImGui::GetWindowDrawList();
  const auto range = [&](std::size_t i) {
    double least = curve.random.front().points[i].loss, most = least;
    for (const CurveLine& line : curve.random) {
      least = std::min(least, line.points[i].loss);
      most = std::max(most, line.points[i].loss);
    }
    return std::pair{least, most};
  };
  const auto& points = curve.random.front().points;
  const ImDrawListFlags flags = draw->Flags;
  draw->Flags &= ~ImDrawListFlags_AntiAliasedFill;  // else seams show between the pieces
  for (std::size_t i = 1; i < points.size(); ++i) {
    const auto [low_a, high_a] = range(i - 1);
    const auto [low_b, high_b] = range(i);
    draw->AddQuadFilled(plot.at(points[i - 1].kept, high_a), plot.at(points[i].kept, high_b),
                        plot.at(points[i].kept, low_b), plot.at(points[i - 1].kept, low_a), color);
  }
  draw->Flags = flags;
}

Plot plot_of(const PruningCurve& curve, const std::vector<Line>& lines, const Ui& ui) {
  Plot plot;
  plot.heads = 0;
  plot.low = std::numeric_limits<double>::max();
  plot.high = std::numeric_limits<double>::lowest();
  const auto take = [&](const CurveLine& line) {
    for (const CurvePoint& point : line.points) {
      plot.heads = std::max(plot.heads, static_cast<double>(point.kept));
      plot.low = std::min(plot.low, point.loss);
      plot.high = std::max(plot.high, point.loss);
    }
  };
  for (const Line& line : lines) take(*line.line);
  for (const CurveLine& line : curve.random) take(line);
  const double room = std::max((plot.high - plot.low) * 0.04, 1e-6);
  plot.low -= room;
  plot.high += room;
  const ImVec2 corner = ImGui::GetCursorScreenPos();
  const ImVec2 area = ImGui::GetContentRegionAvail();
  plot.min = {corner.x + ui.px(48), corner.y + ui.px(24)};
  plot.max = {corner.x + std::max(area.x - ui.px(12), ui.px(160)),
              corner.y + std::clamp(area.y - ui.px(46), ui.px(200), ui.px(560))};
  return plot;
}

}  // namespace

void draw_curve(State& state, const Picture& picture, Ui& ui) {
  const Snapshot& s = picture.snapshot();
  if (!s.curve) {
    if (ImGui::Button("Measure the pruning curve")) ui.wishes.measure = StudyKind::curve;
    ui.landmarks.mark_item("Measure the pruning curve");
    ImGui::SameLine();
    faint_text(ui, "loss over heads kept");
    return;
  }
  // Blue and orange as in the exported figure.
  const bool dark = state.display.theme == Theme::dark;
  const std::size_t orders = s.curve->random.size();
  std::vector<Line> lines = {{&s.curve->least_first, "least important first",
                              dark ? IM_COL32(77, 166, 255, 255) : IM_COL32(0, 114, 178, 255)}};
  if (orders > 0) {
    lines.push_back({&s.curve->random_mean,
                     "random, mean of " + std::to_string(orders) + (orders > 1 ? " and range" : ""),
                     ui.palette->faint});
  }
  lines.push_back({&s.curve->highest_first, "most important first",
                   dark ? IM_COL32(255, 140, 66, 255) : IM_COL32(213, 94, 0, 255)});
  draw_legend(lines, ui);
  const Plot plot = plot_of(*s.curve, lines, ui);
  draw_axes(plot, ui);
  draw_band(*s.curve, plot, fade(ui.palette->faint, 0.22f));

  ImDrawList* draw = ImGui::GetWindowDrawList();
  const ImVec2 mouse = ImGui::GetIO().MousePos;
  const CurvePoint* nearest = nullptr;
  const Line* nearest_line = nullptr;
  float distance = ui.px(14) * ui.px(14);
  for (const Line& line : lines) {
    const auto& points = line.line->points;
    for (std::size_t i = 0; i < points.size(); ++i) {
      const ImVec2 at = plot.at(points[i].kept, points[i].loss);
      if (i > 0) draw->AddLine(plot.at(points[i - 1].kept, points[i - 1].loss), at, line.color, ui.px(2.5f));
      draw->AddCircleFilled(at, ui.px(3), line.color);
      const float away = (at.x - mouse.x) * (at.x - mouse.x) + (at.y - mouse.y) * (at.y - mouse.y);
      if (away < distance) {
        distance = away;
        nearest = &points[i];
        nearest_line = &line;
      }
    }
  }
  ImGui::SetCursorScreenPos({plot.min.x - ui.px(10), plot.min.y - ui.px(10)});
  const bool clicked = ImGui::InvisibleButton(
      "plot", {plot.max.x - plot.min.x + ui.px(20), plot.max.y - plot.min.y + ui.px(48)});
  ui.landmarks.mark("plot", plot.min, plot.max);
  if (nearest == nullptr || !ImGui::IsItemHovered()) return;
  draw->AddCircle(plot.at(nearest->kept, nearest->loss), ui.px(7), ui.palette->ink, 0, ui.px(2));
  ImGui::SetTooltip("%d heads kept, %s: loss %.3f\nClick: prune these heads in the window", nearest->kept,
                    nearest_line->name.c_str(), nearest->loss);
  if (!clicked) return;
  set_pruned(state.request.edits, pruned_heads(state.request.edits), false);
  set_pruned(state.request.edits, nearest->pruned, true);
}

}  // namespace headlight
