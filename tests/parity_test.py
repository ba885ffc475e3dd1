#!/usr/bin/env python3
"""Compares `headlight export` with an independent PyTorch implementation, for every model and edit.

    /usr/bin/python3 tests/parity_test.py build/headlight [MODEL ...]

Every head's weights have to agree within 1e-5 and the logits within 1e-4. A larger difference is
measured again against float64 before it counts: sharp heads with scores of 50 and more lose that
much in float32 itself, in PyTorch too. It is an error when Headlight is then still outside, by more
than three times what PyTorch's float32 is.
"""

import functools
import pathlib
import re
import subprocess
import sys
import tempfile

import numpy as np
import torch

import parity_cases
from reference_attention import allowed_cells
from reference_bart import KINDS, Bart
from reference_model import load_reference

ROOT = pathlib.Path(__file__).resolve().parent.parent
TOLERANCE = {"attentions": 1e-5, "logits": 1e-4}
FULL = ("tiny-gpt2", "tiny-llama-gqa", "tiny-llama2c.bin", "tiny-mistral", "tiny-headlight",
        "tiny-bert", "tiny-bart", "tiny-marian")  # These, and the program's own models, get every edit.
MASKED_TEXT = "The cat [MASK] on the mat. [SEP] The dog ran."


def largest(got, want):
    """The largest difference, and its index."""
    difference = np.abs(got.astype(np.float64) - want.astype(np.float64))
    difference[np.isnan(difference)] = np.inf
    at = np.unravel_index(difference.argmax(), difference.shape)
    return difference[at], [int(i) for i in at]


def map_faults(attentions, allowed):
    """Rows sum to 1, or are 0 where all is masked; what is masked or out of sight is exactly 0.
    allowed(layer, head) is [query, key]."""
    faults = []
    for layer, head in np.ndindex(attentions.shape[:2]):
        cells, weights = allowed(layer, head), attentions[layer, head].astype(np.float64)
        if (weights[~cells] != 0).any():
            faults.append(f"L{layer} H{head} looks at a masked key")
        if np.abs(weights.sum(1) - cells.any(1)).max() > 1e-5:
            faults.append(f"L{layer} H{head} has a row that does not sum to 1")
    return faults


class Subject:
    """A model under test, and its references in both precisions."""

    def __init__(self, path):
        self.path, self.name = path, path.name
        self.singles = load_reference(path, torch.float32)

    @functools.cached_property
    def doubles(self):
        return load_reference(self.path, torch.float64)


class Parity:
    def __init__(self, program, folder):
        self.program, self.folder = program, folder
        self.passed, self.failed = 0, 0
        self.limited = 0  # Outside the tolerance, but by no more than float32 allows.
        self.worst = {name: (0.0, [], "") for name in TOLERANCE}

    def export(self, model, arguments):
        output = self.folder / "x.npz"
        output.unlink(missing_ok=True)
        command = [self.program, "export", str(model), *arguments, "--all", "--quiet", "-o",
                   str(output)]
        done = subprocess.run(command, capture_output=True, text=True, timeout=120)
        if done.returncode != 0:
            message = f"exit code {done.returncode}: {done.stderr.strip()}"
            raise RuntimeError(f"{message}: {' '.join(command)}")
        with np.load(output) as arrays:
            return {name: arrays[name] for name in arrays.files}

    def finish(self, case, faults, notes):
        self.passed += not faults
        self.failed += bool(faults)
        print("ok  " if not faults else "FAIL", case, *notes, *faults, sep="  ", flush=True)

    def compare(self, case, subject, arguments, expected, other_faults):
        """expected(reference) gives attentions and logits (None: there are none), other_faults(got)
        what else is wrong in the arrays."""
        where = f"{case}: export {subject.path} {' '.join(arguments)}"
        try:
            got = self.export(subject.path, arguments)
            faults, notes = other_faults(got), []
            want = expected(subject.singles)
            exact = functools.cache(lambda: expected(subject.doubles))
            for name in TOLERANCE:
                mine, theirs = got.get(name), want[name]
                if theirs is None:
                    faults += [f"there are {name}"] if name in got else []
                elif mine is None or mine.dtype != np.float32 or mine.shape != theirs.shape:
                    is_what = "missing" if mine is None else f"{mine.dtype} {mine.shape}"
                    faults.append(f"{name}: {is_what}, expected {theirs.shape}")
                else:
                    self.measure(name, mine, theirs, exact, faults, notes, where)
        except (RuntimeError, subprocess.TimeoutExpired, OSError, LookupError, ValueError) as error:
            return self.finish(case, [f"{type(error).__name__}: {error}"], [])
        self.finish(case, faults, notes)

    def measure(self, name, got, want, exact, faults, notes, where):
        tolerance = TOLERANCE[name]
        difference, at = largest(got, want)
        notes.append(f"{name} {difference:.1e} at {at}")
        if difference > tolerance:
            ours, theirs = largest(got, exact()[name]), largest(want, exact()[name])
            notes.append(f"float64: Headlight {ours[0]:.1e} at {ours[1]}, "
                         f"PyTorch {theirs[0]:.1e} at {theirs[1]}")
            difference, at = ours
            if difference > max(tolerance, 3 * theirs[0]):
                faults.append(f"{name} differs by {difference:.1e} at {at}, over {tolerance:.0e}")
            else:
                self.limited += difference > tolerance
        if difference > self.worst[name][0]:
            self.worst[name] = (difference, at, where)

    def one_stack(self, case, subject, ids, arguments, edits, means=None, text=None):
        """Self-attention over ids; `text` is what they come from, if it is a text."""
        source = ["--text", text] if text else ["--ids", ",".join(map(str, ids))]
        model = subject.singles

        def faults(got):
            found, position = [], model.logits_position(list(ids))
            if list(got["token_ids"]) != list(ids):
                found.append(f"token_ids are {list(got['token_ids'])}")
            if len(got["tokens"]) != len(ids):
                found.append(f"{len(got['tokens'])} tokens, expected {len(ids)}")
            if "logits" in got and int(got["logits_position"]) != position:
                found.append(f"logits_position is {got['logits_position']}, expected {position}")

            def allowed(layer, head):
                mask = edits.get((layer, head), {}).get("mask", "none")
                return allowed_cells(mask, model.head_cells(layer, head, len(ids)), model.causal)

            return found + map_faults(got["attentions"], allowed)

        def expected(reference):
            return reference.run(ids, edits, means and means[reference is subject.doubles])

        self.compare(case, subject, [*source, *arguments], expected, faults)

    def two_stacks(self, case, subject, source, target, kind, arguments, edits):
        """The maps of one kind of an encoder-decoder; None: those that are shown by themselves."""
        model, maps, kind = subject.singles, ["--maps", kind] if kind else [], kind or "cross"
        queries = source if kind == "encoder" else target
        keys = target if kind == "decoder" else source

        def faults(got):
            found = []
            for name, ids in (("query_tokens", queries), ("key_tokens", keys)):
                if len(got[name]) != len(ids):
                    found.append(f"{len(got[name])} {name}, expected {len(ids)}")

            def allowed(layer, head):
                mask = edits.get((kind, layer, head), {}).get("mask", "none")
                own = model.cells(kind, layer, len(queries), len(keys))
                return allowed_cells(mask, own, kind == "decoder")

            return found + map_faults(got["attentions"], allowed)

        def expected(reference):
            result = reference.run(source, target, edits)
            return {"attentions": result[kind + "_attentions"], "logits": result["logits"]}

        ids = ["--ids", ",".join(map(str, source)), "--target-ids", ",".join(map(str, target))]
        self.compare(case, subject, [*ids, *maps, *arguments], expected, faults)


def reference_text():
    """The text over which Headlight takes means, from its source."""
    source = (ROOT / "core" / "mean_outputs.cpp").read_text()
    literal = re.search(r"reference_text =\s*((?:\"(?:\\.|[^\"\\])*\"\s*)+);", source).group(1)
    parts = re.findall(r"\"((?:\\.|[^\"\\])*)\"", literal)
    return "".join(parts).replace('\\"', '"')


def run_one_stack(parity, subject):
    model, path = subject.singles, subject.path
    full = subject.name in FULL or path.parent == ROOT / "assets" / "models"
    random = np.random.RandomState(1)
    tokenizer = (path / "merges.txt").exists() and model.causal
    means, text_ids = None, []
    if tokenizer:  # Of these it is clear what the means are taken over.
        text_ids = parity.export(path, ["--text", reference_text()])["token_ids"]
        text_ids = [int(id) for id in text_ids[: min(model.context, 256)]]
        means = model.mean_outputs(text_ids), subject.doubles.mean_outputs(text_ids)
    shape = model.layers, model.heads
    short, every = parity_cases.short_cases(*shape), parity_cases.full_cases(*shape, means)
    for n in (1, 2, 7, 31, model.context) if full else (1, 9, model.context):
        ids = [int(id) for id in random.randint(0, model.vocabulary, n)]
        cases = every if full and n in (7, 31) else short if n > 1 or full else short[:1]
        for name, arguments, edits in cases:
            case = f"{subject.name}  {n} tokens  {name}"
            parity.one_stack(case, subject, ids, arguments, edits, means)
    if means:  # Text, whose maps are less even than those of random ids.
        for name, arguments, edits in every if full else short + parity_cases.mean_cases(*shape):
            parity.one_stack(f"{subject.name}  text  {name}", subject, text_ids, arguments, edits,
                             means, text=reference_text())


def run_masked(parity, subject):
    """Where the prediction is made, and which tokens are of the second sentence."""
    model, random = subject.singles, np.random.RandomState(2)
    if model.mask_id is None:
        return
    plain = [id for id in range(10, model.vocabulary - 1)]
    mask, separator = model.mask_id, model.separator
    padding = 0 if model.padding is None else model.padding  # Looked at like any other token.
    for name, places in (("a masked token", {4: mask}),
                         ("padding inside and behind", {3: padding, 7: mask, 11: padding}),
                         ("two masked tokens", {3: mask, 9: mask}),
                         ("the first and the last masked", {0: mask, 11: mask}),
                         ("two sentences", {0: model.first_id, 5: separator, 11: separator}),
                         ("a separator at the end", {11: separator}),
                         ("two sentences, one masked token", {6: separator, 8: mask})):
        ids = [places.get(i, int(id)) for i, id in enumerate(random.choice(plain, 12))]
        for case, arguments, edits in parity_cases.short_cases(model.layers, model.heads)[:2]:
            parity.one_stack(f"{subject.name}  {name}  {case}", subject, ids, arguments, edits)
    text = MASKED_TEXT
    if (subject.path / "vocab.json").exists():
        text = text.replace("[MASK]", "<mask>").replace("[SEP]", "</s>")
    ids = [int(id) for id in parity.export(subject.path, ["--text", text])["token_ids"]]
    if ids.count(mask) != 1 or ids.count(separator) not in (2, 3):
        parity.finish(f"{subject.name}  text", [f"the ids of {text!r} are {ids}"], [])
    parity.one_stack(f"{subject.name}  text", subject, ids, [], {}, text=text)


def run_two_stacks(parity, subject):
    model, random = subject.singles, np.random.RandomState(1)
    full = subject.name in FULL
    for sources, targets in ((1, 1), (9, 4), (5, 12), (model.context, model.context)):
        source, target = ([int(id) for id in random.randint(0, model.vocabulary, n)]
                          for n in (sources, targets))
        target[0] = model.start
        at = f"{subject.name}  {sources} -> {targets} tokens"
        every = full and 1 < targets < model.context
        cases = parity_cases.two_stack_cases(model, sources, targets, every)
        for name, arguments, edits in cases if targets > 1 else cases[:1]:
            for kind in KINDS:
                case = f"{at}  {kind}  {name}"
                parity.two_stacks(case, subject, source, target, kind, arguments, edits)
        if targets == 4:  # A head without a kind is one of the maps that are shown.
            for kind in (None, *KINDS):
                edits = {(kind or "cross", 1, 0): parity_cases.ZERO}
                case = f"{at}  {kind or 'no --maps'}  1.0 pruned"
                parity.two_stacks(case, subject, source, target, kind, ["--prune", "1.0"], edits)


def run_model(parity, path):
    subject = Subject(path)
    if isinstance(subject.singles, Bart):
        return run_two_stacks(parity, subject)
    run_one_stack(parity, subject)
    if not subject.singles.causal:
        run_masked(parity, subject)


def models():
    """Every fixture, and the models of the program."""
    for folder in [*sorted((ROOT / "tests" / "data" / "models").iterdir()),
                   *sorted((ROOT / "assets" / "models").iterdir()),
                   *sorted((ROOT / "assets" / "models" / "variants").glob("*/"))]:
        if (folder / "config.json").exists():
            yield folder
        yield from (file for file in sorted(folder.glob("*.bin")) if file.name != "tokenizer.bin")


def main():
    if len(sys.argv) < 2:
        sys.exit("usage: parity_test.py PROGRAM [MODEL ...]")
    torch.set_num_threads(1)
    with tempfile.TemporaryDirectory() as folder:
        parity = Parity(str(pathlib.Path(sys.argv[1]).resolve()), pathlib.Path(folder))
        for model in [pathlib.Path(path).resolve() for path in sys.argv[2:]] or models():
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
