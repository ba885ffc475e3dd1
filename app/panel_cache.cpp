#include "panels.h"

namespace headlight {

void draw_cache(State&, const Picture&, Ui&) {}

}  // namespace headlight
