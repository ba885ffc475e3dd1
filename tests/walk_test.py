#!/usr/bin/env python3
"""Every number of the walk, for all heads, against PyTorch: walk_test.py PROGRAM

Each tensor of `headlight walk -o FILE.npz` is compared with what our own PyTorch reference has at
that place. A number may differ by 1e-5 of its row's largest (but at least of 1); a weight by 1e-5 of
the row's largest score, because e^score is off by as much as the score is. What differs more is
measured again against float64, and has to be as near to it there as PyTorch's float32, three times
over.
Prints `N passed, N failed`.
"""

import functools
import json
import math
import os
import pathlib
import subprocess
import sys
import tempfile

import numpy as np
import torch

from reference_model import load_reference

ROOT = pathlib.Path(__file__).resolve().parent.parent
MODELS, VARIANTS = ROOT / "assets" / "models", ROOT / "assets" / "models" / "variants"
FIXTURES = ROOT / "tests" / "data" / "models"
program = os.path.abspath(sys.argv[1])
SENTENCE = "The cat sat on the mat, and the cat slept."
TOLERANCE = 1e-5
HEADS_OWN = ("q", "k", "v", "products", "scores", "masked", "weights", "z")
passed, failures, worst = 0, [], {}


def check(what, good, detail=""):
    global passed
    if good:
        passed += 1
    else:
        failures.append(what)
        print(f"FAILED: {what}: {str(detail)[-600:]}", flush=True)


def headlight(*arguments):
    return subprocess.run([program, *map(str, arguments)], capture_output=True, timeout=120,
                          text=True)


def walk(folder, path, source, head, arguments=()):
    output = folder / "walk.npz"
    done = headlight("walk", path, *source, "--head", head, *arguments, "-o", output, "--quiet")
    if done.returncode != 0:
        raise RuntimeError(done.stderr)
    with np.load(output) as file:
        return {name: file[name] for name in file.files}


def expected(step, head, d_head):
    """What a walk through this head has, from a layer's step of the reference."""
    tensors = {name: values[head] if name in HEADS_OWN else values for name, values in step.items()}
    own = slice(head * d_head, (head + 1) * d_head)
    tensors["contribution"] = step["concatenated"][:, own] @ step["w_o"][own]
    return {name: values.numpy() for name, values in tensors.items()}


def difference(got, want, scores):
    """The largest difference, in parts of what a difference counts against."""
    if got.shape != want.shape:
        return math.inf
    row = np.abs(np.where(np.isfinite(scores), scores, 0)).max(-1, keepdims=True)
    with np.errstate(invalid="ignore"):
        off = np.where(got == want, 0, np.abs(got.astype(np.float64) - want))
    off = np.where(np.isnan(off), math.inf, off) / np.maximum(1, row)
    return off.max(initial=0)


def compare(what, got, want, exact):
    tensors = {name: values for name, values in got.items() if not name.endswith("tokens")}
    check(f"{what}: the tensors are those of the reference", set(tensors) == set(want),
          set(tensors) ^ set(want))
    for name in set(tensors) & set(want):
        rows = want["scores"] if name in ("weights", "masked") else want[name]
        off = difference(tensors[name], want[name], rows)
        worst[name] = max(worst.get(name, 0), off)
        good = off <= TOLERANCE
        if not good:
            ours = difference(tensors[name], exact()[name], rows)
            theirs = difference(want[name], exact()[name], rows)
            good = ours <= max(TOLERANCE, 3 * theirs)
            print(f"{what} {name}: {off:.1e}; to float64 Headlight {ours:.1e}, "
                  f"PyTorch {theirs:.1e}")
        check(f"{what}: {name}", good, off)


def every_head(folder, path, source, heads=None, arguments=(), edits=None):
    """heads: (layer, head) pairs; None: all of them."""
    single = load_reference(path, torch.float32)
    every = [(layer, head) for layer in range(single.layers) for head in range(single.heads)]
    first = f"{every[0][0]}.{every[0][1]}"
    if source[0] == "--ids":
        ids = [int(id) for id in source[1].split(",")]
    else:
        done = headlight("export", path, *source, "--head", first, "-o", folder / "x.npz",
                         "--quiet")
        check(f"{path.name}: export gives the ids", done.returncode == 0, done.stderr)
        ids = [int(id) for id in np.load(folder / "x.npz")["token_ids"]]
    steps = single.walk(ids, edits)
    exact = functools.cache(lambda: load_reference(path, torch.float64).walk(ids, edits))
    for layer, head in heads or every:
        what = f"{path.name} L{layer} H{head} {' '.join(arguments)}"
        got = walk(folder, path, source, f"{layer}.{head}", arguments)
        compare(what, got, expected(steps[layer], head, single.d_head),
                lambda: expected(exact()[layer], head, single.d_head))


def value_of(cell):
    """The arithmetic of a derivation, done again."""
    terms, rule = cell["terms"], cell["rule"]
    total = math.fsum(term["left"] * term["right"] for term in terms)
    if rule in ("copied", "sum"):
        return total * cell.get("factor", 1)
    if rule == "divided":
        return total / cell["divisor"]
    if rule == "softmax":
        return math.exp(terms[0]["left"] - cell["largest"]) / cell["total"]
    if rule == "normed":
        return (total - cell["mean"]) / cell["deviation"] * cell["gain"] + cell["bias"]
    return None


def derivations(folder, model, head, arguments=()):
    """A number of each tensor, by the arithmetic that is written out beside it."""
    output = folder / "walk.json"
    rules = set()
    source = ["--text", SENTENCE]
    names = [name for name in walk(folder, MODELS / model, source, head,
                                   arguments) if name != "tokens"]
    for name in names:
        at = f"{name},3,1"
        done = headlight("walk", model, *source, "--head", head, *arguments, "--cell", at, "-o",
                         output)
        check(f"{model} {at}: written", done.returncode == 0, done.stderr)
        file = json.loads(output.read_text())
        tensor, cell = file["tensors"][name], file["cell"]
        check(f"{model} {at}: as long as its shape says",
              len(tensor["values"]) == tensor["shape"][0] and
              all(len(row) == tensor["shape"][1] for row in tensor["values"]))
        check(f"{model} {at}: the cell is the tensor's", tensor["values"][3][1] == cell["value"],
              cell)
        for term in cell["terms"]:
            for side in ("left", "right"):
                if place := term.get(side + "_cell"):
                    values = file["tensors"][place["tensor"]]["values"]
                    there = values[place["row"]][place["column"]]
                    check(f"{model} {at}: {place} is where it says", there == term[side],
                          (there, term))
        rules.add(cell["rule"])
        if (value := value_of(cell)) is not None:
            check(f"{model} {at}: the arithmetic gives it",
                  abs(value - cell["value"]) <= 2e-5 * max(1, abs(cell["value"])), (value, cell))
    check(f"{model}: the rules differ", {"given", "sum", "divided", "softmax"} <= rules, rules)


def main():
    torch.set_num_threads(1)
    text = ["--text", SENTENCE]
    ids = ["--ids", "5,9,17,5,9,30,31,2,40"]
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        for path in (MODELS / "mini-gpt", MODELS / "mini-bert", VARIANTS / "grouped-query",
                     VARIANTS / "routed-heads"):
            every_head(folder, path, text)
        few = [(0, 1), (1, 0)]
        for variant in ("convolution", "learned-temperature", "multi-scale", "multi-resolution"):
            every_head(folder, VARIANTS / variant, text, [(0, 7), (3, 2)])
        for fixture in ("tiny-gpt2", "tiny-llama-gqa", "tiny-mistral", "tiny-qwen3", "tiny-gemma",
                        "tiny-headlight",
                        "tiny-bert", "tiny-roberta", "tiny-distilbert"):
            every_head(folder, FIXTURES / fixture, ids, few)
        every_head(folder, FIXTURES / "tiny-gpt2", ["--ids", "7"], few)
        for path in (MODELS / "mini-gpt", MODELS / "mini-bert"):
            every_head(folder, path, text, [(2, 1), (2, 3), (3, 0)],
                       ["--mask", "2.1=local:2", "--temperature", "2.1=0.5", "--gain", "2.3=0.25",
                        "--prune", "1.0"],
                       {(2, 1): {"mask": "local:2", "temperature": 0.5}, (2, 3): {"gain": 0.25},
                        (1, 0): {"gain": 0.0}})
        derivations(folder, "mini-gpt", "0.2")
        derivations(folder, "mini-bert", "1.2", ["--temperature", "1.2=2"])
    print("largest differences: " + ", ".join(f"{name} {off:.1e}" for name,
                                              off in sorted(worst.items())))
    print(f"{passed} passed, {len(failures)} failed")
    sys.exit(1 if failures else 0)


if __name__ == "__main__":
    main()
