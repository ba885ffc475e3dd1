#include "panels.h"

namespace headlight {

void draw_walk(State&, const Picture&, Ui&) {}

}  // namespace headlight
