#!/usr/bin/env python3
"""headlight compare as scripts meet it: compare_command_test.py PROGRAM

Maps, predictions and losses are compared with the independent PyTorch models of reference_model.py,
masks with their definitions. Prints `N passed, N failed`.
"""

import csv
import json
import os
import pathlib
import subprocess
import sys
import tempfile

import numpy
import torch

from reference_model import load_reference

source = pathlib.Path(__file__).resolve().parent.parent
fixtures = source / "tests" / "data" / "models"
program = os.path.abspath(sys.argv[1])
passed, failures = 0, []
text = "the cat sat on the mat and the cat ran"
masks = "none,local:2,dilated:2:2,global:1,local:1+global:2,block:3"


def check(what, good, detail=""):
    global passed
    if good:
        passed += 1
    else:
        failures.append(what)
        print(f"FAILED: {what} {detail}")


def run(*arguments):
    return subprocess.run([program, *map(str, arguments)], capture_output=True, timeout=300)


def output(*arguments):
    done = run(*arguments)
    check(f"{arguments[0]} runs: {arguments[1:]}", done.returncode == 0, done.stderr)
    return done.stdout.decode()


def refused(what, *arguments, mention="", code=2):
    done = run("compare", *arguments)
    error = done.stderr.decode(errors="replace")
    good = (done.returncode == code and error.startswith("headlight: ") and
            error.count("\n") == 1 and mention in error and "[" not in error)
    check(f"refused: {what}", good, (done.returncode, error))


def allowed(mask, n):
    """The definition, cell by cell, of a causal model."""
    grid = numpy.zeros((n, n), bool)
    for part in mask.split("+"):
        name, *numbers = part.split(":")
        a, b = [*map(int, numbers), 0, 0][:2]
        for q in range(n):
            for k in range(q + 1):
                grid[q, k] |= {"none": True, "local": q - k <= a,
                               "dilated": b > 0 and (q - k) % b == 0 and q - k <= a * b,
                               "global": q < a or k < a,
                               "block": a > 0 and q // a == k // a}[name]
    return grid


def run_by_torch(model, ids, mask, heads):
    """Weights and log-probabilities with a mask on all the heads."""
    reference = load_reference(model, torch.float64)
    edits = {head: {"mask": mask} for head in heads}
    notes = {"attentions": [], "z": []}
    with torch.no_grad():
        states = reference.hidden(list(ids), edits, None, notes)
        logits = torch.stack([reference.logits(state) for state in states])
    return notes["attentions"], torch.log_softmax(logits, -1)


def heads_of(model):
    config = json.loads((model / "config.json").read_text())
    layers = config.get("num_hidden_layers", config.get("n_layer"))
    count = config.get("num_attention_heads", config.get("n_head"))
    return [(layer, head) for layer in range(layers) for head in range(count)]


def test_numbers():
    model = fixtures / "tiny-gpt2"
    heads = heads_of(model)
    columns = json.loads(output("compare", model, "--text", text, "--masks", masks, "--head",
                                "1.0", "--json"))["columns"]
    check("columns", [c["mask"] for c in columns] == masks.split(","))
    file = folder / "ids.json"
    output("export", model, "--text", text, "--head", "0.0", "-o", file)
    ids = json.loads(file.read_text())["token_ids"]
    n = len(ids)
    plain, first = run_by_torch(model, ids, "none", heads)
    base = numpy.array(plain[1][0])
    for column in columns:
        mask = column["mask"]
        grid = allowed(mask, n)
        maps, said = run_by_torch(model, ids, mask, heads)
        got, want = numpy.array(column["weights"]), numpy.array(maps[1][0])
        check(f"{mask}: map", numpy.abs(got - want).max() < 1e-5, numpy.abs(got - want).max())
        check(f"{mask}: masked cells are 0", not got[~grid].any())
        kl = (first.exp() * (first - said)).sum(-1)
        check(f"{mask}: kl", abs(column["kl"] - kl.mean().item()) < 1e-4, (column["kl"], kl.mean()))
        check(f"{mask}: kl here", abs(column["prediction"]["kl"] - kl[-1].item()) < 1e-4)
        top = column["prediction"]["top"][0]
        check(f"{mask}: prediction", abs(top["probability"] - said[-1].exp().max().item()) < 1e-5)
        removed = numpy.where(grid, 0, base)[numpy.tril_indices(n)].sum() / n
        check(f"{mask}: weight removed", abs(column["weight_removed"] - removed) < 1e-5,
              (column["weight_removed"], removed))
        check(f"{mask}: cells", column["cells"] == grid.sum() and
              column["full_cells"] == n * (n + 1) // 2 and column["all_cells"] == n * n)
        rows = numpy.maximum(want, 1e-300)
        entropy = -(rows * numpy.log(rows)).sum(1).mean()
        check(f"{mask}: entropy", abs(column["entropy"] - entropy) < 1e-4,
              (column["entropy"], entropy))
        distance = (want * numpy.abs(numpy.subtract.outer(range(n), range(n)))).sum(1).mean()
        check(f"{mask}: distance", abs(column["mean_distance"] - distance) < 1e-4)
        reach = numpy.eye(n, dtype=bool)
        depth = numpy.where(reach[-1], 0, -1)
        for layer in range(heads[-1][0] + 1):
            reach = ((grid | numpy.eye(n, dtype=bool)).astype(int) @ reach.astype(int)) > 0
            depth = numpy.where((depth < 0) & reach[-1], layer + 1, depth)
        check(f"{mask}: receptive field", column["receptive_field"]["depth"] == depth.tolist(),
              (column["receptive_field"], depth))
        check(f"{mask}: cost at 1k", column["costs"][0]["cells"] == allowed_count(mask, 1024))


def allowed_count(mask, n):
    q, k = numpy.indices((n, n))
    grid = numpy.zeros((n, n), bool)
    for part in mask.split("+"):
        name, *numbers = part.split(":")
        a, b = [*map(int, numbers), 0, 0][:2]
        if name == "none":
            grid |= True
        elif name == "local":
            grid |= q - k <= a
        elif name == "dilated":
            grid |= ((q - k) % b == 0) & (q - k <= a * b)
        elif name == "global":
            grid |= (q < a) | (k < a)
        elif name == "block":
            grid |= q // a == k // a
    return int((grid & (k <= q)).sum())


def test_places():
    model = fixtures / "tiny-gpt2"
    edited = lambda on: json.loads(output("compare", model, "--text", text, "--masks",
                                          "none,local:2", "--head", "1.0", "--on", on,
                                          "--json"))["columns"][1]["edits"]
    heads = heads_of(model)
    check("on head", [(e["layer"], e["head"]) for e in edited("head")] == [(1, 0)])
    check("on layer", [(e["layer"], e["head"]) for e in edited("layer")] ==
          [h for h in heads if h[0] == 1])
    check("on all", [(e["layer"], e["head"]) for e in edited("all")] == heads)
    split = json.loads(output("compare", "--text", text, "--masks", "none,split:3:2",
                              "--json"))["columns"][1]["edits"]
    want = {(layer, head): "local:3" if head < 2 else "dilated:3:2"
            for layer in range(4) for head in range(4)}  # 6 heads: the last third has none
    check("split", {(e["layer"], e["head"]): e["mask"] for e in split} == want, split)


def test_files():
    common = ["compare", "--text", text, "--head", "2.3"]
    for ending, start in ((".png", b"\x89PNG"), (".svg", b"<?xml"), (".pdf", b"%PDF")):
        file = folder / f"masks{ending}"
        output(*common, "-o", file)
        check(f"figure as {ending}", file.read_bytes().startswith(start))
    file = folder / "masks.json"
    output(*common, "-o", file)
    data = json.loads(file.read_text())
    check("default masks", [c["mask"] for c in data["columns"]] ==
          ["none", "local:4", "dilated:4:2", "global:1"])
    check("printed JSON", json.loads(output(*common, "--json")) == data)
    file = folder / "masks.csv"
    output(*common, "-o", file)
    rows = list(csv.DictReader(file.open(newline="")))
    check("CSV as JSON", [float(r["kl"]) for r in rows] == [c["kl"] for c in data["columns"]])
    check("table", "weight taken away" in output(*common))
    lossy = json.loads(output(*common, "--masks", "none,local:4", "--loss", "--json"))["columns"]
    check("loss", 0 < lossy[0]["loss"] < lossy[1]["loss"], [c["loss"] for c in lossy])
    importance = json.loads(output("importance", "--json"))["sets"][0]["loss"]
    check("loss as importance has it", abs(lossy[0]["loss"] - importance) < 1e-6)
    heads = json.loads(output("compare", "--text", text, "--head", "0.1,1.0",
                              "--json"))["columns"]
    alone = json.loads(output("compare", "--text", text, "--head", "1.0", "--masks", "none",
                              "--json"))["columns"]
    check("two heads are two columns", len(heads) == 2 and heads[1]["entropy"] == alone[0]["entropy"]
          and heads[0]["entropy"] != heads[1]["entropy"], heads)
    check("and named in the table", "L1 H0 no mask" in output("compare", "--text", text,
                                                              "--head", "0.1,1.0"))
    two = json.loads(output("compare", "--text", text, "--text", "The dog ran", "--json"))["columns"]
    check("two texts", [c["mask"] for c in two] == ["none", "none"] and "kl" not in two[1] and
          two[1]["prediction"]["kl"] > 0)
    models = json.loads(output("compare", fixtures / "tiny-gpt2", "--with", fixtures /
                               "tiny-llama-gqa", "--text", "5 6 7", "--json"))["columns"]
    check("two models", [c["model"] for c in models] == ["tiny-gpt2", "tiny-llama-gqa"])
    bart = json.loads(output("compare", fixtures / "tiny-bart", "--text", "a cat sat", "--head",
                             "encoder:0.1", "--json", "--masks", "none,local:1"))["columns"]
    check("two stacks", bart[1]["cells"] < bart[1]["full_cells"] and
          all("encoder" == e["kind"] for e in bart[1]["edits"]))
    bert = json.loads(output("compare", fixtures / "tiny-bert", "--text", text, "--json"))["columns"]
    check("both ways", bert[0]["cells"] == bert[0]["all_cells"])


def test_notices_and_refusals():
    common = ["--text", text, "-o", folder / "x.png"]
    for mask, mention in (("local:999", "hides nothing"), ("global:0", "hides everything"),
                          ("global:99", "hides nothing")):
        done = run("compare", *common, "--masks", f"none,{mask}")
        error = done.stderr.decode()
        check(f"notice for {mask}", done.returncode == 0 and mention in error and
              error.count("\n") == 1, error)
        check("quiet", run("compare", *common, "--masks", mask, "--quiet").stderr == b"")
    for mask in ("local:-1", "local:0.5", "dilated:2:0", "dilated:2", "local:99999999999", "block:0",
                 "some", "", "local:4,,none", "split:1", "split:1:0"):
        refused(f"mask {mask!r}", *common, "--masks", mask or ",", mention="--masks")
    refused("a head that is not there", *common, "--head", "9.0", mention="9.0")
    refused("too many heads", *common, "--head", "*.*", mention="columns")
    refused("no head", *common, "--head", "x", mention="--head")
    refused("an odd place", *common, "--on", "some", mention="head|layer|all")
    refused("an odd ending", "--text", text, "-o", folder / "x.npz", mention=".csv")
    refused("no text", "-o", folder / "x.png", mention="no text")
    refused("too many columns", *common, "--masks", ",".join(["none"] * 9), mention="at most 8")
    refused("a position behind the text", *common, "--position", "99", mention="--position")
    refused("two sources", *common, "--ids", "1,2", mention="--ids")
    refused("a model that is not there", folder / "none", *common, code=1)
    refused("recorded attention", fixtures.parent / "attention" / "stored.npz", mention="elsewhere")
    stored = run("compare", fixtures.parent / "attention" / "stored.npz", "--masks", "none", "--json")
    check("recorded attention without a mask", stored.returncode == 0 and
          json.loads(stored.stdout)["columns"][0]["receptive_field"]["depth"] == [], stored.stderr)
    check("no picture is left", run("compare", "--text", text, "--head", "9.0", "-o",
                                    folder / "y.png").returncode == 2 and
          not (folder / "y.png").exists())


with tempfile.TemporaryDirectory() as name:
    folder = pathlib.Path(name)
    for test in (test_numbers, test_places, test_files, test_notices_and_refusals):
        try:
            test()
        except Exception as error:  # A broken test is a failed one, and the others still run.
            check(test.__name__, False, repr(error))

print(f"{passed} passed, {len(failures)} failed")
sys.exit(1 if failures else 0)
