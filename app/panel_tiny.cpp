#include "panels.h"

namespace headlight {

void draw_tiny(State&, const Picture&, Ui&) {}

}  // namespace headlight
