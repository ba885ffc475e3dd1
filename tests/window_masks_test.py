#!/usr/bin/python3
"""Masks in the real window: painting, published patterns, splitting them over the heads, models
whose heads are built differently.

    window_masks_test.py PROGRAM [SECTION...]
"""

import os
import sys

import numpy

import window_test
from window_test import HERE, cell, check, edits_of, fill_path, tokens_shown


def start(window):
    window.click("model")
    window.click("model/mini-gpt")
    window.until("mini-gpt", lambda s: s.get("model") in ("", "mini-gpt"))
    window.replace_text("The old dog ran to the old dog and the old dog ran")
    window.click("L1 H3")
    if edits_of(window.state()):
        window.click("Reset all")


def masked(state, head=(1, 3)):
    return [tuple(c) for c in edits_of(state).get(head, {}).get("masked_cells", [])]


def stroke(window, start, end):
    window.move(*start)
    window.display.xdotool("keydown shift")
    window.settle()
    window.drag(start, end)
    window.display.xdotool("keyup shift")
    window.settle()


def painting(window):
    start(window)
    tokens = tokens_shown(window)
    before = window.picture()
    stroke(window, cell(window, tokens - 2, 1, tokens), cell(window, tokens - 2, 6, tokens))
    state = window.until("masked cells", masked)
    check("a stroke masks every cell under it",
          masked(state) == [(tokens - 2, key) for key in range(1, 7)], masked(state))
    check("and is seen", not numpy.array_equal(window.picture(), before))
    stroke(window, cell(window, tokens - 2, 3, tokens), cell(window, tokens - 2, 6, tokens))
    state = window.until("freed cells", lambda s: len(masked(s)) == 2)
    check("a stroke that begins on a masked cell frees", masked(state) ==
          [(tokens - 2, 1), (tokens - 2, 2)], masked(state))
    window.key("ctrl+z")
    window.until("six again", lambda s: len(masked(s)) == 6)
    check("a stroke is one step of undo", True)
    window.replace_text("The old dog")
    state = window.until("a short text", lambda s: s["text"] == "The old dog")
    check("the cells are kept for a longer text", len(masked(state)) == 6)
    check("the window says so", window.place("mask/free"))
    window.click("mask/free")
    window.until("no cells", lambda s: not masked(s))
    check("and they can be freed at once", True)


def patterns(window):
    start(window)
    window.click("mask")
    window.click("mask/BigBird")
    state = window.until("a mask", lambda s: edits_of(s).get((1, 3), {}).get("mask"))
    check("a published pattern is taken from the list",
          edits_of(state)[(1, 3)]["mask"] == "local:3+global:2+random:3:1", edits_of(state))
    window.click("Reset all")
    window.click("scope/All heads")
    window.click("mask/split")
    state = window.until("masks", edits_of)
    masks = {head: edit["mask"] for head, edit in edits_of(state).items()}
    check("a split gives each third of the heads its own",
          masks == {(layer, head): "local:4" if head < 2 else "dilated:4:3"
                    for layer in range(4) for head in range(4)}, masks)
    window.click("scope/This head")
    window.key("ctrl+z")
    window.until("none", lambda s: not edits_of(s))
    check("in one step of undo", True)


def designs(window):
    folder = os.path.join(HERE, "data", "models", "tiny-headlight")
    window.key("ctrl+m")
    fill_path(window, folder)
    window.key("Return")
    window.until("the model", lambda s: s.get("model") == folder)
    window.replace_text("the cat sat on the mat")
    window.click("L1 H1")
    check("a router's choices are shown", window.place("router"))
    start(window)
    check("and not where there is none", "router" not in window.info()["places"])


def variants(window):
    start(window)
    window.key("Escape", "6")
    window.until("the page", lambda s: s["display"]["view"] == "variants")
    window.wait("the table", lambda: window.info()["places"].get("variants"), 60)
    for name in ("standard", "multi-resolution", "routed-heads", "multi-scale"):
        check(f"{name} has its row", window.info()["places"].get("variant/" + name))
    check("what is said of such heads stands below", window.place("claims"))
    before = window.picture()
    window.click("H6")
    check("another head's maps are shown", not numpy.array_equal(window.picture(), before))
    window.click("variant/standard")
    window.until("the model", lambda s: s.get("model") == "standard")
    check("a click on a name opens the model", True)
    window.key("1")
    window.until("the map", lambda s: s["display"]["view"] == "map")
    start(window)


if __name__ == "__main__":
    sys.exit(window_test.drive((("painting", painting), ("patterns", patterns),
                                ("designs", designs), ("variants", variants))))
