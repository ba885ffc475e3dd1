#include "walk_steps.h"

#include <algorithm>

#include "widgets.h"
#include "words_file.h"

namespace headlight {
namespace {

constexpr double seconds_a_step = 5.0;

const Words& words() { return window_words("walk"); }

}  // namespace

void go_to_step(State& state, Ui& ui, int step) {
  const auto next = static_cast<WalkStep>(std::clamp(step, 0, walk_steps - 1));
  if (next == state.learn.step) return;
  state.learn.step = next;
  ui.walk.split_since = -1.0;
  ui.walk.step_since = ImGui::GetTime();
}

void play_steps(State& state, Ui& ui) {
  if (!ui.walk.playing) return;
  ui.walk.next_frame = 0.2;
  if (ImGui::GetTime() - ui.walk.step_since < seconds_a_step) return;
  const int step = static_cast<int>(state.learn.step);
  if (step + 1 >= walk_steps) {
    ui.walk.playing = false;
  } else {
    go_to_step(state, ui, step + 1);
  }
}

void toggle_playing(State& state, Ui& ui) {
  ui.walk.playing = !ui.walk.playing;
  ui.walk.step_since = ImGui::GetTime();
  // From the end it begins anew.
  if (ui.walk.playing && static_cast<int>(state.learn.step) + 1 == walk_steps) go_to_step(state, ui, 0);
}

void draw_steps(State& state, Ui& ui) {
  ImDrawList* draw = ImGui::GetWindowDrawList();
  if (state.display.presents) {  // space plays
    ImGui::PushFont(ui.fonts.title);
    ImGui::AlignTextToFramePadding();
    ImGui::TextUnformatted(to_string(state.learn.page == LearnPage::tiny ? HeadId{0, state.learn.tiny_head} : state.selection.head).c_str());
    ImGui::PopFont();
  } else if (ImGui::Button(words().get(ui.walk.playing ? "pause" : "play").c_str(), {ui.px(72), 0})) toggle_playing(state, ui);
  if (!state.display.presents) ui.landmarks.mark_item("step/play");
  ImGui::SameLine();
  const ImVec2 origin = ImGui::GetCursorScreenPos();
  const float width = ImGui::GetContentRegionAvail().x, height = ui.px(52);
  const float each = width / static_cast<float>(walk_steps), radius = ui.px(13);
  const int now = static_cast<int>(state.learn.step);
  const float y = origin.y + radius + ui.px(2);
  const auto middle = [&](int step) { return origin.x + each * (static_cast<float>(step) + 0.5f); };
  draw->AddLine({middle(0), y}, {middle(walk_steps - 1), y}, ui.palette->line, ui.px(2));
  draw->AddLine({middle(0), y}, {middle(now), y}, ui.palette->accent, ui.px(3));
  ImGui::InvisibleButton("steps", {width, height});
  if (ImGui::IsItemActive()) {  // also while it is dragged along
    ui.walk.playing = false;
    go_to_step(state, ui, static_cast<int>((ImGui::GetIO().MousePos.x - origin.x) / each));
  }
  const bool hovered = ImGui::IsItemHovered();
  for (int step = 0; step < walk_steps; ++step) {
    const std::string name = to_string(static_cast<WalkStep>(step));
    const bool chosen = step == now;
    const float x = middle(step);
    const bool under = hovered && std::abs(ImGui::GetIO().MousePos.x - x) < each / 2;
    draw->AddCircleFilled({x, y}, radius, chosen ? ui.palette->accent : under ? ui.palette->hovered : ui.palette->raised);
    draw->AddCircle({x, y}, radius, step <= now ? ui.palette->accent : ui.palette->line, 0, ui.px(1.5f));
    const std::string number = std::to_string(step + 1);
    draw_text(draw, ui.fonts.text, {x - text_width(ui.fonts.text, number) / 2, y - ui.fonts.text->FontSize / 2},
              chosen ? ui.palette->on_accent : ui.palette->ink, number);
    const std::string label = words().get("step." + name);
    ImFont* font = chosen && text_width(ui.fonts.strong, label) < each ? ui.fonts.strong : ui.fonts.small;
    // In a narrow window only the names that fit, and the chosen one's.
    if (text_width(font, label) < each - ui.px(2) || chosen) {
      draw_text(draw, font, {x - text_width(font, label) / 2, y + radius + ui.px(3)},
                chosen ? ui.palette->ink : ui.palette->faint, label);
    }
    ui.landmarks.mark("step/" + name, {x - radius, y - radius}, {x + radius, y + radius});
  }
}

}  // namespace headlight
