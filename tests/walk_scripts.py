"""Runs what `headlight walk` writes as a learner would, for the tests.

All scripts run in this one process, because PyTorch takes longer to load than a script to run.
"""

import contextlib
import io
import json
import os
import pathlib
import subprocess
import sys
import tempfile
import time

import torch

source = pathlib.Path(__file__).resolve().parent.parent
assets = source / "assets" / "models"
fixtures = source / "tests" / "data" / "models"
program = os.path.abspath(sys.argv[1])
passed, failures = 0, []
AGREED = "All agree: NumPy, PyTorch and the window."
SENTENCE = "The cat sat on the mat and the cat slept."


def check(what, good, detail=""):
    global passed
    if good:
        passed += 1
    else:
        failures.append(what)
        print(f"FAILED: {what}: {str(detail)[-600:]}", flush=True)


def headlight(*arguments):
    return subprocess.run([program, *map(str, arguments)], capture_output=True, timeout=120,
                          text=True, errors="replace")


def walk(output, *arguments):
    """Writes a script and gives its text, or nothing where the program refused."""
    output.unlink(missing_ok=True)
    done = headlight("walk", *arguments, "-o", output)
    check(f"walk {' '.join(map(str, arguments))} exits with 0", done.returncode == 0, done.stderr)
    return output.read_text(encoding="utf-8") if output.exists() else ""


def run(code, folder, name="walk.py"):
    """What the code printed, and its error: a sentence, or nothing."""
    out, hook, here = io.StringIO(), sys.excepthook, os.getcwd()
    error = ""
    try:
        os.chdir(folder)
        with contextlib.redirect_stdout(out):
            exec(compile(code, name, "exec"),
                 {"__name__": "__main__", "__file__": str(folder / name)})
    except Exception as raised:  # Whatever a learner's lines may do.
        error = f"{type(raised).__name__}: {raised}"
    finally:
        os.chdir(here)
        sys.excepthook = hook
    return out.getvalue(), error


def cells(notebook):
    """id -> code, of a notebook's code cells."""
    return {cell["id"]: "".join(cell["source"]) for cell in json.loads(notebook)["cells"]
            if cell["cell_type"] == "code"}


def agrees(what, code, folder, last=AGREED):
    out, error = run(code, folder)
    check(f"{what} ends in agreement", not error and out.rstrip().endswith(last), error or out)
    return out


def main(*parts):
    """Runs the parts, each with a folder to write into, and ends with the program's verdict."""
    torch.set_num_threads(1)
    with tempfile.TemporaryDirectory() as name:
        for part in parts:
            start = time.time()
            part(pathlib.Path(name))
            print(f"{part.__name__}: {time.time() - start:.1f} s", flush=True)
    print(f"{passed} passed, {len(failures)} failed")
    sys.exit(1 if failures else 0)
