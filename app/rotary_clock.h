#pragma once

#include <imgui.h>

#include <array>

#include "ui.h"

namespace headlight {

/// A pair of numbers as the hand of a clock: before its rotation thin, after it thick. Mathematics'
/// direction: to the right is 0, and angles grow against the clock. A hand as long as `most`
/// reaches the rim. A large one has axes, and the way that the hand went without whole turns.
void draw_clock(const Ui& ui, ImVec2 middle, float radius, const std::array<float, 2>& before,
                const std::array<float, 2>& after, float most, double angle, ImU32 color,
                bool large);

}  // namespace headlight
