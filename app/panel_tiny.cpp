#include <algorithm>

#include "panels.h"
#include "tiny_walk.h"
#include "walk_page.h"
#include "widgets.h"
#include "words_file.h"

namespace headlight {
namespace {

void choose_size(Ui& ui, const char* key, int& value, int least, int most) {
  ImGui::SameLine(0, ui.px(16));
  ImGui::AlignTextToFramePadding();
  ImGui::TextUnformatted(window_words("walk").get(std::string("tiny.") + key).c_str());
  ImGui::SameLine();
  ImGui::SetNextItemWidth(ui.px(96));
  if (ImGui::InputInt((std::string("##") + key).c_str(), &value)) value = std::clamp(value, least, most);
  ui.landmarks.mark_item(std::string("tiny/") + key);
}

void choose_sizes(State& state, Ui& ui) {
  TinyLayer& tiny = state.learn.tiny;
  ImGui::Dummy({0, 0});
  choose_size(ui, "d_in", tiny.d_in, 1, most_tiny_width);
  choose_size(ui, "d_out", tiny.d_out, 1, most_tiny_width);
  choose_size(ui, "heads", tiny.heads, 1, most_tiny_width);
  choose_size(ui, "tokens", tiny.tokens, 1, most_tiny_tokens);
  int seed = static_cast<int>(tiny.seed);
  choose_size(ui, "seed", seed, 0, 9999);
  tiny.seed = static_cast<unsigned>(seed);
  ImGui::SameLine(0, ui.px(16));
  ImGui::Checkbox(window_words("walk").get("tiny.bias").c_str(), &tiny.bias);
  ui.landmarks.mark_item("tiny/bias");
}

}  // namespace

void draw_tiny(State& state, const Picture& picture, Ui& ui) {
  ImGui::PushTextWrapPos();
  faint_text(ui, "%s", window_words("walk").get("tiny.about").c_str());
  ImGui::PopTextWrapPos();
  choose_sizes(state, ui);
  update_tiny_walk(state, picture.snapshot().edited->tokens(), ui.walk);
  if (!ui.walk.tiny_error.empty()) {
    ImGui::PushStyleColor(ImGuiCol_Text, ui.palette->error);
    ImGui::TextWrapped("%s", window_words("walk").get("tiny.refused", {{"why", ui.walk.tiny_error}}).c_str());
    ImGui::PopStyleColor();
  }
  if (ui.walk.tiny) draw_walk_page(state, ui.walk.tiny, picture, ui);
}

}  // namespace headlight
