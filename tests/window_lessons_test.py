#!/usr/bin/python3
"""Every lesson, from its card to its end, in the real window: with real keys and a real mouse, wrong
answers included. What a part asks for is done as a learner does it, at the place that the lesson
points at, or, where a part asks for something that the place alone does not say, by its words.

    window_lessons_test.py PROGRAM [SECTION...]
"""

import json
import os
import re
import shutil
import subprocess
import sys

import window_test
from xvfb_window import poll
from window_test import HERE, PROGRAM, check, edits_of, home, selected

OWN_TEXT = "My own words stay mine"
SHOTS = os.environ.get("HEADLIGHT_SHOTS")  # a folder for pictures of every part


def sheets():
    """What the program says of its own lessons: every part with its right answer."""
    ended = subprocess.run([PROGRAM, "lesson", "check", os.path.join(HERE, "..", "assets", "lessons"),
                            "--json"], capture_output=True, text=True, timeout=120, check=False)
    return json.loads(ended.stdout)


def places(window):
    return window.info()["places"]


def lesson_of(state):
    return state["learn"].get("lesson", ""), state["learn"].get("lesson_part", 0)


def press(window, key):
    """A key while the program may be at work on something else (it measures what an edit did)."""
    window.display.xdotool(f"key {key}", "sleep 0.03")


def steady(window, name):
    """A landmark's place once the layout stands still."""
    last, times = None, 0

    def same():
        nonlocal last, times
        now = places(window).get(name)
        times = times + 1 if now is not None and now == last else 0
        last = now
        return times >= 3

    window.wait(f'"{name}" stands still', same)
    return last


def tap_at(window, x, y, *held):
    down = [f"keydown {key}" for key in held]
    up = [f"keyup {key}" for key in held]
    window.display.xdotool(f"mousemove --window {window.number} {x:.0f} {y:.0f}", "sleep 0.04", *down,
                           "sleep 0.02", "mousedown 1", "sleep 0.04", "mouseup 1", "sleep 0.02", *up)


def tap(window, name, *held):
    """A click on a landmark, as press()."""
    x0, y0, x1, y1 = steady(window, name)
    tap_at(window, (x0 + x1) / 2, (y0 + y1) / 2, *held)


def open_list(window):
    if window.state()["display"]["view"] != "learn":
        window.key("7")
    window.until("the Learn view", lambda s: s["display"]["view"] == "learn")
    if window.state()["learn"]["page"] != "lessons":
        window.click("page/Lessons")
    window.wait("the list", lambda: "lesson/reload" in places(window))


def shot(window, name):
    if SHOTS:
        window.park()
        window.save_picture(os.path.join(SHOTS, name + ".png"))


def left_end(window, name):
    x0, y0, x1, y1 = steady(window, name)
    tap_at(window, x0 + (x1 - x0) * 0.12, (y0 + y1) / 2)


def ctrl_click(window, name):
    tap(window, name, "ctrl")


def click_pointer(window):
    tap(window, "lesson/pointer")


def click_next(window, name, index):
    """Next, by the mouse; the dock may grow under it while an answer comes, so a miss is tried again."""
    for _ in range(2):
        tap(window, "lesson/next")
        if poll(lambda: lesson_of(window.state()) != (name, index), limit=3):
            return


def landmark(head):
    layer, number = head.split(".")
    return f"L{layer} H{number}"


def fulfil(window, condition, part):
    """Does what one line of `until` asks for."""
    match = re.match(r"head is ([\d.]+)", condition)
    if match:
        return tap(window, landmark(match[1]))
    if condition.startswith("head has role"):
        return tap(window, "L1 H5")
    if condition.startswith("not head is"):
        press(window, "Left")
        if part["say"].find("any head of another layer") >= 0:
            tap(window, "L0 H1")
        return None
    match = re.match(r"pruned ([\d.,]+)", condition)
    if match:
        heads = match[1].split(",")
        if len(heads) == 1:
            return press(window, "p")
        for head in heads:
            layer, number = map(int, head.split("."))
            if edits_of(window.state()).get((layer, number), {}).get("gain", 1) != 0:
                ctrl_click(window, landmark(head))
                window.wait(f"{head} pruned", lambda at=(layer, number):
                            edits_of(window.state()).get(at, {}).get("gain", 1) == 0)
        return None
    if condition.startswith("text changed"):
        tap(window, "prompt")
        press(window, "End")
        window.type(" and more")
        return press(window, "Escape")
    if re.match(r"mask of [\d.]+ is", condition):
        if "mask/window" not in places(window):
            tap(window, "mask")
            window.wait("the masks", lambda: "mask/local" in places(window))
            tap(window, "mask/local")
        return None
    if condition.startswith("weight of"):
        return left_end(window, "mask/window")
    if condition.startswith("a column mask"):
        return left_end(window, "column/1/w")
    if condition.startswith("not a column"):
        return None
    if condition.startswith("step is"):
        step = condition.split()[-1]
        for _ in range(11):
            now = window.state()["learn"]["step"]
            if now == step:
                break
            press(window, "Right")
            window.wait("a step", lambda: window.state()["learn"]["step"] != now)
        return None
    match = re.match(r"(not )?query is|query pinned", condition)
    if match:
        return click_pointer(window)
    if condition.startswith("hide first"):
        return press(window, "h")
    return click_pointer(window)


def act(window, name, index, part):
    window.wait(f"what {name} points at in part {index + 1}",
                lambda: not part.get("points") or "lesson/pointer" in places(window))
    check(f"{name} {index + 1}: it waits", "lesson/next" not in places(window) or
          "skip" in str(places(window)))
    press(window, "Return")
    check(f"{name} {index + 1}: Enter alone does not go on", lesson_of(window.state()) == (name, index),
          lesson_of(window.state()))
    for attempt in range(2):  # a click may miss what moves while the program is busy
        if attempt > 0:
            press(window, "Escape")
            window.settle()
        for place, condition in enumerate(part["until"]):
            if condition != "not query is \"sat\"" or place == 0:
                fulfil(window, condition, part)
        if poll(lambda: "lesson/next" in places(window), limit=4):
            break
    window.wait(f"that {name} {index + 1} sees it was done: {part['until']}",
                lambda: "lesson/next" in places(window), 8)


def ask(window, name, index, part, by_mouse):
    right = ord(part["right"]) - ord("A")
    wrong = (right + 1) % len(part["choices"])
    letters = "ABCDE"
    window.wait(f"the choices of {name} {index + 1}", lambda: "lesson/A" in places(window))

    def answer(choice):
        if by_mouse:
            tap(window, "lesson/" + letters[choice])
        else:
            press(window, letters[choice].lower())

    press(window, "Return")
    check(f"{name} {index + 1}: a question has to be answered", lesson_of(window.state()) == (name, index))
    # A guess is wrong in one lesson and right in the next; in a quiz both are tried.
    answer(wrong if part["kind"] == "quiz" or index % 2 else right)
    if part["kind"] == "quiz":
        press(window, "Return")
        check(f"{name} {index + 1}: a wrong answer may be given anew",
              lesson_of(window.state()) == (name, index) and "lesson/next" not in places(window))
        shot(window, f"{name}-{index + 1:02}-wrong")
        answer(right)
    window.wait(f"the answer to {name} {index + 1}", lambda: "lesson/next" in places(window), 8)


def take(window, sheet):
    name = sheet["name"]
    if not sheet["parts"] or sheet["problems"]:
        check(f"{name} is good", False, sheet["problems"])
        return
    open_list(window)
    tap(window, "lesson/start/" + name)
    window.until(f"{name} begins", lambda s: lesson_of(s) == (name, 0))
    walks = any("step is" in condition for part in sheet["parts"] for condition in part.get("until", []))
    for index, part in enumerate(sheet["parts"]):
        window.until(f"{name}, part {index + 1}", lambda s, i=index: lesson_of(s) == (name, i))
        if SHOTS:
            window.settle()
            shot(window, f"{name}-{index + 1:02}")
        if part["kind"] == "do":
            if walks and "step/embed" not in places(window):
                print("        the walk is not there: its steps cannot be taken", flush=True)
                press(window, "l")
                return
            act(window, name, index, part)
        elif part["kind"] != "read":
            ask(window, name, index, part, by_mouse=index % 3 == 0)
        if SHOTS:
            shot(window, f"{name}-{index + 1:02}-done")
        if index % 4 == 3:
            click_next(window, name, index)
        else:
            press(window, "Return")
    state = window.until(f"the end of {name}", lambda s: lesson_of(s)[0] == "")
    check(f"{name}: taken to its end", True)
    check(f"{name}: the user's own text is back", state["text"] == OWN_TEXT, state["text"])
    check(f"{name}: and the user's own edit", list(edits_of(state)) == [(0, 3)], edits_of(state))


def prepare(window):
    window.key("1")
    window.replace_text(OWN_TEXT)
    if (0, 3) not in edits_of(window.state()):
        window.click("L0 H3")
        window.key("p")
        window.until("an edit of one's own", lambda s: (0, 3) in edits_of(s))


def lessons(window):
    prepare(window)
    for sheet in sheets():
        try:
            take(window, sheet)
        except window_test.Failure as failure:  # the next one begins from the user's own again
            check(str(failure), False)
            window.key("Escape", "Escape", "l")
            window.until("no lesson", lambda s: lesson_of(s)[0] == "")
    window.key("ctrl+z")
    window.until("undo", lambda s: not edits_of(s))
    check("undo still goes back over what was done before the lessons", True)
    listed = subprocess.run([PROGRAM, "lesson", "list", "--json"], capture_output=True, text=True,
                            env=dict(os.environ, XDG_STATE_HOME=os.path.join(window.folder, "state")),
                            check=True)
    done = [entry["name"] for entry in json.loads(listed.stdout) if entry["done"]]
    check("the progress says so", len(done) >= 6, done)


def freely(window):
    """A lesson blocks nothing, and can be left, gone back in and gone on with."""
    prepare(window)
    name = "1-who-sat-where"
    open_list(window)
    window.click("lesson/reset/" + name)
    window.click("lesson/start/" + name)
    window.until("the lesson", lambda s: lesson_of(s) == (name, 0))
    window.key("Return")
    window.until("part 2", lambda s: lesson_of(s) == (name, 1))
    window.wait("the choices", lambda: "lesson/A" in places(window))
    window.key("4")
    window.until("another view", lambda s: s["display"]["view"] == "pruning")
    check("the dock stays in every view", "lesson/A" in places(window))
    window.click("menu/View") if "menu/View" in places(window) else None
    window.key("Escape")
    window.key("t")
    window.key("t")
    window.key("a")
    window.wait("the answer", lambda: "lesson/next" in places(window))
    window.key("Return")
    window.until("part 3", lambda s: lesson_of(s) == (name, 2))
    window.replace_text("Something else altogether")
    check("the text may be changed in the middle of a lesson", window.state()["text"].startswith("Something"))
    window.key("r")
    state = window.until("set up again", lambda s: s["text"] == "The cat sat on the mat")
    check("and be set up again", lesson_of(state) == (name, 2))
    window.key("i")
    window.wait("after the hint one may skip", lambda: "lesson/next" in places(window))
    check("after the hint one may skip", True)
    window.key("BackSpace")
    window.until("part 2 again", lambda s: lesson_of(s) == (name, 1))
    check("back goes back", True)
    window.key("l")
    state = window.until("no lesson", lambda s: lesson_of(s)[0] == "")
    check("leaving gives the own text and edits back", state["text"] == OWN_TEXT and (0, 3) in edits_of(state),
          (state["text"], edits_of(state)))
    open_list(window)
    window.click("lesson/start/" + name)
    window.until("go on", lambda s: lesson_of(s) == (name, 1))
    check("one goes on where one was", True)
    window.key("ctrl+q")
    window.process.wait(20)


def next_start(window):
    """The window was closed in the middle of a lesson."""
    name = "1-who-sat-where"
    check("the lesson goes on in the next start", lesson_of(window.state()) == (name, 1),
          lesson_of(window.state()))
    window.key("l")
    state = window.until("no lesson", lambda s: lesson_of(s)[0] == "")
    check("and the own text comes back even then", state["text"] == OWN_TEXT, state["text"])
    check("with its edits", (0, 3) in edits_of(state))


def own(window):
    folder = os.path.join(window.folder, "state", "headlight", "lessons")
    os.makedirs(folder, exist_ok=True)
    with open(os.path.join(folder, "mine.lesson"), "w", encoding="utf-8") as file:
        file.write("title: Mine\nminutes: 1\nsummary: One.\n[set]\ntext: Hello there\n[read]\nsay: Hello *you*.\n")
    with open(os.path.join(folder, "broken.lesson"), "w", encoding="utf-8") as file:
        file.write("title: Broken\n")
    open_list(window)
    window.click("lesson/reload")
    window.wait("the own lesson", lambda: "lesson/start/mine" in places(window))
    check("a broken one is no lesson to start", "lesson/start/broken" not in places(window))
    window.click("lesson/start/mine")
    window.until("it begins", lambda s: s["text"] == "Hello there")
    window.key("Return")
    window.until("its end", lambda s: lesson_of(s)[0] == "")
    check("an own lesson is taken", True)
    open_list(window)
    window.click("lesson/reset")
    window.wait("no progress", lambda: "lesson/reset" not in places(window))
    check("all progress can be reset", True)


def kept_alive(window):
    """The window as the last section left it: started anew, with its state, where it has ended."""
    if not window.alive():
        window.kill()
        window = window_test.Window(PROGRAM, window.display, window.folder)
        window_test.current["window"] = window
    return window


def sizes(window):
    """Both themes at three sizes, with a question on screen: nothing asked for is out of sight."""
    name = "3-why-several-heads"
    open_list(window)
    window.click("lesson/start/" + name)
    window.until("the lesson", lambda s: lesson_of(s)[0] == name)
    for width, height in ((1024, 768), (1440, 900), (2560, 1440)):
        window.resize(width, height)
        for theme in ("dark", "light"):
            if window.state()["display"]["theme"] != theme:
                window.key("t")
            window.until(theme, lambda s, t=theme: s["display"]["theme"] == t)
            window.settle()
            inside = [key for key, box in places(window).items() if key.startswith("lesson/") and
                      box[3] > height or box[2] > width + 1 and key.startswith("lesson/")]
            check(f"{width} x {height}, {theme}: the lesson is all on the screen", not inside, inside)
            shot(window, f"size-{width}-{theme}")
    window.resize(1440, 900)
    window.key("l")
    window.until("no lesson", lambda s: lesson_of(s)[0] == "")


def all_in_one(window):
    for name, action in (("lessons", lessons), ("freely", freely), ("next start", next_start),
                         ("own", own), ("sizes", sizes)):
        if sys.argv[2:] and name not in sys.argv[2:]:
            continue
        window_test.section(name, lambda a=action: a(kept_alive(window_test.current["window"] or window)))


if __name__ == "__main__":
    arguments = sys.argv[2:]
    window_test.home = home
    sys.argv[2:] = []
    if SHOTS:
        os.makedirs(SHOTS, exist_ok=True)

    def run(window):
        sys.argv[2:] = arguments
        all_in_one(window)

    sys.exit(window_test.drive((("all", run),)))
