#include "panels.h"
#include "widgets.h"

namespace headlight {

void draw_learn(State& state, const Picture& picture, Ui& ui) {
  int page = static_cast<int>(state.learn.page);
  const auto& n = learn_page_names;
  if (!state.display.presents && segmented(ui, "page", {n[0], n[1], n[2], n[3], n[4], n[5], n[6]}, page)) {
    state.learn.page = static_cast<LearnPage>(page);
  }
  switch (state.learn.page) {
    case LearnPage::lessons:
      draw_lesson_list(state, picture, ui);
      break;
    case LearnPage::walk:
      draw_walk(state, picture, ui);
      break;
    case LearnPage::tiny:
      draw_tiny(state, picture, ui);
      break;
    case LearnPage::naive:
      draw_naive(state, picture, ui);
      break;
    case LearnPage::parameters:
      draw_parameters(state, picture, ui);
      break;
    case LearnPage::cache:
      draw_cache(state, picture, ui);
      break;
    case LearnPage::rotary:
      draw_rotary(state, picture, ui);
      break;
  }
}

}  // namespace headlight
