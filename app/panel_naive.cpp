#include "panels.h"

namespace headlight {

void draw_naive(State&, const Picture&, Ui&) {}

}  // namespace headlight
