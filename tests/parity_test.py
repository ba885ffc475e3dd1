#!/usr/bin/env python3
"""Compares `headlight export` with an independent PyTorch implementation, for every model and edit.

    /usr/bin/python3 tests/parity_test.py build/headlight

Every head's weights have to agree within 1e-5 and the logits within 1e-4. A larger difference is
measured again against float64 before it counts: sharp heads with scores of 50 and more lose that
much in float32 itself, in PyTorch too. It is an error when Headlight is then still outside, by more
than three times what PyTorch's float32 is.
"""

import pathlib
import re
import subprocess
import sys
import tempfile

import numpy as np
import torch

from reference_model import ReferenceModel, allowed_cells

ROOT = pathlib.Path(__file__).resolve().parent.parent
TOLERANCE = {"attentions": 1e-5, "logits": 1e-4}


def edit_cases(layers, heads):
    """(name, arguments of the program, the same edits for the reference)"""
    a, b, c = (0, 1), (1, 0), (layers - 1, heads - 1)
    name = lambda id: f"{id[0]}.{id[1]}"
    every = [(layer, head) for layer in range(layers) for head in range(heads)]
    zero = {"gain": 0.0}
    cases = [
        ("no edit", [], {}),
        ("one head pruned", ["--prune", name(b)], {b: zero}),
        ("two heads pruned", ["--prune", f"{name(a)},{name(c)}"], {a: zero, c: zero}),
        ("a layer pruned", ["--prune", "1.*"], {(1, head): zero for head in range(heads)}),
        ("all heads pruned", ["--prune", "*.*"], {id: zero for id in every}),
        ("gain 0.5 and -1.5", ["--gain", f"{name(a)}=0.5,{name(c)}=-1.5"],
         {a: {"gain": 0.5}, c: {"gain": -1.5}}),
        ("temperature 0.25 and 3", ["--temperature", f"{name(a)}=0.25,{name(c)}=3"],
         {a: {"temperature": 0.25}, c: {"temperature": 3.0}}),
        ("one head at its mean", ["--prune", name(b), "--replace", "mean"], {b: {**zero, "replace": "mean"}}),
        ("two heads half at their means", ["--gain", f"{name(a)}=0.5,{name(c)}=0.25", "--replace", "mean"],
         {a: {"gain": 0.5, "replace": "mean"}, c: {"gain": 0.25, "replace": "mean"}}),
    ]
    for mask in ("causal", "local:0", "local:3", "dilated:2:3", "global:0", "global:2", "block:4",
                 "random:3:7", "local:2+global:1", "dilated:4:2+block:3+random:2:5"):
        cases.append((f"mask {mask}", ["--mask", f"{name(a)}={mask}", "--mask", f"{name(c)}={mask}"],
                      {a: {"mask": mask}, c: {"mask": mask}}))
    cases.append(("mask local:1 everywhere", ["--mask", "*.*=local:1"], {id: {"mask": "local:1"} for id in every}))
    cases.append(("all at once",
                  ["--prune", name(b), "--gain", f"{name(c)}=1.25", "--temperature", f"{name(a)}=0.5",
                   "--mask", f"{name(a)}=local:4+global:1", "--replace", "mean"],
                  {b: {**zero, "replace": "mean"}, c: {"gain": 1.25, "replace": "mean"},
                   a: {"temperature": 0.5, "mask": "local:4+global:1"}}))
    return cases


def largest(got, want):
    """The largest difference, and its index."""
    difference = np.abs(got.astype(np.float64) - want.astype(np.float64))
    difference[np.isnan(difference)] = np.inf
    at = np.unravel_index(difference.argmax(), difference.shape)
    return difference[at], [int(i) for i in at]


class Parity:
    def __init__(self, program, folder):
        self.program, self.folder = program, folder
        self.passed, self.failed = 0, 0
        self.limited = 0  # Outside the tolerance, but by no more than float32 allows.
        self.worst = {name: (0.0, [], "") for name in TOLERANCE}

    def export(self, model, arguments):
        output = self.folder / "x.npz"
        output.unlink(missing_ok=True)
        command = [self.program, "export", str(model), *arguments, "--all", "--quiet", "-o", str(output)]
        done = subprocess.run(command, capture_output=True, text=True, timeout=120)
        if done.returncode != 0:
            raise RuntimeError(f"{' '.join(command)}: exit code {done.returncode}: {done.stderr.strip()}")
        with np.load(output) as arrays:
            return {name: arrays[name] for name in arrays.files}

    def finish(self, case, faults, notes):
        self.passed += not faults
        self.failed += bool(faults)
        print("ok  " if not faults else "FAIL", case, *notes, *faults, sep="  ", flush=True)

    def compare(self, case, arguments, model, ids, edits, singles, doubles, means):
        try:
            got = self.export(model, arguments)
        except (RuntimeError, subprocess.TimeoutExpired, OSError, KeyError, ValueError) as error:
            return self.finish(case, [str(error)], [])
        faults, notes = [], []
        n = len(ids)
        if list(got["token_ids"]) != list(ids):
            faults.append(f"token_ids are {list(got['token_ids'])}")
        if len(got["tokens"]) != n:
            faults.append(f"{len(got['tokens'])} tokens, expected {n}")
        want = singles.run(ids, edits, means and means[0])
        for name, tolerance in TOLERANCE.items():
            if got[name].dtype != np.float32 or got[name].shape != want[name].shape:
                faults.append(f"{name} is {got[name].dtype} {got[name].shape}, expected {want[name].shape}")
                continue
            difference, at = largest(got[name], want[name])
            notes.append(f"{name} {difference:.1e} at {at}")
            if difference > tolerance:
                exact = doubles.run(ids, edits, means and means[1])[name]
                ours, theirs = largest(got[name], exact), largest(want[name], exact)
                notes.append(f"float64: Headlight {ours[0]:.1e} at {ours[1]}, PyTorch {theirs[0]:.1e} at {theirs[1]}")
                difference, at = ours
                self.limited += difference > tolerance
                if difference > max(tolerance, 3 * theirs[0]):
                    faults.append(f"{name} differs by {difference:.1e} at {at}, more than {tolerance:.0e}")
                    self.limited -= 1
            if difference > self.worst[name][0]:
                self.worst[name] = (difference, at, f"{case}: export {model} {' '.join(arguments)}")
        faults += self.check_maps(got["attentions"], edits)
        self.finish(case, faults, notes)

    @staticmethod
    def check_maps(attentions, edits):
        """Rows sum to 1, or are 0 where all is masked; what is masked or ahead is exactly 0."""
        layers, heads, n, _ = attentions.shape
        faults = []
        for layer in range(layers):
            for head in range(heads):
                allowed = allowed_cells(edits.get((layer, head), {}).get("mask", "none"), n)
                weights = attentions[layer, head].astype(np.float64)
                if (weights[~allowed] != 0).any():
                    faults.append(f"L{layer} H{head} looks at a masked key")
                if np.abs(weights.sum(1) - allowed.any(1)).max() > 1e-5:
                    faults.append(f"L{layer} H{head} has a row that does not sum to 1")
        return faults


def reference_text():
    """The text over which Headlight takes means, from its source."""
    source = (ROOT / "core" / "mean_outputs.cpp").read_text()
    literal = re.search(r"reference_text =\s*((?:\"(?:\\.|[^\"\\])*\"\s*)+);", source).group(1)
    parts = re.findall(r"\"((?:\\.|[^\"\\])*)\"", literal)
    return "".join(parts).replace('\\"', '"')


def run_model(parity, folder):
    singles = ReferenceModel(folder, torch.float32)
    doubles = ReferenceModel(folder, torch.float64)
    random = np.random.RandomState(1)
    text_ids = [int(id) for id in parity.export(folder, ["--text", reference_text()])["token_ids"]]
    text_ids = text_ids[: min(singles.context, 256)]
    means = singles.mean_outputs(text_ids), doubles.mean_outputs(text_ids)
    for n in (1, 2, 7, 31, singles.context):
        ids = [int(id) for id in random.randint(0, singles.vocabulary, n)]
        for name, arguments, edits in edit_cases(singles.layers, singles.heads):
            parity.compare(f"{folder.name}  {n} tokens  {name}", ["--ids", ",".join(map(str, ids)), *arguments],
                           folder, ids, edits, singles, doubles, means)
    # Text, whose maps are less even than those of random ids.
    for name, arguments, edits in edit_cases(singles.layers, singles.heads):
        parity.compare(f"{folder.name}  text  {name}", ["--text", reference_text(), *arguments], folder,
                       text_ids, edits, singles, doubles, means)


def main():
    if len(sys.argv) != 2:
        sys.exit("usage: parity_test.py PROGRAM")
    torch.set_num_threads(1)
    models = sorted((ROOT / "tests" / "data" / "models").iterdir()) + [ROOT / "assets" / "models" / "mini-gpt"]
    with tempfile.TemporaryDirectory() as folder:
        parity = Parity(str(pathlib.Path(sys.argv[1]).resolve()), pathlib.Path(folder))
        for model in models:
            try:
                run_model(parity, model)
            except Exception as error:  # One model that cannot be read must not hide the others.
                parity.finish(model.name, [f"{type(error).__name__}: {error}"], [])
    for name, (difference, at, case) in parity.worst.items():
        print(f"largest difference of {name}: {difference:.2e} at {at}, {case[:300]}")
    print(f"outside the tolerance by the rounding of float32 itself: {parity.limited}")
    print(f"{parity.passed} passed, {parity.failed} failed")
    sys.exit(1 if parity.failed else 0)


if __name__ == "__main__":
    main()
