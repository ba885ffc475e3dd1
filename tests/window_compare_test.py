#!/usr/bin/python3
"""Columns side by side in the real window: masks, dragging, the receptive field, export.

    window_compare_test.py PROGRAM [SECTION...]
"""

import json
import os
import sys

import numpy

import window_test
from window_test import check, fill_path, home, selected

TEXT = "The cat that I saw yesterday ran away because it was hungry"


def start(window):
    window.click("model")
    window.click("model/mini-gpt")
    window.until("mini-gpt", lambda s: s.get("model") in ("", "mini-gpt"))
    window.replace_text(TEXT)
    window.leave_field()
    window.key("5")
    window.until("the columns", lambda s: s["display"]["view"] == "compare")
    window.settle()


def masks_of(state):
    return [column["mask"] for column in state["columns"]]


def part(picture, place):
    """The pixels of a place."""
    x0, y0, x1, y1 = (int(v) for v in place)
    return picture[y0:y1, x0:x1]


def columns(window):
    start(window)
    check("a mask of each kind at first",
          masks_of(window.state()) == ["local:4", "dilated:4:2", "global:1"])
    picture = window.picture()
    maps = [part(picture, window.place(f"column/{i}/map")) for i in range(4)]
    check("each column has a map of its own",
          all(not numpy.array_equal(maps[0], other) for other in maps[1:]))
    window.click("L2 H3")
    window.until("another head", lambda s: selected(s) == (2, 3))
    window.settle()
    other = part(window.picture(), window.place("column/1/map"))
    check("all follow the selected head", not numpy.array_equal(other, maps[1]))
    window.click("column/1/mask")
    window.click("column/1/mask/block")
    state = window.until("a block", lambda s: masks_of(s)[0] == "block:4")
    check("a mask is chosen from the list", masks_of(state) == ["block:4", "dilated:4:2", "global:1"])
    window.click("column/1/on")
    window.click("column/1/on/this head")
    state = window.until("on a head", lambda s: s["columns"][0]["on"] == "head")
    check("and where it is put", (state["columns"][0]["layer"], state["columns"][0]["head"]) == (2, 3))
    window.key("ctrl+z")
    state = window.until("on all", lambda s: s["columns"][0]["on"] == "all")
    check("undo goes over columns too", masks_of(state)[0] == "block:4")
    window.key("ctrl+z")
    window.until("local again", lambda s: masks_of(s)[0] == "local:4")
    check("step by step", not window.state()["edits"])


def dragging(window):
    start(window)
    x0, y0, x1, y1 = window.place("column/2/w")
    before = part(window.picture(), window.place("column/2/map"))
    grip = (x0 + (x1 - x0) * 0.35, (y0 + y1) / 2)
    window.move(*grip)
    window.display.xdotool("mousedown 1")
    seen = set()
    for step in range(14):
        window.move(grip[0] + (step % 7 - 3) * (x1 - x0) / 9, grip[1])
        seen.add(masks_of(window.state())[1])
    window.move(x1 - 3, grip[1])
    window.display.xdotool("mouseup 1")
    state = window.until("the widest window", lambda s: masks_of(s)[1].startswith("dilated:1"))
    window.settle()
    check("dragging w goes through many masks", len(seen) > 3, seen)
    check("and changes the map", not numpy.array_equal(before, part(window.picture(),
                                                                    window.place("column/2/map"))))
    window.key("ctrl+z")
    state = window.until("undone", lambda s: masks_of(s)[1] == "dilated:4:2")
    check("a drag is one step of undo", masks_of(state) == ["local:4", "dilated:4:2", "global:1"])


def first_column(window):
    start(window)
    window.click("column/0/mask")
    window.click("column/0/mask/local")
    state = window.until("a mask on the request", lambda s: len(s["edits"]) == 24)
    check("the first column's mask is an edit of the request",
          all(edit["mask"] == "local:4" for edit in state["edits"]))
    window.click("column/0/on")
    window.click("column/0/on/split in three")
    state = window.until("a split", lambda s: len(s["edits"]) == 16)
    kinds = [edit["mask"].split(":")[0] for edit in state["edits"] if edit["layer"] == 0]
    check("three resolutions in a gesture", kinds == ["local", "local", "dilated", "dilated"], kinds)
    window.click("column/0/mask")
    window.click("column/0/mask/no mask")
    window.until("none", lambda s: not s["edits"])
    check("and away again", True)
    while window.state()["edits"] or masks_of(window.state()) != ["local:4", "dilated:4:2", "global:1"]:
        window.key("ctrl+z")


def hovering(window):
    start(window)
    window.park()
    window.settle()
    plain = window.picture()
    x0, y0, x1, y1 = window.place("column/1/map")
    window.move(x0 + (x1 - x0) * 0.5, y0 + (y1 - y0) * 0.7)
    window.settle()
    hovered = window.picture()
    # The tooltip stands below and right of the mouse, over the columns there.
    left = [part(p, window.place("column/0/map")) for p in (plain, hovered)]
    check("the same cell is marked in the other columns", not numpy.array_equal(*left))
    window.display.xdotool("mousedown 1", "sleep 0.1", "mouseup 1")
    state = window.until("a pinned cell", lambda s: "query" in s["selection"])
    check("a click pins it", state["selection"]["query"] == 9, state["selection"])
    window.park()
    window.settle()
    field = part(window.picture(), window.place("column/1/field"))
    check("the receptive field is that of the pinned token",
          not numpy.array_equal(field, part(plain, window.place("column/1/field"))))
    window.key("Escape")
    window.until("let go", lambda s: "query" not in s["selection"])
    chips = part(window.picture(), window.place("chip/1"))
    window.click("column/3/choose")
    window.park()
    window.settle()
    check("the chips show the chosen column's field",
          not numpy.array_equal(chips, part(window.picture(), window.place("chip/1"))))


def adding(window):
    start(window)
    window.click("column/3/menu")
    window.click("column/3/remove")
    window.until("two beside", lambda s: len(s["columns"]) == 2)
    check("a column is removed", window.place("column/2/map") and
          "column/3/map" not in window.info()["places"])
    window.click("+ Column")
    window.until("three beside", lambda s: len(s["columns"]) == 3)
    window.settle()
    check("and added", window.place("column/3/map"))
    window.click("column/3/menu")
    window.click("column/3/text")
    window.type("A dog ran home")
    window.key("Escape")
    state = window.until("a text", lambda s: s["columns"][2].get("text") == "A dog ran home")
    check("a column has a text of its own", state["text"] == TEXT)
    window.key("Escape")
    window.settle()
    before = part(window.picture(), window.place("column/3/map"))
    window.click("column/3/menu")
    window.click("column/3/own head")
    window.until("a head of its own", lambda s: "shows" in s["columns"][2])
    x0, y0, x1, y1 = window.place("column/3/H")
    window.drag(((x0 + x1) / 2, (y0 + y1) / 2), (x1 - 4, (y0 + y1) / 2))
    state = window.until("another head", lambda s: s["columns"][2]["shows"]["head"] == 5)
    window.key("Escape")
    window.settle()
    check("a column shows a head of its own", state["selection"]["head"] != 5 and not
          numpy.array_equal(before, part(window.picture(), window.place("column/3/map"))))
    window.click("column/3/menu")
    window.wait("the models", lambda: window.info()["places"].get("column/3/model/mini-bert"))
    window.click("column/3/model/mini-bert")
    window.until("a model", lambda s: "mini-bert" in s["columns"][2].get("model", ""))
    window.key("Escape")
    window.settle()
    check("and a model of its own", window.alive() and window.place("column/3/map"))
    window.click("column/3/menu")
    window.click("column/3/remove")
    window.until("two beside again", lambda s: len(s["columns"]) == 2)


def flicker(window):
    start(window)
    window.click("column/1/choose")
    window.park()
    window.key("f")
    pictures = []
    for _ in range(12):
        pictures.append(part(window.picture(), window.place("column/1/map")).tobytes())
    check("flicker shows two maps in turn", len(set(pictures)) >= 2, len(set(pictures)))
    window.key("f")
    window.settle()
    check("and stops", len({window.picture().tobytes() for _ in range(6)}) == 1)


def losses(window):
    start(window)
    before = window.place("column/1/map")
    window.click("Measure loss")
    window.wait("the losses", lambda: "Measure loss" in window.info()["places"] and
                window.info().get("answered"))
    window.key("ctrl+e")
    file = os.path.join(home, "losses.json")
    fill_path(window, file)
    window.wait("the measuring", lambda: not window._threads()[1], 120)
    window.key("Return")
    window.wait("the file", lambda: os.path.exists(file))
    with open(file, encoding="utf-8") as text:
        data = json.load(text)
    found = [column.get("loss", 0) for column in data["columns"]]
    check("each column's loss is measured", found[0] > 0 and all(x > found[0] for x in found[1:]), found)
    check("in the same place", window.place("column/1/map") == before)


def export(window):
    start(window)
    for ending in (".png", ".json"):
        window.key("ctrl+e")
        file = os.path.join(home, "columns" + ending)
        fill_path(window, file)
        window.key("Return")
        window.wait(f"the {ending}", lambda: os.path.exists(file))
    with open(os.path.join(home, "columns.json"), encoding="utf-8") as text:
        data = json.load(text)
    check("the columns are exported",
          [column["mask"] for column in data["columns"]][:2] == ["none", "local:4"],
          [column["mask"] for column in data["columns"]])
    check("as a picture too", os.path.getsize(os.path.join(home, "columns.png")) > 20000)
    for size in ((1024, 700), (1440, 900), (2560, 1440)):
        window.resize(*size)
        window.settle()
        places = window.info()["places"]
        inside = [name for name, (x0, y0, x1, y1) in places.items()
                  if name.startswith("column/") and x1 > size[0] + 1]
        check(f"columns fit {size}", not inside, inside)
    window.resize(1440, 900)
    window.key("1")
    window.until("the map", lambda s: s["display"]["view"] == "map")


if __name__ == "__main__":
    sys.exit(window_test.drive((("columns", columns), ("dragging", dragging),
                                ("first column", first_column), ("hovering", hovering),
                                ("adding", adding), ("flicker", flicker), ("losses", losses),
                                ("export", export))))
