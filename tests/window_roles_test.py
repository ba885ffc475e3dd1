#!/usr/bin/python3
"""Roles and pruning in the real window: the list, the order, boxes, measuring.

    window_roles_test.py PROGRAM [SECTION...]
"""

import os
import shutil
import sys

import numpy

import window_test
from window_test import HERE, check, edits_of, fill_path, gain_of, home, selected

REPEATS = "The old dog ran to the old dog and the old dog ran"


def start(window):
    window.click("model")
    window.click("model/mini-gpt")
    window.until("mini-gpt", lambda s: s.get("model") in ("", "mini-gpt"))
    window.replace_text(REPEATS)


def roles(window):
    start(window)
    window.click("L1 H5")
    plain = window.picture()
    check("the list names roles", window.place("role/previous token") and window.place("role/induction"))
    window.click("role/induction")
    state = window.until("a filter", lambda s: s["display"].get("role") == "induction")
    check("a click on a role lets its heads stand out", state["display"]["role"] == "induction")
    check("and is seen", not numpy.array_equal(window.picture(), plain))
    window.click("scope/Role")
    window.click("Prune")
    state = window.until("pruned heads", lambda s: edits_of(s))
    pruned = sorted(head for head in edits_of(state) if gain_of(state, head) == 0.0)
    check("the role's heads are pruned at once, and no other", pruned == [(2, 1), (2, 2), (2, 4), (2, 5)],
          pruned)
    window.key("ctrl+z")
    window.until("nothing pruned", lambda s: not edits_of(s))
    check("that was one step of undo", True)
    window.click("role/induction")
    window.until("no filter", lambda s: s["display"].get("role") == "")
    check("a second click shows all again", True)
    window.click("L2 H1")
    before = window.picture()
    window.click("Outline its cells")
    window.until("outlines", lambda s: s["display"].get("outline"))
    check("the cells that make the role are outlined", not numpy.array_equal(window.picture(), before))
    window.click("Outline its cells")


def order(window):
    start(window)
    first = window.place("L0 H0")
    window.click("order")
    window.move(*[a + b for a, b in zip(window.middle("order"), (0, 60))])
    window.display.xdotool("mousedown 1", "sleep 0.1", "mouseup 1")
    state = window.until("an order", lambda s: s["display"].get("order") != "layers")
    window.settle()
    check("the heads stand in another order", window.place("L0 H0") != first, state["display"]["order"])
    window.key("Left")
    window.click("order")
    x, y = window.middle("order")
    window.move(x, y + 36)
    window.display.xdotool("mousedown 1", "sleep 0.1", "mouseup 1")
    window.until("by layer", lambda s: s["display"].get("order") == "layers")
    window.settle()
    check("and by layer again", window.place("L0 H0") == first)


def boxes(window):
    start(window)
    x, y = window.middle("L0 H1")
    window.move(x, y)
    window.display.xdotool("keydown ctrl")
    window.settle()
    window.display.xdotool("mousedown 1", "sleep 0.1", "mouseup 1")
    window.settle()
    window.display.xdotool("keyup ctrl")
    state = window.until("a pruned head", lambda s: edits_of(s))
    check("Ctrl+click prunes a head", list(edits_of(state)) == [(0, 1)], edits_of(state))
    window.key("ctrl+z")
    window.until("none", lambda s: not edits_of(s))
    window.move(*window.middle("L1 H1"))
    window.display.xdotool("keydown ctrl")
    window.settle()
    window.display.xdotool("mousedown 1")
    window.settle()
    window.move(*window.middle("L2 H3"))
    window.settle()
    window.display.xdotool("mouseup 1")
    window.settle()
    window.display.xdotool("keyup ctrl")
    state = window.until("pruned heads", lambda s: edits_of(s))
    check("Ctrl+drag prunes a box of heads",
          sorted(edits_of(state)) == [(layer, head) for layer in (1, 2) for head in (1, 2, 3)],
          edits_of(state))
    window.key("ctrl+z")
    window.until("none again", lambda s: not edits_of(s))
    check("in one step of undo", True)
    window.click("L0 H0")
    check("a click without Ctrl selects", selected(window.state()) == (0, 0))


def measuring(window):
    # A copy of a built-in model, whose roles nobody knows.
    copy = os.path.join(home, "copy")
    shutil.copytree(os.path.join(HERE, "..", "assets", "models", "mini-gpt"), copy,
                    ignore=shutil.ignore_patterns("roles.json"))
    config = os.path.join(copy, "config.json")
    with open(config, "a", encoding="utf-8") as file:
        file.write("\n")  # another hash
    window.key("ctrl+m")
    fill_path(window, copy)
    window.display.xdotool("key Return")
    place = window.wait("the measuring", lambda: window.info()["places"].get("Pause"))
    window.click_now(place)  # not when all is quiet again
    window.wait("the pause", lambda: window.info()["places"].get("Measure roles"))
    check("measuring can be paused", "Pause" not in window.info()["places"])
    window.replace_text("Typing goes on")
    check("typing works meanwhile", window.state()["text"] == "Typing goes on")
    window.click("Measure roles")
    window.wait("the roles", lambda: window.info()["places"].get("role/induction"), 120)
    check("and gone on with to the end", window.place("role/previous token"))
    window.click("model")
    window.click("model/mini-gpt")
    window.until("mini-gpt", lambda s: s.get("model") == "mini-gpt")
    window.key("ctrl+m")
    fill_path(window, copy)
    window.key("Return")
    window.until("the copy again", lambda s: s.get("model") == copy)
    check("the next time they are known", window.place("role/induction") and
          os.listdir(os.path.join(home, "run", "cache", "headlight", "roles")))


def open_tiny(window):
    window.key("ctrl+m")
    fill_path(window, os.path.join(HERE, "data", "models", "tiny-gpt2"))
    window.key("Return")
    window.until("tiny-gpt2", lambda s: s["model"].endswith("tiny-gpt2"))
    window.replace_text("the cat sat")


def proof(window):
    open_tiny(window)
    check("without an edit there is nothing to prove", "proof" not in window.info()["places"])
    window.click("L1 H1")
    window.key("p")
    window.until("pruned", lambda s: gain_of(s, (1, 1)) == 0.0)
    window.wait("the loss", lambda: window.info()["places"].get("proof"))
    check("an edit shows what it does to the loss", True)
    window.click("view/Pruning")
    window.click("view/Map")
    window.key("ctrl+z")
    window.until("no edit", lambda s: not edits_of(s))
    window.wait("no loss", lambda: "proof" not in window.info()["places"])
    x0, y0, x1, y1 = window.place("temperature")
    window.drag(((x0 + x1) / 2, (y0 + y1) / 2), (x0 + (x1 - x0) * 0.9, (y0 + y1) / 2))
    window.until("a temperature", lambda s: edits_of(s))
    window.wait("the loss again", lambda: window.info()["places"].get("proof"))
    check("so does one that prunes nothing", True)
    window.key("ctrl+z")


def measured_on_files(window):
    open_tiny(window)
    window.click("view/Pruning")
    lines = os.path.join(home, "lines.txt")
    with open(lines, "w", encoding="utf-8") as file:
        file.write("the cat sat on the mat\nthe dog ran\n")
    window.click("corpus")
    window.type(lines)
    window.key("Return")
    window.wait("the importance", lambda: window.info()["places"].get("importance set"))
    check("importance is measured on a text file, too", window.place("least important heads"))
    window.leave_field()
    window.key("ctrl+e")
    check("no curve to export yet", "export/Pruning curve" not in window.info()["places"])
    window.key("Escape")
    window.settle()
    window.click("Measure the pruning curve")
    window.wait("the curve", lambda: window.info()["places"].get("plot"))
    window.key("ctrl+e")
    check("the curve can be exported", window.place("export/Pruning curve"))
    window.key("Escape")
    window.settle()
    window.click("view/Map")
    start(window)


if __name__ == "__main__":
    sys.exit(window_test.drive((("roles", roles), ("order", order), ("boxes", boxes),
                                ("proof", proof), ("files", measured_on_files),
                                ("measuring", measuring))))
