#include "panels.h"

namespace headlight {

void draw_rotary(State&, const Picture&, Ui&) {}

}  // namespace headlight
