#include <algorithm>
#include <cmath>
#include <cstdio>
#include <map>
#include <string>
#include <vector>

#include "panels.h"
#include "role_colors.h"
#include "widgets.h"

namespace headlight {
namespace {

// One line of the list: a role, and in how many heads of each layer it is.
struct RoleLine {
  std::string name;
  int heads = 0;
  std::vector<int> by_layer;  // [layers]
};

std::vector<RoleLine> role_lines(const Picture& picture) {
  std::vector<RoleLine> lines;
  const auto count = [&](const std::string& name, int layer) {
    auto line = std::find_if(lines.begin(), lines.end(),
                             [&](const RoleLine& l) { return l.name == name; });
    if (line == lines.end()) {
      lines.push_back({name, 0, std::vector<int>(static_cast<std::size_t>(picture.layers()), 0)});
      line = std::prev(lines.end());
    }
    ++line->heads;
    ++line->by_layer[static_cast<std::size_t>(layer)];
  };
  for (const HeadId id : picture.order()) {
    const HeadRoles* known = picture.roles(id);
    if (known == nullptr) continue;
    std::vector<std::string> names;
    for (const RoleScore& score : known->scores) {
      if (!score.holds) continue;
      const std::string name = role_name(score);
      if (std::find(names.begin(), names.end(), name) != names.end()) continue;
      names.push_back(name);  // one relation in both directions is one role
      count(name, id.layer);
    }
    if (names.empty()) count(unclassified, id.layer);
  }
  std::stable_sort(lines.begin(), lines.end(), [](const RoleLine& a, const RoleLine& b) {
    const bool last_a = a.name == unclassified, last_b = b.name == unclassified;
    return last_a != last_b ? last_b : a.heads > b.heads;
  });
  return lines;
}

void dot(ImDrawList* draw, ImVec2 at, float radius, ImU32 color) {
  draw->AddCircleFilled(at, radius, color, 16);
}

// A step for each layer, early ones left, the fuller the more of its heads have the role.
void draw_layers(const RoleLine& line, const Picture& picture, Ui& ui, ImVec2 min, float width,
                 float height, ImU32 color) {
  ImDrawList* draw = ImGui::GetWindowDrawList();
  const int layers = picture.layers();
  const float gap = layers > 16 ? 1.0f : ui.px(2);
  const float step = width / static_cast<float>(layers);
  for (int layer = 0; layer < layers; ++layer) {
    const float left = min.x + step * static_cast<float>(layer);
    const int here = line.by_layer[static_cast<std::size_t>(layer)];
    const float share = static_cast<float>(here) / static_cast<float>(picture.heads());
    draw->AddRectFilled({left, min.y}, {left + std::max(step - gap, 1.0f), min.y + height},
                        ui.palette->raised);
    draw->AddRectFilled({left, min.y + height * (1.0f - share)},
                        {left + std::max(step - gap, 1.0f), min.y + height}, color);
  }
}

std::string layer_words(const RoleLine& line, int layers) {
  std::string text;
  for (int layer = 0; layer < layers; ++layer) {
    const int here = line.by_layer[static_cast<std::size_t>(layer)];
    if (here == 0) continue;
    text += (text.empty() ? "" : ", ") + ("L" + std::to_string(layer)) + ": " +
            std::to_string(here);
  }
  return text;
}

void draw_line(State& state, const Picture& picture, Ui& ui, const RoleLine& line) {
  ImDrawList* draw = ImGui::GetWindowDrawList();
  const ImU32 color = role_color(line.name, state.display.theme);
  const bool chosen = state.display.role == line.name;
  const ImVec2 at = ImGui::GetCursorScreenPos();
  const float width = ImGui::GetContentRegionAvail().x - ui.px(4);
  const float height = ui.px(24);
  ImGui::PushID(line.name.c_str());
  if (ImGui::InvisibleButton("role", {width, height})) {
    state.display.role = chosen ? "" : line.name;
  }
  ImGui::PopID();
  ui.landmarks.mark_item("role/" + line.name);
  if (ImGui::IsItemHovered()) {
    ImGui::SetTooltip("%d of %d heads. By layer: %s.\nClick: only these heads stand out.",
                      line.heads, picture.layers() * picture.heads(),
                      layer_words(line, picture.layers()).c_str());
  }
  if (chosen || ImGui::IsItemHovered()) {
    draw->AddRectFilled({at.x - ui.px(6), at.y}, {at.x + width, at.y + height},
                        chosen ? ui.palette->hovered : ui.palette->raised, ui.px(4));
  }
  const float middle = at.y + height / 2;
  dot(draw, {at.x + ui.px(6), middle}, ui.px(5), color);
  draw_text(draw, ui.fonts.text, {at.x + ui.px(20), middle - ui.fonts.text->FontSize / 2},
            ui.palette->ink, line.name);
  const std::string number = std::to_string(line.heads);
  const float strip = std::min(ui.px(96), width * 0.3f);
  draw_layers(line, picture, ui, {at.x + width - strip, middle - ui.px(7)}, strip, ui.px(14), color);
  draw_text(draw, ui.fonts.mono,
            {at.x + width - strip - ui.px(10) - text_width(ui.fonts.mono, number),
             middle - ui.fonts.mono->FontSize / 2},
            ui.palette->faint, number);
}

void draw_bar(const RoleScore& score, Ui& ui, ImU32 color) {
  ImDrawList* draw = ImGui::GetWindowDrawList();
  const ImVec2 at = ImGui::GetCursorScreenPos();
  const float width = ImGui::GetContentRegionAvail().x - ui.px(2);
  const float height = ui.px(10);
  const double end = std::max({1.0, score.score, score.threshold});
  const auto x = [&](double value) {
    return at.x + width * static_cast<float>(std::clamp(value / end, 0.0, 1.0));
  };
  draw->AddRectFilled(at, {at.x + width, at.y + height}, ui.palette->raised, ui.px(3));
  draw->AddRectFilled(at, {x(score.score), at.y + height}, color, ui.px(3));
  // The interval as a thin line through the end, the baseline hollow, the threshold in ink.
  draw->AddLine({x(score.interval.low), at.y + height / 2}, {x(score.interval.high), at.y + height / 2},
                ui.palette->ink, ui.px(1.5f));
  const float base = x(score.baseline);
  draw->AddTriangleFilled({base, at.y + height}, {base - ui.px(4), at.y + height + ui.px(6)},
                          {base + ui.px(4), at.y + height + ui.px(6)}, ui.palette->faint);
  draw->AddLine({x(score.threshold), at.y - ui.px(2)}, {x(score.threshold), at.y + height + ui.px(2)},
                ui.palette->ink, ui.px(2));
  ImGui::Dummy({width, height + ui.px(5)});
}

void draw_activity(const RoleActivity& activity, Ui& ui) {
  const bool active = activity.state == RoleActivity::State::active;
  const char* word = active ? "Active here. "
                            : (activity.state == RoleActivity::State::inactive ? "Not active here. "
                                                                               : "Here unknown. ");
  ImGui::PushStyleColor(ImGuiCol_Text, active ? ui.palette->ink : ui.palette->faint);
  ImGui::PushFont(ui.fonts.small);
  ImGui::PushTextWrapPos();
  ImGui::TextUnformatted((word + activity.why).c_str());
  ImGui::PopTextWrapPos();
  ImGui::PopFont();
  ImGui::PopStyleColor();
}

void draw_score(const RoleScore& score, const RoleActivity* activity, Ui& ui, Theme theme) {
  ImDrawList* draw = ImGui::GetWindowDrawList();
  const std::string name = role_name(score);
  const bool idle = activity != nullptr && activity->state == RoleActivity::State::inactive;
  const ImU32 color = fade(role_color(name, theme), score.holds && !idle ? 1.0f : 0.45f);
  ImGui::BeginGroup();
  const ImVec2 at = ImGui::GetCursorScreenPos();
  dot(draw, {at.x + ui.px(6), at.y + ui.fonts.text->FontSize / 2}, ui.px(5), color);
  ImGui::Dummy({ui.px(12), 1});
  ImGui::SameLine();
  if (!score.holds || idle) ImGui::PushStyleColor(ImGuiCol_Text, ui.palette->faint);
  ImGui::TextUnformatted(name.c_str());
  if (!score.holds || idle) ImGui::PopStyleColor();
  char number[24];
  std::snprintf(number, sizeof number, "%.2f", score.score);
  ImGui::SameLine(ImGui::GetContentRegionMax().x - text_width(ui.fonts.mono, number) - ui.px(4));
  ImGui::PushFont(ui.fonts.mono);
  ImGui::TextUnformatted(number);
  ImGui::PopFont();
  draw_bar(score, ui, color);
  const double baseline = std::abs(score.baseline) < 0.005 ? 0.0 : score.baseline;  // no "-0.00"
  faint_text(ui, "%s %.2f needed, baseline %.2f, n = %lld",
             score.kind == RoleKind::local ? "at most" : "at least", score.threshold, baseline,
             static_cast<long long>(score.n));
  if (activity != nullptr) draw_activity(*activity, ui);
  ImGui::EndGroup();
  if (ImGui::IsItemHovered()) {
    ImGui::BeginTooltip();
    ImGui::PushTextWrapPos(ui.px(420));
    ImGui::TextUnformatted(measured(score).c_str());
    ImGui::TextUnformatted("On Headlight's own battery: chosen on one half, these figures are of the "
                           "other.");
    ImGui::PopTextWrapPos();
    ImGui::EndTooltip();
  }
}

// How far a score has come from its baseline to its threshold.
double progress(const RoleScore& score) {
  const double way = score.threshold - score.baseline;
  return way == 0.0 ? 0.0 : (score.score - score.baseline) / way;
}

const RoleScore& nearest(const std::vector<RoleScore>& scores) {
  return *std::max_element(scores.begin(), scores.end(), [](const RoleScore& a, const RoleScore& b) {
    return progress(a) < progress(b);
  });
}

// Why nothing is known, and the way to it.
void draw_measuring(const Picture& picture, Ui& ui) {
  ImGui::PushTextWrapPos();
  if (picture.snapshot().model->recorded) {
    faint_text(ui, "Roles are measured on the battery, which needs the model.");
  } else if (ui.study.busy) {
    ImGui::ProgressBar(ui.study.fraction, {ImGui::GetContentRegionAvail().x - ui.px(80), ui.px(20)}, "");
    ImGui::SameLine();
    if (ImGui::Button("Pause")) ui.wishes.pause_studies = true;
    ui.landmarks.mark_item("Pause");
    faint_text(ui, "%s: %.0f %%", ui.study.what.c_str(), static_cast<double>(ui.study.fraction) * 100);
  } else {
    faint_text(ui, ui.study.paused ? "Paused at %.0f %%. What is done is kept." :
                                     "Not measured yet. It is done once a model, and kept.",
               static_cast<double>(ui.study.fraction) * 100);
    if (ImGui::Button(ui.study.paused ? "Go on measuring" : "Measure roles")) {
      ui.wishes.measure = StudyKind::roles;
    }
    ui.landmarks.mark_item("Measure roles");
  }
  ImGui::PopTextWrapPos();
}

}  // namespace

void draw_role_list(State& state, const Picture& picture, Ui& ui) {
  heading(ui, "Roles");
  if (picture.snapshot().roles == nullptr) {
    draw_measuring(picture, ui);
    return;
  }
  ImGui::SameLine();
  faint_text(ui, "L0 to L%d", picture.layers() - 1);
  ImGui::PushStyleVar(ImGuiStyleVar_ItemSpacing, {ui.px(8), ui.px(1)});
  for (const RoleLine& line : role_lines(picture)) draw_line(state, picture, ui, line);
  ImGui::PopStyleVar();
}

void draw_head_roles(State& state, const Picture& picture, Ui& ui) {
  const HeadId id = state.selection.head;
  const HeadRoles* known = picture.roles(id);
  if (known == nullptr) {
    if (picture.snapshot().roles == nullptr) draw_measuring(picture, ui);
    return;
  }
  const auto& scores = known->scores;
  const auto holding = std::count_if(scores.begin(), scores.end(),
                                     [](const RoleScore& score) { return score.holds; });
  if (known->pruned) {
    ImGui::PushTextWrapPos();
    ImGui::TextUnformatted(pruned_note.data(), pruned_note.data() + pruned_note.size());
    ImGui::PopTextWrapPos();
  }
  const auto& activities = picture.activities();
  for (std::size_t i = 0, shown = 0; i < scores.size(); ++i) {
    if (!scores[i].holds) continue;
    const RoleActivity* activity = shown < activities.size() ? &activities[shown] : nullptr;
    draw_score(scores[i], activity, ui, state.display.theme);
    ++shown;
  }
  if (holding == 0) {
    ImGui::TextUnformatted("Unclassified");
    ImGui::PushTextWrapPos();
    if (scores.empty()) {
      faint_text(ui, "Nothing could be measured.");
    } else {
      const RoleScore& near = nearest(scores);
      faint_text(ui, progress(near) >= 1.0
                         ? "The nearest, beyond the line on the half that reports, was not so on the "
                           "half that chooses, or is too uncertain:"
                         : "No role reached its threshold. The nearest:");
      draw_score(near, nullptr, ui, state.display.theme);
    }
    ImGui::PopTextWrapPos();
  }
  const bool cells = std::any_of(activities.begin(), activities.end(),
                                 [](const RoleActivity& a) { return !a.cells.empty(); });
  if (cells) {
    if (toggle_button(ui, "Outline its cells", state.display.outline)) {
      state.display.outline = !state.display.outline;
    }
    ImGui::SameLine();
    ImGui::AlignTextToFramePadding();
  }
  faint_text(ui, "shape on the battery: %s", std::string(shape_name(known->shape)).c_str());
  const Snapshot& s = picture.snapshot();
  if (const auto battery = picture.importance(id)) {
    std::string words;
    if (const auto here = picture.importance(id, own_text_name); here && s.importance_text == s.request.text) {
      char text[48];
      std::snprintf(text, sizeof text, ", %+.3f on this text", *here);
      words = text;
    }
    ImGui::PushTextWrapPos();
    faint_text(ui, "Loss change when it is ablated: %+.3f nats on the battery%s", *battery, words.c_str());
    ImGui::PopTextWrapPos();
  }
}

}  // namespace headlight
