#!/usr/bin/env python3
"""What `headlight walk` writes, run as a learner would: walk_command_test.py PROGRAM

Every script and every notebook's cells have to end in agreement with the window's numbers.
Prints `N passed, N failed`.
"""

import json
import pathlib
import re
import subprocess
import sys

import numpy as np

from walk_scripts import (AGREED, SENTENCE, agrees, assets, cells, check, fixtures, headlight, main,
                          run, walk)


def families(folder):
    """A head of two layers of everything that the engine reads, as scripts."""
    ids = ["--ids", "5,9,17,5,9,30,31,2"]
    for model in sorted(fixtures.iterdir()):
        path = model
        if not (model / "config.json").exists():
            path = next(file for file in sorted(model.glob("*.bin"))
                        if file.name != "tokenizer.bin")
            config = {}
        else:
            config = json.loads((model / "config.json").read_text())
        two = config.get("model_type") in ("bart", "mbart", "marian")
        for kind in ("encoder:", "decoder:", "cross:") if two else ("",):
            for head in ("0.1", "1.0"):
                code = walk(folder / "walk.py", path, *ids, "--head", kind + head, "--quiet")
                out = agrees(f"{path.name} {kind}{head}", code, folder)
                check(f"{path.name} says its ids", out.startswith("'5 9 17 5 9 30 31 2' as "), out[:99])


def own_models(folder):
    """All layers of the program's own models, scripts and notebooks in turn."""
    names = ["mini-gpt", "mini-bert"]
    names += [path.name for path in sorted((assets / "variants").iterdir()) if path.is_dir()]
    check("there are eleven models", len(names) == 11, names)
    for name in names:
        for layer in range(4):
            if layer % 2:
                code = walk(folder / "walk.py", name, "--text", SENTENCE, "--head",
                            f"{layer}.{layer}")
            else:
                book = walk(folder / "walk.ipynb", name, "--text", SENTENCE, "--head", f"{layer}.5")
                code = "\n".join(cells(book).values())
            out = agrees(f"{name} layer {layer}", code, folder)
            check(f"{name} layer {layer}: eleven steps with their shapes",
                  all(word in out for word in ("X  ", "W_q", "Q  ", "q  ", "products", "scores",
                                               "masked",
                                               "weights", "z  ", "concatenated", "mixed",
                                               "output")), out)
            check(f"{name} layer {layer}: the prediction stands at the end, and there only",
                  ("the logits" in out) == (layer == 3), out)


def designs(folder):
    """Lines that a design does not need are not there; those that it needs are."""
    text = ["--text", SENTENCE, "--head", "1.2"]
    gpt = walk(folder / "walk.py", "mini-gpt", *text)
    bert = walk(folder / "walk.py", "mini-bert", *text)
    grouped = walk(folder / "walk.py", "grouped-query", *text)
    routed = walk(folder / "walk.py", "routed-heads", *text)
    pooled = walk(folder / "walk.py", "multi-scale", *text)
    learned = walk(folder / "walk.py", "learned-temperature", *text)
    mixed = walk(folder / "walk.py", "convolution", *text)
    windows = walk(folder / "walk.py", "multi-resolution", *text)
    for what, with_it, without in (
            ("rotary", gpt, bert), ("np.tril", gpt, bert), ("rms_norm", gpt, bert),
            ("layer_norm", bert, gpt), ("np.repeat(k, group", grouped, gpt), ("gates", routed, gpt),
            ("pooled(", pooled, gpt), ("temperature = load", learned, gpt),
                                   ("convolved(", mixed, gpt),
            ('file["allowed"]', windows, gpt), ("normed = ", gpt, bert)):
        check(f"{what} stands where it is needed", what in with_it)
        check(f"{what} does not stand where it is not", what not in without)
    for name in ("mini-gpt", "mini-bert", "routed-heads"):
        code = walk(folder / "walk.py", name, *text)
        double = code.replace("number = np.float32", "number = np.float64")
        agrees(f"{name} in float64", double, folder)
    check("sizes are the model's own", "# [6, 12, 32]" in gpt and "heads, d_head = 6, 32" in gpt,
          gpt)
    check("no mark of a template is left", not re.search(r"\{\{|#if|#gap|#endif|#else",
                                                         gpt + bert + routed))


def edited(folder):
    """The run with edits is what the script arrives at."""
    for arguments in (["--mask", "1.2=local:2"], ["--mask", "1.*=dilated:2:2+global:1", "--prune",
                                                  "0.1"],
                      ["--temperature", "1.2=0.25,1.3=4"], ["--prune", "1.0,1.2"],
                      ["--gain", "1.2=0.5,1.4=-1.5"], ["--prune", "1.2", "--replace", "mean"],
                      ["--gain", "1.2=0.25,0.0=0", "--replace", "mean"],
                      ["--mask-cell", "1.2=0:0,1.2=3:1"], ["--mask", "1.*=random:2:5"]):
        for model in ("mini-gpt", "mini-bert"):
            code = walk(folder / "walk.py", model, "--text", SENTENCE, "--head", "1.2", *arguments)
            agrees(f"{model} {' '.join(arguments)}", code, folder)
    for model, arguments in (("routed-heads", ["--prune", "3.1", "--mask", "3.3=local:3"]),
                             ("multi-scale", ["--mask", "3.5=local:3", "--temperature", "3.5=2"])):
        code = walk(folder / "walk.py", model, "--text", SENTENCE, "--head", "3.5", *arguments)
        agrees(f"{model} {' '.join(arguments)}", code, folder)
    code = walk(folder / "walk.py", "mini-gpt", "--text", SENTENCE, "--head", "1.2", "--mask-cell",
                "1.2=0:0")
    check("a row that is masked whole has lines of its own", "where all is masked" in code)


def texts(folder):
    for text in ("a", "é 🙂🙃 naïve", 'say "hi" \\ \'bye\' \\n', "two\nlines\tand a tab", '"""',
                 "{{x}} #if {y}", "%%\n# %% x"):
        for model in ("mini-gpt", "mini-bert"):
            code = walk(folder / "walk.py", model, "--text", text, "--head", "3.1")
            out = agrees(f"{model} {text!r}", code, folder)
            check(f"the text {text!r} is the script's", repr(text) in out, out[:200])
            book = walk(folder / "walk.ipynb", model, "--text", text, "--head", "0.1")
            agrees(f"{model} {text!r} as a notebook", "\n".join(cells(book).values()), folder)
    long = " ".join(["The cat sat on the mat and one two three."] * 40)
    for model in ("mini-gpt", "mini-bert", "multi-resolution"):
        code = walk(folder / "walk.py", model, "--text", long, "--head", "3.1", "--quiet")
        agrees(f"{model} as many tokens as it takes", code, folder)
    odd = 'o"d \\ na\nme'
    agrees("an odd file name", walk(folder / f"{odd}.py", "--text", "a b", "--head", "0.0"), folder)
    for tiny in ("8,8,2,4", "8,8,1,1", "5,12,4,8", "16,16,16,2"):
        for more in ([], ["--bias", "--seed", "7"]):
            code = walk(folder / "walk.py", "--text", SENTENCE, "--tiny", tiny, "--head", "0.0",
                        *more)
            agrees(f"--tiny {tiny} {' '.join(more)}", code, folder)
            check("biases when asked for", ("b_q" in code) == bool(more))


def tampered(folder):
    """The checks can fail."""
    code = walk(folder / "walk.py", "--text", SENTENCE, "--head", "3.2")
    with np.load(folder / "walk.npz") as file:
        arrays = {name: file[name] for name in file.files}
    for name, says in (("W_q", "weights"), ("W_v", "z of all"), ("b_o", "W_O makes"),
                       ("W_gate", "layer leaves"),
                       ("window_weights", "weights"), ("window_z", "z of all"),
                       ("window_mixed", "W_O makes"),
                       ("window_output", "layer leaves"), ("unembedding", "logits"),
                       ("window_logits", "logits")):
        changed = arrays[name].copy()
        changed[len(changed) // 2] += 0.01 if name.startswith("window") else 0.5
        np.savez(folder / "walk.npz", **{**arrays, name: changed})
        out, error = run(code, folder)
        check(f"{name} changed is noticed", error.startswith("AssertionError") and says in error,
              error or out)


def alone(folder):
    """As a learner starts it: a process of its own, in another folder."""
    walk(folder / "walk.py", "--text", SENTENCE, "--head", "2.3")
    walk(folder / "gaps.py", "--text", SENTENCE, "--head", "2.3", "--guided")
    done = subprocess.run([sys.executable, folder / "walk.py"], capture_output=True, text=True,
                          cwd="/")
    check("the script runs by itself",
          done.returncode == 0 and done.stdout.rstrip().endswith(AGREED), done)
    done = subprocess.run([sys.executable, folder / "gaps.py"], capture_output=True, text=True,
                          cwd="/")
    check("the guided one stops with the sentence alone", done.returncode == 1 and done.stderr ==
          "Step 2, Q: replace the dots in `Q = ...`, then run this again.\n", done)


def notebooks(folder):
    book = json.loads(walk(folder / "walk.ipynb", "--text", SENTENCE, "--head", "2.3"))
    check("nbformat 4.5", (book["nbformat"], book["nbformat_minor"]) == (4, 5))
    ids = [cell["id"] for cell in book["cells"]]
    check("ids are there once", len(set(ids)) == len(ids) and all(re.fullmatch(r"[\w-]{1,64}",
                                                                               id) for id in ids),
          ids)
    check("cells are as nbformat has them", all(
        set(cell) == ({"id", "cell_type", "metadata", "source"} | (
            {"execution_count",
             "outputs"} if cell["cell_type"] == "code" else set())) for cell in book["cells"]))
    check("lines end where they end",
          all(line.endswith("\n") for cell in book["cells"] for line in cell["source"][:-1]))
    for model in ("mini-gpt", "grouped-query", "routed-heads", "multi-scale", "convolution",
                  "mini-bert"):
        for more in ([], ["--prune", "2.1", "--gain", "2.2=0.5"]):
            code = cells(walk(folder / "walk.ipynb", model, "--text", SENTENCE, "--head", "2.3",
                              *more))
            agrees(f"{model} {more}, every cell run twice",
                   "\n".join(f"{one}\n{one}" for one in code.values()), folder)
    check("sentences are text and not comments",
          all(not "".join(cell["source"]).startswith("# #") for cell in book["cells"]
              if cell["cell_type"] == "markdown"))


def refusals(folder):
    check("a hand-out is a PDF", headlight("walk", "--text", "a b", "--head", "0.0", "-o",
                                           folder / "walk.pdf").returncode == 0 and
          (folder / "walk.pdf").read_bytes().startswith(b"%PDF"))
    text, head = ["--text", "a b"], ["--head", "0.0"]
    for arguments, says, code in (
            ([*text, *head, "-o", "x.txt"], ".py, .ipynb, .pdf, .json or .npz", 2),
            ([*text, *head, "-o", "x.npz", "--guided"], "is no script and no notebook", 2),
            ([*text, "--head", "0.*", "-o", "x.py"], "names 6 heads", 2),
            ([*text, "--head", "9.0", "-o", "x.py"], "9", 2),
            ([*text, "--head", "x", "-o", "x.py"], "x", 2),
            ([*text, "-o", "x.py"], "--head", 2),
            ([*text, *head], "--output", 2),
            ([*head, "-o", "x.py"], "no text", 2),
            ([*text, "--ids", "1", *head, "-o", "x.py"], "only one of --text and --ids", 2),
            ([*text, *head, "--tiny", "8,8,3,4", "-o", "x.py"], "no multiple of 3 heads", 2),
            ([*text, *head, "--tiny", "8,8", "-o", "x.py"], "D_IN,D_OUT,HEADS,TOKENS", 2),
            ([*text, *head, "--tiny", "99,8,2,4", "-o", "x.py"], "expected 1 to 16", 2),
            ([*text, *head, "--bias", "-o", "x.py"], "--tiny", 2),
            ([*text, *head, "--cell", "weights,1,0", "-o", "x.py"], "does not end in .json", 2),
            ([*text, *head, "--cell", "nothing,1,0", "-o", "x.json"], "TENSOR,ROW,COLUMN", 2),
            ([*text, *head, "--cell", "weights,1,99", "-o", "x.json"], "weights", 2),
            ([fixtures.parent / "attention" / "batch.npz", *head, "-o", "x.py"],
             "needs the model's weights", 2),
            (["no-such-model", *text, *head, "-o", "x.py"], "no such model", 1),
            ([*text, *head, "-o", folder / "no" / "x.py"], "no", 1)):
        done = headlight("walk", *arguments)
        check(f"walk {arguments} is refused in one sentence",
              done.returncode == code and says in done.stderr and
              done.stderr.startswith("headlight: ") and done.stderr.count("\n") == 1, done)
    check("nothing was written", not any(pathlib.Path(f"x.{end}").exists() for end in ("py", "npz",
                                                                                       "json")))


if __name__ == "__main__":
    main(families, own_models, designs, edited, texts, tampered, alone, notebooks, refusals)
