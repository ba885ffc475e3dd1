#include <algorithm>
#include <string>

#include "panels.h"
#include "token_label.h"
#include "widgets.h"

namespace headlight {
namespace {

void bar(const Ui& ui, ImVec2 at, float width, float height, float share, ImU32 color) {
  ImGui::GetWindowDrawList()->AddRectFilled(
      at, {at.x + std::max(width * share, ui.px(1)), at.y + height}, color, ui.px(2));
}

}  // namespace

void draw_prediction(const Picture& picture, Ui& ui) {
  const Snapshot& s = picture.snapshot();
  const PredictionView& view = picture.prediction();
  const bool edited = s.edited != s.baseline;
  const ModelConfig& config = s.model->config;
  const auto& tokens = s.edited->tokens();
  ImGui::PushTextWrapPos();
  if (config.predicts == ModelConfig::Predicts::nothing) {
    faint_text(ui, s.model->recorded
                       ? "Attention that was computed elsewhere: there is no model to predict."
                       : "The model's files hold no language-model head, so it predicts nothing.");
    ImGui::PopTextWrapPos();
    return;
  }
  if (view.position >= 0 && view.position < static_cast<int>(tokens.size())) {
    const bool masked = config.predicts == ModelConfig::Predicts::masked_token;
    const bool pinned = view.position != s.prediction.position;
    const Token& token = tokens[static_cast<std::size_t>(view.position)];
    faint_text(ui, "%s \"%s\"%s", masked ? "in the place of" : "after",
               token_label(token).c_str(), pinned ? " (the pinned query)" : "");
    const int mask = s.model->tokenizer ? s.model->tokenizer->mask() : -1;
    if (masked && mask >= 0 && token.id != mask) {
      faint_text(ui, "The model sees this token. F2 puts a mask in its place.");
    }
  }
  ImGui::PopTextWrapPos();
  if (edited) {
    const char* legend = "faint: before, bright: after";
    ImGui::SameLine(0, ui.px(20));
    if (ImGui::GetContentRegionAvail().x < text_width(ui.fonts.small, legend)) ImGui::NewLine();
    faint_text(ui, "%s", legend);
  }

  ImDrawList* draw = ImGui::GetWindowDrawList();
  const float area = ImGui::GetContentRegionAvail().x;
  const float name = ui.px(104);
  const float number = ui.px(96);
  const float width = std::max(area - name - number, ui.px(30));
  const float row = ui.px(edited ? 26 : 24);
  ImVec2 at = ImGui::GetCursorScreenPos();
  // The longest bar is the most probable token's; the numbers say how much that is.
  float longest = 1e-6f;
  for (const PredictionView::Row& candidate : view.rows) {
    longest = std::max({longest, candidate.before, candidate.after});
  }
  const auto percent = [](float p) {
    char text[16];
    std::snprintf(text, sizeof text, "%.1f%%", 100.0f * p);
    return std::string(text);
  };
  for (const PredictionView::Row& candidate : view.rows) {
    std::string label = candidate.text;
    if (!label.empty() && label[0] == ' ') label = "\u00b7" + label.substr(1);
    if (text_width(ui.fonts.text, label) > name) label = label.substr(0, 9) + "\u2026";
    draw_text(draw, ui.fonts.text, {at.x, at.y + ui.px(2)}, ui.palette->ink, label);
    const float left = at.x + name;
    if (edited) {
      bar(ui, {left, at.y + ui.px(4)}, width, ui.px(7), candidate.before / longest,
          fade(ui.palette->faint, 0.6f));
      bar(ui, {left, at.y + ui.px(12)}, width, ui.px(9), candidate.after / longest, ui.palette->accent);
    } else {
      bar(ui, {left, at.y + ui.px(5)}, width, ui.px(13), candidate.after / longest, ui.palette->accent);
    }
    const std::string after = percent(candidate.after);
    const float right = at.x + area;
    draw_text(draw, ui.fonts.mono,
              {right - text_width(ui.fonts.mono, after), at.y + ui.px(3)}, ui.palette->ink, after);
    if (edited) {
      const std::string before = percent(candidate.before);
      draw_text(draw, ui.fonts.small,
                {right - ui.px(54) - text_width(ui.fonts.small, before), at.y + ui.px(4)},
                ui.palette->faint, before);
    }
    at.y += row;
  }
  ImGui::SetCursorScreenPos(at);
  ImGui::Dummy({1, 1});
  if (edited) {
    ImGui::PushFont(ui.fonts.mono);
    ImGui::Text("KL(before || after)  %.4f nats", view.kl);
    ImGui::PopFont();
  }
  // What is scrolled out of view is no place to point at.
  const float end = ImGui::GetWindowPos().y + ImGui::GetWindowHeight();
  const float begin = at.y - row * static_cast<float>(view.rows.size());
  ui.landmarks.mark("prediction", {at.x, std::min(begin, end)},
                    {at.x + area, std::min(at.y, end)});
}

}  // namespace headlight
