#!/usr/bin/python3
"""The walk through a layer in the real window: steps by mouse and keys, cells and where they come from,
what a step lets one change, the tiny layer, taking it home, presenter mode.

    window_walk_test.py PROGRAM [SECTION...]
"""

import json
import os
import subprocess
import sys

import numpy

import window_test
from window_test import check, edits_of, home

STEPS = ("embed", "project", "split", "scores", "scale", "mask", "softmax", "blend", "concatenate", "mix", "residual")
TEXT = "The cat sat on the mat"


def start(window, page="Walk"):
    window.click("model")
    window.click("model/mini-gpt")
    window.until("mini-gpt", lambda s: s.get("model") in ("", "mini-gpt"))
    window.replace_text(TEXT)
    window.key("Escape")
    window.click("view/Map")
    window.click("L1 H5")
    window.click("view/Learn")
    window.until("the view", lambda s: s["display"]["view"] == "learn")
    window.click("page/" + page)
    window.until("the page", lambda s: s["learn"]["page"] == page.split()[0].lower())


def step_of(window):
    return window.info()["state"]["learn"]["step"]


def boards(window):
    return {name[6:] for name in window.info()["places"] if name.startswith("board/")}


def inside(window, name, across, down):
    """A point of a board, in shares of its size."""
    left, top, right, bottom = window.place(name)
    return round(left + (right - left) * across), round(top + (bottom - top) * down)


def steps(window):
    start(window)
    window.click("step/embed")
    window.until("the first step", lambda s: s["learn"]["step"] == "embed")
    seen = []
    for number, name in enumerate(STEPS):
        window.until(name, lambda s: s["learn"]["step"] == name)
        window.settle()
        seen.append(window.picture())
        if number + 1 < len(STEPS):
            window.key("Right")
    check("the right arrow walks through all eleven steps", step_of(window) == "residual")
    check("each step has a picture of its own",
          all(not numpy.array_equal(a, b) for a, b in zip(seen, seen[1:])))
    window.key("Right")
    window.settle()
    check("beyond the last step it stays", step_of(window) == "residual")
    window.key("Left")
    window.until("a step back", lambda s: s["learn"]["step"] == "mix")
    check("the left arrow walks back", True)
    window.key("Home")
    window.until("the first step", lambda s: s["learn"]["step"] == "embed")
    window.click("step/scores")
    window.until("scores", lambda s: s["learn"]["step"] == "scores")
    check("a click goes to a step", boards(window) == {"q", "k", "products"}, boards(window))
    window.display.xdotool("key space")
    window.until("playing", lambda s: s["learn"]["step"] == "scale")
    check("space plays the steps", True)
    window.display.xdotool("key space")
    window.key("comma")
    window.until("the head before", lambda s: s["selection"]["head"] == 4)
    window.key("period")
    window.until("the head", lambda s: s["selection"]["head"] == 5)
    check("comma and full stop choose another head", True)


def cells(window):
    start(window)
    window.click("step/scores")
    window.until("scores", lambda s: s["learn"]["step"] == "scores")
    plain = window.picture()
    # Rows are the seven tokens: the third one's query meets the second one's key.
    window.move(*inside(window, "board/products", 1.5 / 7, 2.5 / 7))
    window.settle()
    check("pointing at a cell lights up what it comes from", not numpy.array_equal(window.picture(), plain))
    window.click(inside(window, "board/products", 1.5 / 7, 2.5 / 7))
    state = window.until("a pinned cell", lambda s: "cell" in s["learn"])
    check("a click pins the cell", state["learn"]["cell"] == {"tensor": "products", "row": 2, "column": 1},
          state["learn"]["cell"])
    window.key("Right")
    window.until("scale", lambda s: s["learn"]["step"] == "scale")
    window.click(inside(window, "board/scores", 1.5 / 7, 2.5 / 7))
    state = window.until("the next cell", lambda s: s["learn"]["cell"]["tensor"] == "scores")
    window.click(inside(window, "board/products", 1.5 / 7, 2.5 / 7))
    window.until("the input", lambda s: s["learn"]["cell"]["tensor"] == "products")
    window.move(5, 5)
    window.click("walk/made_in")
    window.until("the step before", lambda s: s["learn"]["step"] == "scores")
    check("from an input one goes to the step that made it", True)
    window.click("walk/copy")
    window.settle()
    pasted = subprocess.run(["xclip", "-selection", "clipboard", "-o"], env=window.display.environment(),
                            capture_output=True, text=True).stdout
    check("the step's code is copied", pasted == "S = Q @ K.transpose(-2, -1)  # [6, 7, 7]\n", repr(pasted))
    window.key("Escape")
    window.until("no cell", lambda s: "cell" not in s["learn"])


def changes(window):
    start(window)
    window.click("step/project")
    window.until("project", lambda s: s["learn"]["step"] == "project")
    window.click("fused/One product (fused)")
    window.until("fused", lambda s: s["learn"]["fused"])
    check("Q, K and V as one product", {"w_q", "w_k", "w_v", "all_q", "all_k", "all_v"} <= boards(window), boards(window))
    window.click("fused/Three products")
    window.click("step/mask")
    window.until("mask", lambda s: s["learn"]["step"] == "mask")
    window.click("walk/padding")
    state = window.until("padding", lambda s: edits_of(s))
    cells_masked = state["edits"][0]["masked_cells"]
    check("padding hides the last key from every query", cells_masked == [[q, 6] for q in range(7)], cells_masked)
    window.click("walk/padding")
    window.until("no edit", lambda s: not edits_of(s))
    window.click("step/softmax")
    window.until("softmax", lambda s: s["learn"]["step"] == "softmax")
    left, top, right, bottom = window.place("walk/temperature")
    window.drag(((left + right) / 2, (top + bottom) / 2), (right - 10, (top + bottom) / 2))
    state = window.until("a temperature", lambda s: edits_of(s))
    check("the temperature is the head's own", state["edits"][0].get("temperature", 1) > 2, state["edits"])
    window.key("ctrl+z")
    window.until("undone", lambda s: not edits_of(s))
    check("and is undone as any edit", True)
    left, top, right, bottom = window.place("walk/dropout")
    window.drag((left + 8, (top + bottom) / 2), ((left + right) / 2, (top + bottom) / 2))
    window.until("dropout", lambda s: s["learn"]["dropout"] > 0.2)
    window.wait("the dropped weights", lambda: "dropped" in boards(window))
    check("dropout has a picture of its own", True)
    left, top, right, bottom = window.place("walk/dropout")
    window.drag(((left + right) / 2, (top + bottom) / 2), (left - 30, (top + bottom) / 2))
    window.until("no dropout", lambda s: s["learn"]["dropout"] == 0)


def tiny(window):
    start(window, "Tiny layer")
    window.click("step/embed")
    for _ in STEPS[1:]:
        window.key("Right")
    window.until("the last step", lambda s: s["learn"]["step"] == "residual")
    check("the tiny layer is walked through, too", {"x", "mixed", "stream"} <= boards(window), boards(window))
    left, top, right, bottom = window.place("tiny/heads")
    before = window.picture()
    window.click((right - 12, (top + bottom) / 2))  # the plus
    window.until("three heads", lambda s: s["learn"]["tiny"]["heads"] == 3)
    window.settle()
    check("three heads do not divide eight numbers: it is said", not numpy.array_equal(window.picture(), before))
    window.click((right - 12, (top + bottom) / 2))
    window.until("four heads", lambda s: s["learn"]["tiny"]["heads"] == 4)
    window.click("tiny/bias")
    window.until("a bias", lambda s: s["learn"]["tiny"]["bias"])
    check("sizes and bias can be changed", True)


def taking_home(window):
    start(window)
    for ending in ("Python script (.py)", "notebook (.ipynb)", "hand-out (.pdf)"):
        window.click("walk/take_home")
        window.click("take_home/" + ending)
        file = os.path.join(home, "lesson" + ending[ending.index("(") + 1:-1])
        window.click("take_home/file")
        window.key("ctrl+a")
        window.type(file)
        window.click("take_home/write")
        window.wait(file, lambda: os.path.exists(file))
        window.settle()
        if ending.endswith("(.py)"):
            done = subprocess.run(["/usr/bin/python3", "-B", file], capture_output=True, text=True, cwd=home)
            check("the script from the window runs and agrees", done.returncode == 0, done.stderr[-400:])
        elif ending.endswith("(.ipynb)"):
            with open(file, encoding="utf-8") as notebook:
                check("the notebook is one", json.load(notebook)["nbformat"] == 4)
        else:
            with open(file, "rb") as handout:
                check("the hand-out is a PDF", handout.read(5) == b"%PDF-")


def invitation(window):
    window.click("newcomer")
    state = window.until("the first lesson", lambda s: s["learn"]["lesson"])
    check("a newcomer is led to the first lesson", state["learn"]["lesson"] == "1-who-sat-where")
    window.key("l")
    window.until("the end of it", lambda s: not s["learn"]["lesson"])
    window.settle()
    check("who began one is not asked again", "newcomer" not in window.info()["places"])


def presenting(window):
    start(window)
    window.click("step/softmax")
    window.until("softmax", lambda s: s["learn"]["step"] == "softmax")
    window.key("F5")
    window.until("presenter mode", lambda s: s["display"]["presents"])
    window.settle()
    places = window.info()["places"]
    check("menus, panels and buttons are gone", "model" not in places and "view/Map" not in places and "page/Walk" not in places)
    check("the prompt and the picture stay", "prompt" in places and "board/weights" in places)
    window.key("Next")
    window.until("the next step", lambda s: s["learn"]["step"] == "blend")
    check("a remote control's page keys go on", True)
    window.key("1")
    window.until("the map", lambda s: s["display"]["view"] == "map")
    window.key("7")
    window.until("learn", lambda s: s["display"]["view"] == "learn")
    check("views are reached by keys", True)
    before = window.picture()
    window.move(400, 500)
    window.settle()
    check("a ring follows the pointer", not numpy.array_equal(window.picture(), before))
    window.key("Escape")
    window.until("the end", lambda s: not s["display"]["presents"])
    window.settle()
    check("Escape ends it", "model" in window.info()["places"])


if __name__ == "__main__":
    sys.exit(window_test.drive((("invitation", invitation), ("steps", steps), ("cells", cells), ("changes", changes), ("tiny", tiny),
                                ("home", taking_home), ("presenting", presenting))))
