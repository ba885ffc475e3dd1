#include "panels.h"

namespace headlight {

void draw_parameters(State&, const Picture&, Ui&) {}

}  // namespace headlight
