#include <imgui.h>

#include "panels.h"
#include "walk_page.h"
#include "widgets.h"
#include "words_file.h"

namespace headlight {

void draw_walk(State& state, const Picture& picture, Ui& ui) {
  const Snapshot& s = picture.snapshot();
  if (s.walk == nullptr) {
    ImGui::TextWrapped("%s", s.walk_error.empty() ? window_words("walk").get("waiting").c_str() : s.walk_error.c_str());
    return;
  }
  draw_walk_page(state, s.walk, picture, ui);
}

}  // namespace headlight
