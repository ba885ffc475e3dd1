#include "walk_page.h"

#include <algorithm>
#include <cmath>
#include <cstdio>

#include "padding.h"
#include "panel_mask.h"
#include "panels.h"
#include "walk_arithmetic.h"
#include "walk_boards.h"
#include "walk_code.h"
#include "walk_steps.h"
#include "widgets.h"
#include "words_file.h"

namespace headlight {
namespace {

constexpr double split_seconds = 1.6;

const Words& words() { return window_words("walk"); }

// The scene of the step, laid out anew only when something it depends on has changed.
const WalkScene& scene_of(const std::shared_ptr<const LayerWalk>& walk, WalkStep step, const WalkSceneOptions& options,
                          WalkUi& view) {
  const auto key = [](const WalkSceneOptions& o) { return std::tuple(o.width, o.height, o.fused, o.progress, o.row); };
  if (view.of != walk || view.scene_step != step || key(view.options) != key(options) || view.scene.boards.empty()) {
    view.of = walk;
    view.scene_step = step;
    view.options = options;
    view.scene = make_scene(*walk, step, options);
  }
  return view.scene;
}

// The formula in large type; a symbol is explained while the mouse is over it.
void draw_formula(const Ui& ui, const std::string& formula) {
  ImGui::PushFont(ui.fonts.title);
  float x = ImGui::GetCursorPosX();
  int spaces = 0;
  const float left = x, right = x + ImGui::GetContentRegionAvail().x;
  for (std::size_t begin = 0; begin < formula.size();) {
    const std::size_t end = std::min(formula.find(' ', begin), formula.size());
    const std::string symbol = formula.substr(begin, end - begin);
    begin = end + 1;
    spaces = symbol.empty() ? spaces + 1 : 0;
    if (symbol.empty()) {
      if (spaces == 3 && x > left) {  // far apart: an equation of its own
        ImGui::NewLine();
        ImGui::SetCursorPosY(ImGui::GetCursorPosY() - ImGui::GetStyle().ItemSpacing.y);
        x = left;
      }
      continue;
    }
    const float width = text_width(ui.fonts.title, symbol);
    if (x + width > right && x > left) {
      ImGui::NewLine();
      x = left;
    } else if (x > left) {
      ImGui::SameLine();
    }
    ImGui::SetCursorPosX(x);
    ImGui::TextUnformatted(symbol.c_str());
    if (words().has("symbol." + symbol)) {
      const ImVec2 min = ImGui::GetItemRectMin(), max = ImGui::GetItemRectMax();
      for (float dot = min.x; dot < max.x; dot += ui.px(4)) {
        ImGui::GetWindowDrawList()->AddRectFilled({dot, max.y}, {dot + ui.px(2), max.y + ui.px(1)}, ui.palette->faint);
      }
      if (ImGui::IsItemHovered()) {
        ImGui::PushFont(ui.fonts.text);
        ImGui::SetTooltip("%s", words().get("symbol." + symbol).c_str());
        ImGui::PopFont();
      }
    }
    x += width + ui.px(6);
  }
  ImGui::PopFont();
}

void draw_code(const State& state, const LayerWalk& walk, Ui& ui) {
  faint_text(ui, "%s", words().get("code").c_str());
  const std::string code = step_code(walk, state.learn.step, state.learn.fused);
  ImGui::SameLine();
  const bool copied = ImGui::GetTime() - ui.walk.copied_at < 1.5;
  if (ImGui::SmallButton(words().get(copied ? "copied" : "copy").c_str())) {
    ImGui::SetClipboardText(code.c_str());
    ui.walk.copied_at = ImGui::GetTime();
  }
  ui.landmarks.mark_item("walk/copy");
  ImGui::PushFont(ui.fonts.mono);
  const float lines = static_cast<float>(std::count(code.begin(), code.end(), '\n'));
  const float height = lines * ImGui::GetTextLineHeight() + ui.px(28);
  ImGui::PushStyleColor(ImGuiCol_ChildBg, ui.palette->raised);
  ImGui::BeginChild("code", {0, height}, false, ImGuiWindowFlags_HorizontalScrollbar | ImGuiWindowFlags_AlwaysUseWindowPadding);
  ImGui::TextUnformatted(code.c_str(), code.c_str() + code.size() - (code.empty() ? 0 : 1));
  ImGui::EndChild();
  ImGui::PopStyleColor();
  ImGui::PopFont();
}

// Where a number comes from; `short_form`: without the list of its terms.
void draw_arithmetic(State& state, const LayerWalk& walk, WalkCell cell, Ui& ui, bool short_form) {
  const WalkArithmetic text = arithmetic_of(walk, cell);
  ImGui::PushFont(ui.fonts.strong);
  ImGui::TextWrapped("%s = %s", text.name.c_str(), text.value.c_str());
  ImGui::PopFont();
  if (!short_form) ImGui::TextWrapped("%s", text.sentence.c_str());
  if (!text.line.empty()) {
    ImGui::PushFont(ui.fonts.mono);
    ImGui::TextWrapped("%s", text.line.c_str());
    ImGui::PopFont();
  }
  const WalkStep made = step_of(cell.tensor);
  if (made != state.learn.step) {
    const int number = static_cast<int>(made) + 1;
    if (ImGui::SmallButton(words().get("made_in", {{"number", std::to_string(number)},
                                                   {"step", words().get(std::string("step.") + to_string(made))}})
                               .c_str())) {
      go_to_step(state, ui, number - 1);
    }
    ui.landmarks.mark_item("walk/made_in");
  }
  if (short_form || text.terms.size() < 2) return;
  ImGui::PushFont(ui.fonts.small);
  for (const std::string& term : text.terms) ImGui::TextWrapped("%s", term.c_str());
  ImGui::PopFont();
}

// What a step lets one change: the same edits as everywhere else.
void draw_controls(State& state, const LayerWalk& walk, Ui& ui) {
  const WalkStep step = state.learn.step;
  if (step == WalkStep::project || step == WalkStep::split) ImGui::SameLine(0, ui.px(16));
  if (step == WalkStep::project && walk.head().kind != AttentionKind::cross) {
    int fused = state.learn.fused ? 1 : 0;
    const std::string three = words().get("three"), one = words().get("fused");
    if (segmented(ui, "fused", {three.c_str(), one.c_str()}, fused)) state.learn.fused = fused == 1;
  }
  if (step == WalkStep::split && ImGui::Button(words().get("again").c_str())) ui.walk.split_since = ImGui::GetTime();
  if (step == WalkStep::split) ui.landmarks.mark_item("walk/again");
  if (step != WalkStep::mask && step != WalkStep::softmax) return;
  // Dear ImGui's way: copy, edit, put back.
  HeadEdit edit;
  const HeadId head = state.selection.head;
  if (const auto found = state.request.edits.find(head); found != state.request.edits.end()) edit = found->second;
  bool changed = false;
  if (step == WalkStep::mask) {
    ImGui::BeginChild("mask", {ui.px(330), ui.px(96)});
    changed = edit_mask(ui, edit.mask);
    const WalkShape cells = walk.shape(WalkTensor::masked);
    bool padding = hides_key(edit, cells.rows, cells.columns - 1);
    // The tiny layer's last token is another one of the head whose edit this is.
    if (state.learn.page == LearnPage::walk &&
        ImGui::Checkbox(words().get("mask.padding").c_str(), &padding)) {
      hide_key(edit, cells.rows, cells.columns - 1, padding);
      changed = true;
    }
    if (state.learn.page == LearnPage::walk) ui.landmarks.mark_item("walk/padding");
    ImGui::EndChild();
  } else {
    ImGui::AlignTextToFramePadding();
    ImGui::TextUnformatted(words().get("temperature").c_str());
    ImGui::SameLine();
    ImGui::SetNextItemWidth(ui.px(200));
    changed = slider(ui, "walk/temperature", edit.temperature, 0.1f, 10.0f, ImGuiSliderFlags_Logarithmic);
    ImGui::SameLine(0, ui.px(24));
    ImGui::TextUnformatted(words().get("dropout").c_str());
    ImGui::SameLine();
    ImGui::SetNextItemWidth(ui.px(150));
    slider(ui, "walk/dropout", state.learn.dropout.p, 0.0f, 0.9f);
    if (state.learn.dropout.p > 0.0f) {
      ImGui::SameLine();
      int seed = static_cast<int>(state.learn.dropout.seed);
      ImGui::TextUnformatted(words().get("seed").c_str());
      ImGui::SameLine();
      ImGui::SetNextItemWidth(ui.px(90));
      if (ImGui::InputInt("##seed", &seed)) state.learn.dropout.seed = static_cast<unsigned>(std::clamp(seed, 0, 9999));
      ui.landmarks.mark_item("walk/seed");
    }
  }
  if (!changed) return;
  if (edit.is_identity()) {
    state.request.edits.erase(head);
  } else {
    state.request.edits[head] = edit;
  }
}

// What the scene is laid out for: the bars' row, the split's motion.
WalkSceneOptions options_for(const State& state, ImVec2 size, std::optional<WalkCell> looked_at, Ui& ui) {
  WalkSceneOptions options;
  options.width = std::max(std::floor(size.x / ui.scale), 200.0f);
  options.height = std::max(std::floor(size.y / ui.scale), 160.0f);
  options.fused = state.learn.fused;
  if (looked_at && state.learn.step == WalkStep::scale) options.row = looked_at->row;
  if (state.learn.step == WalkStep::split) {
    if (ui.walk.split_since < 0.0) ui.walk.split_since = ImGui::GetTime();
    const double share = ui.show_times ? (ImGui::GetTime() - ui.walk.split_since) / split_seconds : 1.0;
    options.progress = static_cast<float>(std::clamp(share, 0.0, 1.0));
    if (share < 1.0) ui.walk.next_frame = 0.03;
  }
  return options;
}

void draw_head_choice(State& state, const LayerWalk& walk, const Picture& picture, Ui& ui) {
  HeadId& head = state.selection.head;
  const bool tiny = state.learn.page == LearnPage::tiny;
  const auto choose = [&](const char* key, int& value, int count) {
    ImGui::AlignTextToFramePadding();
    ImGui::TextUnformatted(words().get(key).c_str());
    ImGui::SameLine();
    ImGui::SetNextItemWidth(ui.px(64));
    const std::string name = std::string("walk/") + key;
    if (ImGui::BeginCombo(("##" + name).c_str(), std::to_string(value).c_str())) {
      for (int i = 0; i < count; ++i) {
        if (ImGui::Selectable(std::to_string(i).c_str(), i == value)) value = i;
        ui.landmarks.mark_item(name + "/" + std::to_string(i));
      }
      ImGui::EndCombo();
    } else {
      ui.landmarks.mark_item(name);
    }
  };
  if (tiny) return choose("head", state.learn.tiny_head, walk.heads());
  choose("layer", head.layer, picture.layers());
  ImGui::SameLine();
  choose("head", head.head, picture.heads());
}

// What a learner takes home of this walk.
void draw_take_home(State& state, Ui& ui) {
  if (ImGui::Button(words().get("take_home").c_str())) ImGui::OpenPopup("take_home");
  ui.landmarks.mark_item("walk/take_home");
  popup_below(ui);
  ImGui::SetNextWindowSize({ui.px(460), 0});
  if (!ImGui::BeginPopup("take_home")) return;
  ImGui::TextWrapped("%s", words().get("take_home.about").c_str());
  TakeHome& form = ui.walk.take_home;
  form.tiny = state.learn.page == LearnPage::tiny;
  static constexpr const char* endings[] = {".ipynb", ".py", ".pdf"};
  const std::string notebook = words().get("take_home.notebook"), script = words().get("take_home.script"),
                    handout = words().get("take_home.handout");
  int kind = 0;
  for (int i = 0; i < 3; ++i) {
    if (form.file.ends_with(endings[i])) kind = i;
  }
  if (form.file.empty()) form.file = "walk.ipynb";
  if (segmented(ui, "take_home", {notebook.c_str(), script.c_str(), handout.c_str()}, kind)) {
    form.file = form.file.substr(0, form.file.find_last_of('.')) + endings[kind];
  }
  if (kind < 2) {
    ImGui::Checkbox(words().get("take_home.guided").c_str(), &form.guided);
    ui.landmarks.mark_item("take_home/guided");
  }
  char name[1024];
  std::snprintf(name, sizeof name, "%s", form.file.c_str());
  ImGui::SetNextItemWidth(-ui.px(80));
  if (ImGui::InputText("##file", name, sizeof name)) form.file = name;
  ui.landmarks.mark_item("take_home/file");
  ImGui::SameLine();
  if (ImGui::Button(words().get("take_home.write").c_str())) {
    ui.wishes.take_home = form;
    ui.wishes.take_home->guided = form.guided && kind < 2;
    ImGui::CloseCurrentPopup();
  }
  ui.landmarks.mark_item("take_home/write");
  ImGui::EndPopup();
}

void draw_words(State& state, const std::shared_ptr<const LayerWalk>& walk, std::optional<WalkCell> looked_at, const Picture& picture,
                Ui& ui) {
  ImGui::PushFont(ui.fonts.title);
  ImGui::TextWrapped("%d. %s", static_cast<int>(state.learn.step) + 1,
                     words().get(std::string("title.") + to_string(state.learn.step)).c_str());
  ImGui::PopFont();
  ImGui::TextWrapped("%s", step_words(*walk, state.learn.step, state.learn.fused).c_str());
  if (walk->has(WalkTensor::dropped)) {
    ImGui::PushTextWrapPos();
    faint_text(ui, "%s", words().get("dropout.note").c_str());
    ImGui::PopTextWrapPos();
  }
  ImGui::Spacing();
  draw_formula(ui, step_formula(*walk, state.learn.step));
  ImGui::Spacing();
  draw_code(state, *walk, ui);
  if (state.learn.step == WalkStep::residual && walk->model().config.predicts != ModelConfig::Predicts::nothing) {
    const bool masked = walk->model().config.predicts == ModelConfig::Predicts::masked_token;
    heading(ui, words().get(masked ? "prediction.masked" : "prediction").c_str());
    draw_prediction(picture, ui);
  }
  heading(ui, words().get("arithmetic").c_str());
  if (looked_at) {
    draw_arithmetic(state, *walk, *looked_at, ui, false);
  } else {
    ImGui::TextWrapped("%s", words().get("pick").c_str());
  }
  ImGui::PushTextWrapPos();
  faint_text(ui, "%s", words().get("legend").c_str());
  ImGui::PopTextWrapPos();
  faint_text(ui, "%s", words().get("shapes").c_str());
  faint_text(ui, "%s", step_shapes(*walk, state.learn.step).c_str());
}

}  // namespace

void draw_walk_page(State& state, const std::shared_ptr<const LayerWalk>& walk, const Picture& picture, Ui& ui) {
  play_steps(state, ui);
  draw_steps(state, ui);
  // The pinned cell, while there is one on this step's picture; else that under the mouse.
  std::optional<WalkCell> looked_at = state.learn.cell;
  if (looked_at && !walk->has(*looked_at)) looked_at.reset();
  if (ui.walk.hovered && walk->has(*ui.walk.hovered)) looked_at = ui.walk.hovered;

  const ImVec2 area = ImGui::GetContentRegionAvail();
  const bool presents = state.display.presents;
  const float side = presents ? 0.0f : std::clamp(area.x * 0.33f, ui.px(300), ui.px(520));
  const float below = presents ? ui.px(92) : 0.0f;
  ImGui::BeginChild("picture", {area.x - side - (presents ? 0.0f : ui.px(16)), area.y - below}, false,
                    ImGuiWindowFlags_NoScrollbar | ImGuiWindowFlags_NoScrollWithMouse | ImGuiWindowFlags_NoNavInputs);
  if (!presents) {
    draw_head_choice(state, *walk, picture, ui);
    ImGui::SameLine(0, ui.px(16));
    draw_take_home(state, ui);
    draw_controls(state, *walk, ui);
  }
  const ImVec2 origin = ImGui::GetCursorScreenPos();
  const ImVec2 size = ImGui::GetContentRegionAvail();
  const WalkScene& scene = scene_of(walk, state.learn.step, options_for(state, size, looked_at, ui), ui.walk);
  const auto hovered = draw_scene(*walk, scene, origin, looked_at, state.display.theme, ui);
  if (hovered != ui.walk.hovered) ui.walk.next_frame = 0.01;  // the words follow in the next frame
  ui.walk.hovered = hovered;
  if (ImGui::IsWindowHovered() && ImGui::IsMouseClicked(ImGuiMouseButton_Left)) {
    const bool unpin = hovered && state.learn.cell == hovered;
    state.learn.cell = unpin ? std::nullopt : hovered;
  }
  ImGui::EndChild();
  if (presents) {
    ImGui::BeginChild("below", {area.x * 0.58f, 0}, false, ImGuiWindowFlags_NoNavInputs);
    if (looked_at) {
      draw_arithmetic(state, *walk, *looked_at, ui, true);
    } else {
      ImGui::TextWrapped("%s", step_words(*walk, state.learn.step, state.learn.fused).c_str());
    }
    ImGui::EndChild();
    ImGui::SameLine();
    ImGui::BeginChild("formula", {0, 0}, false, ImGuiWindowFlags_NoNavInputs);
    draw_formula(ui, step_formula(*walk, state.learn.step));
    ImGui::EndChild();
    return;
  }
  ImGui::SameLine(0, ui.px(16));
  ImGui::BeginChild("words", {0, 0}, false, ImGuiWindowFlags_NoNavInputs);
  draw_words(state, walk, looked_at, picture, ui);
  ImGui::EndChild();
}

}  // namespace headlight
