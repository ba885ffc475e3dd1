#include "panels.h"

namespace headlight {

void draw_lesson_list(State&, const Picture&, Ui&) {}

}  // namespace headlight
