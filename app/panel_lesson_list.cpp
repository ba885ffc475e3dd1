#include <algorithm>
#include <string>

#include "panels.h"
#include "rich_text.h"
#include "widgets.h"
#include "words_file.h"

namespace headlight {
namespace {

const Words& words() { return window_words("lessons"); }

// Landmarks are written as they are: names that would need quoting have none.
void mark(Ui& ui, const char* what, const std::string& name) {
  const bool plain = std::all_of(name.begin(), name.end(), [](unsigned char c) {
    return std::isalnum(c) || c == '-' || c == '_' || c == '.';
  });
  if (plain) ui.landmarks.mark_item(std::string("lesson/") + what + "/" + name);
}

void begin_lesson(State& state, Ui& ui, const LessonEntry& entry, int part) {
  ui.camera = {};
  if (ui.lessons.begin(state, ui.history, entry.name, part)) {
    ui.message.clear();
    return;
  }
  ui.message = ui.lessons.problem();
  ui.message_is_error = true;
}

bool accent_button(const Ui& ui, const std::string& label, bool accent) {
  if (accent) {
    ImGui::PushStyleColor(ImGuiCol_Button, ui.palette->accent);
    ImGui::PushStyleColor(ImGuiCol_ButtonHovered, ui.palette->accent);
    ImGui::PushStyleColor(ImGuiCol_ButtonActive, ui.palette->accent);
    ImGui::PushStyleColor(ImGuiCol_Text, ui.palette->on_accent);
  }
  const bool pressed = ImGui::Button(label.c_str());
  if (accent) ImGui::PopStyleColor(4);
  return pressed;
}

// How far the learner is, as a bar with words.
void draw_progress(const Ui& ui, ImVec2 at, float width, const LessonRecord* record) {
  ImDrawList* draw = ImGui::GetWindowDrawList();
  const Palette& p = *ui.palette;
  float share = 0.0f;
  std::string text = words().get("new");
  if (record != nullptr && record->done) {
    share = 1.0f;
    text = words().get("taken");
  } else if (record != nullptr) {
    share = static_cast<float>(record->part) / static_cast<float>(std::max(record->parts - 1, 1));
    text = words().get("part", {{"n", std::to_string(record->part + 1)}, {"all", std::to_string(record->parts)}});
  }
  draw_text(draw, ui.fonts.small, at, p.faint, text);
  const ImVec2 bar{at.x, at.y + ui.px(19)};
  draw->AddRectFilled(bar, {bar.x + width, bar.y + ui.px(5)}, p.line, ui.px(2));
  if (share > 0.0f) draw->AddRectFilled(bar, {bar.x + width * share, bar.y + ui.px(5)}, p.accent, ui.px(2));
}

// The complaint, with the file's name alone.
std::string where_it_is_wrong(const LessonEntry& entry) {
  const std::string file = entry.file.string();
  const bool named = entry.problem.starts_with(file);
  return named ? entry.file.filename().string() + entry.problem.substr(file.size()) : entry.problem;
}

void draw_card(State& state, Ui& ui, const LessonEntry& entry, ImVec2 at, ImVec2 size, bool next) {
  const Palette& p = *ui.palette;
  ImDrawList* draw = ImGui::GetWindowDrawList();
  const ImVec2 end{at.x + size.x, at.y + size.y};
  const bool taken = state.learn.lesson == entry.name;
  draw->AddRectFilled(at, end, fade(p.raised, 0.6f), ui.px(9));
  draw->AddRect(at, end, next || taken ? p.accent : p.line, ui.px(9), 0, ui.px(next || taken ? 2.0f : 1.0f));
  const float pad = ui.px(16), width = size.x - 2 * pad;
  ImVec2 pen{at.x + pad, at.y + ui.px(12)};
  if (!entry.lesson) {
    draw_rich_text(draw, p, ui.fonts.strong, pen, width, entry.name, p.ink);
    pen.y += ui.px(28);
    draw->PushClipRect(at, end, true);
    draw_rich_text(draw, p, ui.fonts.small, pen, width, words().get("refused", {{"why", where_it_is_wrong(entry)}}), p.error);
    draw->PopClipRect();
    return;
  }
  const Lesson& lesson = *entry.lesson;
  // Files are named in the order in which they are taken: "4-what-heads-do".
  const std::string number = entry.name.substr(0, entry.name.find_first_not_of("0123456789"));
  const std::string title = number.empty() || number == entry.name ? lesson.title : number + ". " + lesson.title;
  const std::string minutes = words().get("minutes", {{"n", std::to_string(lesson.minutes)}});
  const float aside = text_width(ui.fonts.small, minutes);
  draw_text(draw, ui.fonts.small, {end.x - pad - aside, pen.y + ui.px(6)}, p.faint, minutes);
  draw_rich_text(draw, p, ui.fonts.title, pen, width - aside - ui.px(12), title, p.ink);
  pen.y += rich_text_height(ui.fonts.title, width - aside - ui.px(12), title) + ui.px(4);
  draw->PushClipRect(at, {end.x, end.y - ui.px(54)}, true);
  draw_rich_text(draw, p, ui.fonts.text, pen, width, lesson.summary, p.ink);
  draw->PopClipRect();

  const LessonRecord* known = ui.lessons.progress().of(entry.name);
  const LessonRecord record = known != nullptr ? *known : LessonRecord{};
  const bool started = known != nullptr;
  const bool goes_on = started && record.part > 0;
  const std::string start = words().get(goes_on ? "go on" : started && record.done ? "once more" : "start");
  float right = end.x - pad - text_width(ui.fonts.text, start) - ui.px(20);
  const float row = end.y - ui.px(46);
  ImGui::PushID(entry.name.c_str());
  ImGui::SetCursorScreenPos({right, row});
  bool begins = accent_button(ui, start, next || goes_on);
  mark(ui, "start", entry.name);
  if (started) {
    const std::string reset = words().get("reset");
    right -= text_width(ui.fonts.text, reset) + ui.px(28);
    ImGui::SetCursorScreenPos({right, row});
    if (ImGui::Button(reset.c_str())) {
      ui.lessons.progress().reset(entry.name);
    }
    mark(ui, "reset", entry.name);
  }
  right -= text_width(ui.fonts.text, "PDF") + ui.px(28);
  ImGui::SetCursorScreenPos({right, row});
  if (ImGui::Button("PDF")) ui.wishes.print_lesson = entry.file;
  if (ImGui::IsItemHovered()) ImGui::SetTooltip("%s", words().get("print").c_str());
  mark(ui, "print", entry.name);
  draw_progress(ui, {at.x + pad, row + ui.px(2)}, std::min(ui.px(130), right - at.x - 2 * pad), known);
  ImGui::PopID();
  if (begins) begin_lesson(state, ui, entry, goes_on ? record.part : 0);
}

// The first lesson that is not done: where a newcomer's eye should fall.
std::string next_lesson(const Ui& ui, const std::vector<LessonEntry>& entries) {
  for (const LessonEntry& entry : entries) {
    const LessonRecord* record = ui.lessons.progress().of(entry.name);
    if (entry.lesson && (record == nullptr || !record->done)) return entry.name;
  }
  return "";
}

}  // namespace

void draw_newcomer(State& state, Ui& ui) {
  if (!ui.lessons.progress().empty() || !state.learn.lesson.empty() || ui.progress.busy) return;
  ImGui::SameLine(0, ui.px(24));
  ImGui::PushStyleColor(ImGuiCol_Text, ui.palette->accent);
  if (ImGui::Button(words().get("newcomer").c_str())) {
    ui.camera = {};
    ui.lessons.begin(state, ui.history, "1-who-sat-where", 0);
  }
  ImGui::PopStyleColor();
  ui.landmarks.mark_item("newcomer");
}

void draw_lesson_list(State& state, const Picture&, Ui& ui) {
  ImGui::BeginChild("lessons", {0, 0}, false, ImGuiWindowFlags_NoNavInputs);
  const float room = ImGui::GetContentRegionAvail().x - ui.px(8);
  const ImVec2 top = ImGui::GetCursorScreenPos();
  draw_rich_text(ImGui::GetWindowDrawList(), *ui.palette, ui.fonts.large, top, std::min(room, ui.px(1100)),
                 words().get("welcome"), ui.palette->ink);
  ImGui::Dummy({room, rich_text_height(ui.fonts.large, std::min(room, ui.px(1100)), words().get("welcome")) + ui.px(4)});

  // By value: a lesson that is begun may read the list anew.
  const std::vector<LessonEntry> entries = ui.lessons.lessons();
  const std::string next = next_lesson(ui, entries);
  const float gap = ui.px(14);
  const int columns = std::clamp(static_cast<int>((room + gap) / ui.px(330)), 1, 4);
  const ImVec2 size{std::min((room - gap * static_cast<float>(columns - 1)) / static_cast<float>(columns), ui.px(520)),
                    ui.px(158)};
  const ImVec2 start = ImGui::GetCursorScreenPos();
  int place = 0;
  for (const LessonEntry& entry : entries) {
    const ImVec2 at{start.x + static_cast<float>(place % columns) * (size.x + gap),
                    start.y + static_cast<float>(place / columns) * (size.y + gap)};
    draw_card(state, ui, entry, at, size, entry.name == next);
    ++place;
  }
  const auto rows = static_cast<float>((place + columns - 1) / columns);
  ImGui::SetCursorScreenPos({start.x, start.y + rows * (size.y + gap)});
  ImGui::Dummy({room, 1});
  if (entries.empty()) ImGui::TextUnformatted(words().get("none").c_str());
  if (ImGui::Button(words().get("look again").c_str())) ui.lessons.reload();
  ui.landmarks.mark_item("lesson/reload");
  if (!ui.lessons.progress().empty()) {
    ImGui::SameLine();
    if (ImGui::Button(words().get("reset all").c_str())) ui.lessons.progress().reset();
    ui.landmarks.mark_item("lesson/reset");
  }
  ImGui::PushTextWrapPos();
  faint_text(ui, "%s", words().get("own", {{"folder", own_lessons().string()}}).c_str());
  ImGui::PopTextWrapPos();
  ImGui::EndChild();
}

}  // namespace headlight
