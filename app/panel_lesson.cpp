#define GLFW_INCLUDE_NONE
#include <GLFW/glfw3.h>

#include <algorithm>
#include <cmath>
#include <stdexcept>
#include <string>

#include "panels.h"
#include "rich_text.h"
#include "widgets.h"
#include "words_file.h"

namespace headlight {
namespace {

const Words& words() { return window_words("lessons"); }

std::string letter(std::size_t choice) { return std::string(1, static_cast<char>('A' + choice)); }

void leave(State& state, Ui& ui) {
  if (ui.lessons.leave(state, ui.history)) {
    ui.message = words().get("restored");
    ui.message_is_error = false;
  }
  ui.camera = {};
}

void next(State& state, Ui& ui) {
  if (!ui.lessons.may_go_on()) return;
  const bool last = state.learn.lesson_part + 1 >= ui.lessons.parts();
  ui.lessons.next(state, ui.history);
  if (last) {
    ui.message = words().get("finished");
    ui.message_is_error = false;
  }
  ui.camera = {};
}

void back(State& state, Ui& ui) {
  ui.lessons.back(state);
  ui.camera = {};
}

void again(State& state, Ui& ui) {
  ui.lessons.again(state);
  ui.camera = {};
}

// A mark that is no mere colour: a tick or a cross.
void draw_mark(ImDrawList* draw, ImVec2 at, float size, bool tick, ImU32 color, float thick) {
  if (tick) {
    draw->AddLine({at.x, at.y + size * 0.55f}, {at.x + size * 0.38f, at.y + size * 0.92f}, color, thick);
    draw->AddLine({at.x + size * 0.38f, at.y + size * 0.92f}, {at.x + size, at.y + size * 0.1f}, color, thick);
  } else {
    draw->AddLine(at, {at.x + size, at.y + size}, color, thick);
    draw->AddLine({at.x, at.y + size}, {at.x + size, at.y}, color, thick);
  }
}

// Wrapped text of its own in the panel's flow.
void paragraph(const Ui& ui, ImFont* font, float width, const std::string& text, ImU32 color) {
  const ImVec2 at = ImGui::GetCursorScreenPos();
  const float height = rich_text_height(font, width, text);
  draw_rich_text(ImGui::GetWindowDrawList(), *ui.palette, font, at, width, text, color);
  ImGui::Dummy({width, height});
}

// The same behind a tick or cross.
void marked_paragraph(const Ui& ui, float width, bool tick, const std::string& text) {
  const ImVec2 at = ImGui::GetCursorScreenPos();
  const float size = ui.fonts.large->FontSize * 0.6f, indent = ui.px(28);
  const ImU32 color = tick ? ui.palette->accent : ui.palette->error;
  draw_mark(ImGui::GetWindowDrawList(), {at.x + ui.px(2), at.y + ui.fonts.large->FontSize * 0.25f}, size, tick,
            color, ui.px(2.5f));
  const float height = rich_text_height(ui.fonts.large, width - indent, text);
  draw_rich_text(ImGui::GetWindowDrawList(), *ui.palette, ui.fonts.large, {at.x + indent, at.y},
                 width - indent, text, ui.palette->ink);
  ImGui::Dummy({width, height});
}

bool button(Ui& ui, const char* name, const std::string& label, bool enabled, bool primary = false) {
  const bool accent = primary && enabled;
  if (accent) {
    ImGui::PushStyleColor(ImGuiCol_Button, ui.palette->accent);
    ImGui::PushStyleColor(ImGuiCol_ButtonHovered, ui.palette->accent);
    ImGui::PushStyleColor(ImGuiCol_ButtonActive, ui.palette->accent);
    ImGui::PushStyleColor(ImGuiCol_Text, ui.palette->on_accent);
  }
  ImGui::BeginDisabled(!enabled);
  const bool pressed = ImGui::Button(label.c_str());
  ImGui::EndDisabled();
  if (accent) ImGui::PopStyleColor(4);
  if (enabled) ui.landmarks.mark_item(std::string("lesson/") + name);
  ImGui::SameLine();
  return pressed;
}

// How far one is: a dot for each part.
void draw_dots(const Ui& ui, int part, int parts) {
  ImDrawList* draw = ImGui::GetWindowDrawList();
  const float step = std::min(ui.px(14), ui.px(220) / static_cast<float>(std::max(parts, 1)));
  const ImVec2 at = ImGui::GetCursorScreenPos();
  const float y = at.y + ImGui::GetFrameHeight() / 2;
  for (int i = 0; i < parts; ++i) {
    const ImVec2 center{at.x + step * (static_cast<float>(i) + 0.5f), y};
    if (i < part) {
      draw->AddCircleFilled(center, step * 0.28f, ui.palette->accent);
    } else if (i == part) {
      draw->AddCircleFilled(center, step * 0.4f, ui.palette->accent);
      draw->AddCircle(center, step * 0.5f, ui.palette->ink, 0, ui.px(1));
    } else {
      draw->AddCircle(center, step * 0.28f, ui.palette->faint, 0, ui.px(1));
    }
  }
  ImGui::Dummy({step * static_cast<float>(parts), ImGui::GetFrameHeight()});
}

void draw_top(State& state, Ui& ui) {
  LessonRun& run = ui.lessons;
  const Lesson* lesson = run.lesson();
  const LessonPart* part = run.part();
  ImGui::AlignTextToFramePadding();
  ImGui::PushFont(ui.fonts.strong);
  ImGui::TextUnformatted(lesson != nullptr ? lesson->title.c_str() : state.learn.lesson.c_str());
  ImGui::PopFont();
  if (part != nullptr) {
    ImGui::SameLine(0, ui.px(16));
    ImGui::AlignTextToFramePadding();
    faint_text(ui, "%s", words().get("part", {{"n", std::to_string(state.learn.lesson_part + 1)},
                                              {"all", std::to_string(run.parts())}}).c_str());
    if (ImGui::GetWindowWidth() > ui.px(1180)) {
      ImGui::SameLine(0, ui.px(16));
      draw_dots(ui, state.learn.lesson_part, run.parts());
    }
  }
  const bool last = state.learn.lesson_part + 1 >= run.parts();
  const bool has_hint = part != nullptr && !part->hint.empty() && !run.done();
  const bool skips = part != nullptr && !run.done() && run.hint_shown() && !last;
  const std::string labels[] = {words().get("hint"), words().get("again"), words().get("back"),
                                skips ? words().get("skip") : last ? words().get("finish") : words().get("next"),
                                words().get("leave")};
  float width = ui.px(16);
  for (const std::string& label : labels) width += text_width(ui.fonts.text, label) + ui.px(28);
  if (!has_hint) width -= text_width(ui.fonts.text, labels[0]) + ui.px(28);
  ImGui::SameLine(std::max(ImGui::GetWindowWidth() - width, ui.px(16)));
  if (has_hint && button(ui, "hint", labels[0], !run.hint_shown())) run.show_hint();
  if (button(ui, "again", labels[1], part != nullptr)) return again(state, ui);
  if (button(ui, "back", labels[2], state.learn.lesson_part > 0)) return back(state, ui);
  if (button(ui, "next", labels[3], part != nullptr && run.may_go_on(), run.done())) return next(state, ui);
  if (button(ui, "leave", labels[4], true)) return leave(state, ui);
  ImGui::NewLine();
}

// One choice as a big button. Returns whether it was pressed.
bool draw_choice(Ui& ui, std::size_t index, ImVec2 at, ImVec2 size) {
  LessonRun& run = ui.lessons;
  const Palette& p = *ui.palette;
  ImDrawList* draw = ImGui::GetWindowDrawList();
  ImGui::SetCursorScreenPos(at);
  ImGui::PushID(static_cast<int>(index));
  const bool open = run.waits_for_choice() && !run.tried(index);
  ImGui::BeginDisabled(!open);
  const bool pressed = ImGui::InvisibleButton("choice", size);
  ImGui::EndDisabled();
  ImGui::PopID();
  ui.landmarks.mark_item("lesson/" + letter(index));
  const ImVec2 end{at.x + size.x, at.y + size.y};
  const bool right = run.right() == index;
  const bool wrong = run.tried(index);
  const bool steps_back = !open && !right && !wrong;
  draw->AddRectFilled(at, end, open && ImGui::IsItemHovered() ? p.hovered : p.raised, ui.px(7));
  draw->AddRect(at, end, right ? p.accent : wrong ? p.error : p.line, ui.px(7), 0,
                ui.px(right || wrong ? 2.5f : 1.0f));
  const ImU32 ink = steps_back ? p.faint : p.ink;
  const float badge = ui.px(30);
  const ImVec2 corner{at.x + ui.px(8), at.y + ui.px(7)};
  draw->AddRectFilled(corner, {corner.x + badge, corner.y + badge}, right ? p.accent : p.paper, ui.px(5));
  const std::string name = letter(index);
  if (right || wrong) {
    draw_mark(draw, {corner.x + badge * 0.27f, corner.y + badge * 0.27f}, badge * 0.46f, right,
              right ? p.on_accent : p.error, ui.px(2.5f));
  } else {
    const float x = corner.x + (badge - text_width(ui.fonts.strong, name)) / 2;
    draw_text(draw, ui.fonts.strong, {x, corner.y + (badge - ui.fonts.strong->FontSize) / 2}, ink, name);
  }
  draw_rich_text(draw, p, ui.fonts.large, {at.x + ui.px(48), at.y + ui.px(9)}, size.x - ui.px(58),
                 run.choices()[index], ink);
  return pressed;
}

// The choices in as few rows as they fit.
void draw_choices(Ui& ui, float width) {
  LessonRun& run = ui.lessons;
  const std::size_t count = run.choices().size();
  if (count == 0) return;
  const float gap = ui.px(8);
  float widest = 0.0f, sum = 0.0f;
  for (const std::string& text : run.choices()) {
    const float one = rich_text_width(ui.fonts.large, text) + ui.px(66);
    widest = std::max(widest, one);
    sum += one + gap;
  }
  const bool one_row = sum - gap <= width;
  const std::size_t columns = one_row ? count : widest * 2 + gap <= width ? 2 : 1;
  const float even = (width - gap * static_cast<float>(columns - 1)) / static_cast<float>(columns);
  ImVec2 at = ImGui::GetCursorScreenPos();
  const ImVec2 start = at;
  float row_height = 0.0f;
  std::optional<std::size_t> pressed;
  for (std::size_t i = 0; i < count; ++i) {
    const std::string& text = run.choices()[i];
    const float wide = one_row ? rich_text_width(ui.fonts.large, text) + ui.px(66)
                               : std::min(even, std::max(widest, ui.px(120)));
    const float height = rich_text_height(ui.fonts.large, wide - ui.px(58), text) + ui.px(16);
    if (draw_choice(ui, i, at, {wide, height})) pressed = i;
    row_height = std::max(row_height, height);
    at.x += wide + gap;
    if (!one_row && (i + 1) % columns == 0) {
      at = {start.x, at.y + row_height + gap};
      row_height = 0.0f;
    }
  }
  if (one_row || count % columns != 0) at.y += row_height + gap;
  ImGui::SetCursorScreenPos({start.x, at.y});
  if (pressed) run.choose(*pressed);
}

void draw_answer(Ui& ui, float width) {
  const LessonRun& run = ui.lessons;
  const LessonPart& part = *run.part();
  if (!part.asks()) {
    if (part.kind != LessonPart::Kind::act) return;
    if (run.done()) {
      marked_paragraph(ui, width, true, words().get("done") + " " + run.after());
    } else {
      faint_text(ui, "%s", words().get("waiting").c_str());
    }
    return;
  }
  if (!run.chosen()) return;
  const bool right = run.right() == run.chosen();
  if (part.kind == LessonPart::Kind::predict) {
    const std::string first =
        right ? words().get("predicted") : words().get("surprise", {{"letter", letter(*run.right())}});
    marked_paragraph(ui, width, right, first + " " + (run.why().empty() ? "" : run.why() + " ") + run.after());
  } else {
    marked_paragraph(ui, width, right, words().get(right ? "right" : "wrong") + " " + run.why() +
                                           (right && !run.after().empty() ? " " + run.after() : ""));
  }
}

// A frame around what is meant, and an arrow with a word: seen without colours, and by those in the
// last row.
void point_at(const Ui& ui, const ImVec4& place, const std::string& label) {
  ImDrawList* draw = ImGui::GetForegroundDrawList();
  const Palette& p = *ui.palette;
  const ImVec2 screen = ImGui::GetIO().DisplaySize;
  const float margin = ui.px(4);
  const ImVec2 min{std::max(place.x - margin, margin), std::max(place.y - margin, margin)};
  const ImVec2 max{std::min(place.z + margin, screen.x - margin), std::min(place.w + margin, screen.y - margin)};
  if (max.x <= min.x || max.y <= min.y) return;
  draw->AddRect(min, max, p.paper, ui.px(7), 0, ui.px(7));
  draw->AddRect(min, max, p.accent, ui.px(7), 0, ui.px(3));
  const float wide = text_width(ui.fonts.strong, label) + ui.px(20), high = ui.px(28), arrow = ui.px(10);
  const bool below = min.y < high + arrow + ui.px(4);
  const bool inside = below && max.y + high + arrow > screen.y;
  const float x = std::clamp((min.x + max.x) / 2 - wide / 2, margin, std::max(screen.x - wide - margin, margin));
  const float tip = std::clamp((min.x + max.x) / 2, x + arrow, x + wide - arrow);
  const float y = inside ? min.y + arrow : below ? max.y + arrow : min.y - high - arrow;
  draw->AddRectFilled({x, y}, {x + wide, y + high}, p.accent, ui.px(6));
  if (below && !inside) {
    draw->AddTriangleFilled({tip - arrow, y + 1}, {tip + arrow, y + 1}, {tip, y - arrow}, p.accent);
  } else if (!inside) {
    draw->AddTriangleFilled({tip - arrow, y + high - 1}, {tip + arrow, y + high - 1}, {tip, y + high + arrow},
                            p.accent);
  }
  draw_text(draw, ui.fonts.strong, {x + ui.px(10), y + (high - ui.fonts.strong->FontSize) / 2}, p.on_accent,
            label);
}

// Where that is in this frame; none: not on the screen.
std::optional<ImVec4> place_of(const LessonPoint& point, const Picture& picture, const Ui& ui) try {
  using At = LessonPoint::At;
  const auto& places = ui.landmarks.places();
  const auto landmark = [&](const std::string& name) -> std::optional<ImVec4> {
    const auto found = places.find(name);
    return found == places.end() ? std::nullopt : std::optional(found->second);
  };
  if (point.at == At::landmark) return landmark(point.line);
  if (picture.empty()) return std::nullopt;
  const auto& queries = picture.query_tokens();
  const auto& keys = picture.key_tokens();
  if (point.at == At::token) return landmark("chip/" + std::to_string(point.query.among(queries)));
  const std::optional<ImVec4> map = landmark("map");
  if (!map || ui.camera.cell > 0.0f) return map;  // zoomed in: the map as a whole
  const float wide = (map->z - map->x) / static_cast<float>(keys.size());
  const float high = (map->w - map->y) / static_cast<float>(queries.size());
  ImVec4 place = *map;
  if (point.at != At::column) {
    place.y = map->y + high * static_cast<float>(point.query.among(queries));
    place.w = place.y + high;
  }
  if (point.at != At::row) {
    place.x = map->x + wide * static_cast<float>(point.key.among(keys));
    place.z = place.x + wide;
  }
  return place;
} catch (const std::invalid_argument&) {
  return std::nullopt;  // the text has no such token any more
}

// What would give the answer away is hidden until it is given.
void cover(const Ui& ui) {
  if (ui.lessons.done() || ui.dialog != Dialog::none) return;
  ImDrawList* draw = ImGui::GetForegroundDrawList();
  const std::string label = words().get("guess first");
  for (const std::string& name : ui.lessons.part()->covers) {
    const auto found = ui.landmarks.places().find(name);
    if (found == ui.landmarks.places().end()) continue;
    const ImVec4& place = found->second;
    draw->AddRectFilled({place.x, place.y}, {place.z, place.w}, ui.palette->raised, ui.px(6));
    draw->AddRect({place.x, place.y}, {place.z, place.w}, ui.palette->line, ui.px(6));
    draw->PushClipRect({place.x, place.y}, {place.z, place.w}, true);
    draw_text(draw, ui.fonts.strong,
              {(place.x + place.z - text_width(ui.fonts.strong, label)) / 2,
               (place.y + place.w - ui.fonts.strong->FontSize) / 2},
              ui.palette->faint, label);
    draw->PopClipRect();
  }
}

// Points at the first thing of the part that is there. Returns whether there is one, or none is
// wanted.
bool point(const Picture& picture, Ui& ui) {
  const LessonPart& part = *ui.lessons.part();
  for (const LessonPoint& wanted : part.points) {
    const std::optional<ImVec4> place = place_of(wanted, picture, ui);
    if (!place) continue;
    const bool acts = part.kind == LessonPart::Kind::act;
    if (ui.dialog == Dialog::none && !(acts && ui.lessons.done())) {
      point_at(ui, *place, words().get(acts ? "here" : "look"));
      ui.landmarks.mark("lesson/pointer", {place->x, place->y}, {place->z, place->w});
    }
    return true;
  }
  return part.points.empty();
}

}  // namespace

float lesson_height(const State& state, const Ui& ui) {
  if (!LessonRun::active(state)) return 0.0f;
  return std::clamp(ui.lesson_dock, ui.px(96), ImGui::GetIO().DisplaySize.y * 0.48f);
}

bool handle_lesson_key(State& state, Ui& ui, const KeyPress& press) {
  if (!LessonRun::active(state) || press.ctrl) return false;
  LessonRun& run = ui.lessons;
  if (press.key >= GLFW_KEY_A && press.key < GLFW_KEY_A + static_cast<int>(run.choices().size()) &&
      run.waits_for_choice()) {
    run.choose(static_cast<std::size_t>(press.key - GLFW_KEY_A));
    return true;
  }
  switch (press.key) {
    case GLFW_KEY_ENTER:
    case GLFW_KEY_KP_ENTER:
      next(state, ui);
      return true;
    case GLFW_KEY_BACKSPACE:
      if (state.learn.lesson_part > 0) back(state, ui);
      return true;
    case GLFW_KEY_I:
      run.show_hint();
      return true;
    case GLFW_KEY_R:
      again(state, ui);
      return true;
    case GLFW_KEY_L:
      leave(state, ui);
      return true;
    default:
      return false;
  }
}

void draw_lesson(State& state, const Picture& picture, Ui& ui, ImVec2 min, ImVec2 max) {
  ImGui::GetBackgroundDrawList()->AddRectFilled(min, max, fade(ui.palette->raised, 0.45f));
  ImGui::GetBackgroundDrawList()->AddRectFilled(min, {max.x, min.y + ui.px(3)}, ui.palette->accent);
  ImGui::PushStyleVar(ImGuiStyleVar_WindowPadding, {ui.px(16), ui.px(10)});
  begin_panel("lesson", min, max);
  ImGui::PopStyleVar();
  ui.landmarks.mark("lesson", min, max);
  LessonRun& run = ui.lessons;
  const std::string was = state.learn.lesson;
  const int part = state.learn.lesson_part;
  draw_top(state, ui);
  // Lines longer than this are hard to follow.
  const float width = std::min(ImGui::GetContentRegionAvail().x, ui.px(1280));
  if (run.lesson() == nullptr) {
    paragraph(ui, ui.fonts.text, width, words().get("broken", {{"why", run.problem()}}), ui.palette->error);
  } else if (state.learn.lesson == was && state.learn.lesson_part == part && run.part() != nullptr) {
    paragraph(ui, ui.fonts.large, width, run.say(), ui.palette->ink);
    draw_choices(ui, width);
    draw_answer(ui, width);
    if (run.hint_shown() && !run.done() && !run.hint().empty()) {
      paragraph(ui, ui.fonts.text, width, run.hint(), ui.palette->ink);
    }
    if (!run.problem().empty()) {
      paragraph(ui, ui.fonts.text, width, words().get("changed", {{"why", run.problem()}}), ui.palette->error);
    }
    cover(ui);
    if (!point(picture, ui) && !run.done()) {
      paragraph(ui, ui.fonts.text, width, words().get(state.display.presents ? "hidden" : "elsewhere"), ui.palette->faint);
    }
  }
  ui.lesson_dock = ImGui::GetCursorPosY() + ImGui::GetScrollY() + ui.px(4);
  end_panel();
}

}  // namespace headlight
