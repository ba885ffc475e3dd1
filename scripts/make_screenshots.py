#!/usr/bin/python3
"""Makes the README's pictures of the window as it is.

    /usr/bin/python3 -B scripts/make_screenshots.py build/headlight

All but the pruning view are drawn without a display; that one needs measurements, so it is the real
window under Xvfb. The speller is read from ../shared/data/models; without it its picture stays.
"""

import json
import os
import subprocess
import sys
import tempfile
import time

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
sys.path.insert(0, os.path.join(ROOT, "tests"))
from xvfb_window import Display, Window  # noqa: E402

PROGRAM = os.path.abspath(sys.argv[1])
SPELLER = os.path.join(ROOT, "..", "shared", "data", "models", "bart-g2p-us")
STATE = tempfile.mkdtemp()  # a newcomer's: no lesson is begun
TEXT = "The cat that I saw yesterday ran away because the cat that I saw was hungry"


def picture(name, size="1440x900", model="mini-gpt", text=TEXT, head=(1, 5), kind=None, edits=(), learn=None,
            **display):
    selection = {"layer": head[0], "head": head[1], **({"kind": kind} if kind else {})}
    session = {"headlight_session": 1, "model": model, "text": text, "selection": selection,
               "edits": list(edits), "display": display, "learn": learn or {}}
    with tempfile.NamedTemporaryFile("w", suffix=".json", delete=False) as file:
        json.dump(session, file)
    subprocess.run([PROGRAM, "--session", file.name, "--size", size, "--offscreen",
                    os.path.join(ROOT, "assets", "screenshots", name + ".png")], check=True,
                   env=dict(os.environ, XDG_STATE_HOME=STATE))
    os.remove(file.name)


def pruning():
    display = Display(1440, 900)
    window = Window(PROGRAM, display, tempfile.mkdtemp())
    try:
        window.resize(1440, 900)
        window.replace_text(TEXT)
        for place in ("role/induction", "scope/Role", "Prune", "role/induction", "view/Pruning"):
            window.click(place)
        for button, result in (("Measure importance", "least"), ("Measure the pruning curve", "plot")):
            window.click_now(window.place(button))
            window.wait(result, lambda: window.info()["places"].get(result), 300)
        time.sleep(1)
        window.park()
        window.save_picture(os.path.join(ROOT, "assets", "screenshots", "pruning-dark.png"))
    finally:
        window.kill()
        display.close()


def main():
    picture("window-dark")
    picture("roles-light", head=(2, 1), theme="light", outline=True, role="induction")
    picture("difference-light", head=(2, 5), theme="light", shown="difference",
            edits=[{"layer": 1, "head": 5, "gain": 0}])
    picture("compare-dark", head=(1, 3), view="compare")
    subprocess.run([PROGRAM, "compare", "--text", TEXT, "--head", "1.3", "-o",
                    os.path.join(ROOT, "assets", "screenshots", "compare-figure.png")], check=True)
    picture("variants-dark", view="variants")
    picture("pooled-light", model="multi-scale", head=(1, 6), theme="light")
    picture("arcs-dark", head=(2, 5), view="arcs", hide_first=True)
    picture("bert-light", model="mini-bert", head=(3, 4), theme="light",
            text="The old man opened the [MASK] and looked out of the window.")
    if os.path.isdir(SPELLER):
        subprocess.run([PROGRAM, "roles", SPELLER, "--quiet"], check=True, stdout=subprocess.DEVNULL)
        picture("cross-dark", model=SPELLER, head=(0, 0), kind="cross", text="transformer")
    learning()
    pruning()


def learning():
    text = "The cat sat on the mat because the cat was tired"

    def learn(name, page, size="1440x900", theme="dark", **places):
        picture(name, size=size, text=text, view="learn", theme=theme, learn={"page": page, **places})

    learn("lessons-light", "lessons", theme="light")
    picture("lesson-dark", text="The cat sat on the mat", view="map",
            learn={"lesson": "1-who-sat-where", "lesson_part": 2})
    learn("walk-scores-dark", "walk", step="scores", cell={"tensor": "products", "row": 4, "column": 3})
    learn("walk-project-light", "walk", theme="light", step="project", cell={"tensor": "all_q", "row": 4, "column": 170})
    learn("tiny-light", "tiny", theme="light", step="blend", cell={"tensor": "z", "row": 2, "column": 1})
    learn("rotary-dark", "rotary")
    picture("presenter-light", size="1024x768", text=text, view="learn", theme="light", presents=True,
            learn={"page": "walk", "step": "softmax", "cell": {"tensor": "weights", "row": 3, "column": 2}})
    learn("parameters-light", "parameters", theme="light")


if __name__ == "__main__":
    main()
