#!/usr/bin/python3
"""headlight lesson check|list|reset, as a teacher calls them.

    lesson_command_test.py PROGRAM
"""

import json
import os
import shutil
import subprocess
import sys
import tempfile

PROGRAM = os.path.abspath(sys.argv[1])
HERE = os.path.dirname(os.path.abspath(__file__))
LESSONS = os.path.join(HERE, "..", "assets", "lessons")
HEAD = "title: T\nminutes: 3\nsummary: S\n"
passed, failed = [], []
home = tempfile.mkdtemp(prefix="headlight-lessons-")


def check(name, condition, detail=""):
    (passed if condition else failed).append(name)
    print(("ok      " if condition else "FAILED  ") + name + ("" if condition else f" ({detail})"), flush=True)


def run(*arguments):
    ended = subprocess.run([PROGRAM, "lesson", *arguments], capture_output=True, text=True, timeout=120,
                           env=dict(os.environ, XDG_STATE_HOME=home), cwd=home, check=False)
    return ended.returncode, ended.stdout, ended.stderr


def write(name, text):
    with open(os.path.join(home, name), "w", encoding="utf-8") as file:
        file.write(text)
    return os.path.join(home, name)


def wrong(name, text, line, *parts):
    """A lesson in which `check` finds something wrong at a line."""
    file = write("wrong.lesson", HEAD + text)
    code, out, _ = run("check", file)
    found = [shown for shown in out.splitlines() if shown.startswith(f"{file}:{line}: ")]
    check(name, code == 1 and found and all(part in found[0] for part in parts), (code, out))


def checks():
    code, out, _ = run("check", LESSONS)
    check("the program's own lessons are good", code == 0 and out.count(": good, ") == 7, (code, out))
    code, out, _ = run("check", LESSONS, "--json")
    sheets = json.loads(out)
    rights = [part["right"] for sheet in sheets for part in sheet["parts"] if "choices" in part]
    check("--json says the right answer to each question", code == 0 and len(rights) >= 30, len(rights))
    check("which are not all the same letter", len(set(rights)) >= 3, rights)
    good = write("good.lesson", HEAD + "[read]\nsay: Hello\n")
    code, out, _ = run("check", good)
    check("a good file", code == 0 and out == f"{good}: good, 1 parts\n", (code, out))


def wrongs():
    wrong("a line that is none", "[read]\nsay Hello\n", 5, "no colon")
    text = "[set]\ntext: The cat sat\n"
    wrong("a head that the model lacks", text + "[do]\nsay: x\nuntil: head is 7.0\n", 6, "until", "7")
    wrong("in the set-up, too", "[set]\nhead: 7.0\n[read]\nsay: x\n", 6, "[set]", "7")
    wrong("a word that the text lacks", text + "[do]\nsay: x\nuntil: query is \"dog\"\n", 6, "dog")
    wrong("a point that the text lacks", text + "[read]\nsay: x\npoint: token \"dog\"\n", 6, "point", "dog")
    wrong("a truth that no choice says",
          text + "[predict]\nask: x\nchoice: dog\nchoice: The\ntruth: strongest key of \"sat\" in 1.5\nbecause: y\n",
          6, "the model gives \"cat\"", "no choice")
    wrong("a truth that two choices say",
          text + "[predict]\nask: x\nchoice: cat\nchoice: cat, of course\n"
          "truth: strongest key of \"sat\" in 1.5\nbecause: y\n", 6, "more than one choice")
    wrong("a measure that cannot be computed", text + "[read]\nsay: {probability of \"xyzzy\"}\n", 6, "xyzzy")
    wrong("something to do that is done already", text + "[do]\nsay: x\nuntil: view is map\n", 6,
          "before anything is done")
    wrong("a model that is not there", "[set]\nmodel: no-such-model\n[read]\nsay: x\n", 6, "no-such-model")


def usage():
    code, _, err = run()
    check("no subcommand: wrong usage", code == 2 and err.startswith("headlight: "), (code, err))
    code, _, err = run("chekc")
    check("another one: wrong usage", code == 2, (code, err))
    code, out, _ = run("check", os.path.join(home, "none.lesson"))
    check("a file that is not there", code == 1 and "none.lesson" in out, (code, out))
    os.makedirs(os.path.join(home, "empty"))
    code, _, err = run("check", os.path.join(home, "empty"))
    check("a folder without lessons", code == 1 and "no .lesson file" in err, (code, err))


def listing():
    code, out, _ = run("list")
    check("list", code == 0 and out.count("not begun") == 7 and "Who sat where?" in out, out)
    own = os.path.join(home, "headlight", "lessons")
    os.makedirs(own)
    shutil.copy(os.path.join(home, "good.lesson"), own)
    with open(os.path.join(own, "bad.lesson"), "w", encoding="utf-8") as file:
        file.write("x\n")
    with open(os.path.join(home, "headlight", "lesson-progress"), "w", encoding="utf-8") as file:
        file.write("good\t0\t0\t1\t1\n1-who-sat-where\t2\t3\t10\t0\n")
    code, out, _ = run("list", "--json")
    rows = {row["name"]: row for row in json.loads(out)}
    check("own lessons are listed", code == 0 and rows["good"]["own"] and rows["good"]["done"], rows.get("good"))
    check("broken ones with what is wrong", "bad.lesson:1: " in rows["bad"]["problem"], rows.get("bad"))
    check("with progress", rows["1-who-sat-where"]["part"] == 3, rows["1-who-sat-where"])
    code, _, err = run("reset", "2-reading-a-map")
    check("what was never begun cannot be reset", code == 1 and "2-reading-a-map" in err, (code, err))
    code, _, _ = run("reset", "good")
    after = {row["name"]: row for row in json.loads(run("list", "--json")[1])}
    check("one lesson is reset", code == 0 and not after["good"]["done"] and "part" in after["1-who-sat-where"])
    code, _, _ = run("reset")
    check("all are", code == 0 and run("list")[1].count("not begun") == 8)


def opening():
    good = os.path.join(home, "good.lesson")
    picture = os.path.join(home, "first.png")
    ended = subprocess.run([PROGRAM, good, "--offscreen", picture], capture_output=True, text=True, timeout=120,
                           env=dict(os.environ, XDG_STATE_HOME=home), cwd=home, check=False)
    check("a lesson's file opens the window with it",
          ended.returncode == 0 and os.path.getsize(picture) > 1000, ended.stderr)
    bad = write("bad.lesson", "x\n")
    ended = subprocess.run([PROGRAM, bad, "--offscreen", picture], capture_output=True, text=True, timeout=120,
                           env=dict(os.environ, XDG_STATE_HOME=home), cwd=home, check=False)
    check("a broken one is refused at once", ended.returncode == 1 and "bad.lesson:1: " in ended.stderr,
          (ended.returncode, ended.stderr))
    code = subprocess.run([PROGRAM, good, "--text", "x"], capture_output=True, timeout=60, check=False).returncode
    check("a lesson with --text is wrong usage", code == 2, code)


def handouts():
    sheet = os.path.join(home, "sheet.pdf")
    code, _, err = run("handout", "4-what-heads-do", "-o", sheet)
    text = subprocess.run(["pdftotext", "-layout", sheet, "-"], capture_output=True, text=True, check=False).stdout
    answers = text[text.find("Answers"):]
    check("a hand-out has the questions, and the answers at the end",
          code == 0 and "Which word will the model" in text and "What heads do" in text and "B" in answers
          and text.find("Answers") > text.find("Which word will the model"), err)
    check("it says what to type", "red seven river chair music" in text, text[:400])
    code, _, err = run("handout", "4-what-heads-do", "-o", os.path.join(home, "sheet.txt"))
    check("another ending is refused", code == 2 and ".pdf" in err, (code, err))
    code, _, err = run("handout", "no-such-lesson", "-o", sheet)
    check("so is a lesson that there is not", code == 1 and "no-such-lesson" in err, (code, err))


for section in (checks, wrongs, usage, listing, opening, handouts):
    section()
shutil.rmtree(home, ignore_errors=True)
print(f"{len(passed)} passed, {len(failed)} failed")
sys.exit(1 if failed else 0)
