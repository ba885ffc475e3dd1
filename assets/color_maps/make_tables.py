#!/usr/bin/env python3
"""Writes tables.inc: the colour maps of app/color_maps.cpp, 256 colours each, lowest value first.

    python3 assets/color_maps/make_tables.py > assets/color_maps/tables.inc

Source: matplotlib's own tables (package python3-matplotlib), which their authors published under
CC0: viridis and magma by Stefan van der Walt and Nathaniel Smith, cividis by Jamie Nunez, Christopher
Anderton and Ryan Renslow (2018, doi 10.1371/journal.pone.0199239). The build does not run this.
"""

import matplotlib.cm

print("// Made by make_tables.py from matplotlib's tables (CC0). 0xRRGGBB, lowest value first.")
for name in ("viridis", "cividis", "magma"):
    colors = matplotlib.cm.get_cmap(name, 256)(range(256))
    words = ["0x%02x%02x%02x" % tuple(round(255 * c) for c in color[:3]) for color in colors]
    print(f"\nconstexpr std::array<std::uint32_t, 256> {name}_words = {{")
    for start in range(0, 256, 9):
        print("    " + ", ".join(words[start : start + 9]) + ",")
    print("};")
