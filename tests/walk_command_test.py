#!/usr/bin/env python3
"""What `headlight walk` writes, run as a learner would: walk_command_test.py PROGRAM

Every script and every notebook's cells have to end in agreement with the window's numbers. All run in
this one process, because PyTorch takes longer to load than a script to run.
Prints `N passed, N failed`.
"""

import contextlib
import io
import json
import os
import pathlib
import re
import subprocess
import sys
import tempfile
import time

import numpy as np
import torch

source = pathlib.Path(__file__).resolve().parent.parent
assets = source / "assets" / "models"
fixtures = source / "tests" / "data" / "models"
program = os.path.abspath(sys.argv[1])
passed, failures = 0, []
AGREED = "All agree: NumPy, PyTorch and the window."
FILLED = "All right: every number is the window's."
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
            exec(compile(code, name, "exec"), {"__name__": "__main__", "__file__": str(folder / name)})
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


def families(folder):
    """A head of two layers of everything that the engine reads, as scripts."""
    ids = ["--ids", "5,9,17,5,9,30,31,2"]
    for model in sorted(fixtures.iterdir()):
        path = model
        if not (model / "config.json").exists():
            path = next(file for file in sorted(model.glob("*.bin")) if file.name != "tokenizer.bin")
            config = {}
        else:
            config = json.loads((model / "config.json").read_text())
        two = config.get("model_type") in ("bart", "mbart", "marian")
        for kind in ("encoder:", "decoder:", "cross:") if two else ("",):
            for head in ("0.1", "1.0"):
                code = walk(folder / "walk.py", path, *ids, "--head", kind + head, "--quiet")
                agrees(f"{path.name} {kind}{head}", code, folder)


def own_models(folder):
    """All layers of the program's own models, scripts and notebooks in turn."""
    names = ["mini-gpt", "mini-bert"]
    names += [path.name for path in sorted((assets / "variants").iterdir()) if path.is_dir()]
    check("there are eleven models", len(names) == 11, names)
    for name in names:
        for layer in range(4):
            if layer % 2:
                code = walk(folder / "walk.py", name, "--text", SENTENCE, "--head", f"{layer}.{layer}")
            else:
                book = walk(folder / "walk.ipynb", name, "--text", SENTENCE, "--head", f"{layer}.5")
                code = "\n".join(cells(book).values())
            out = agrees(f"{name} layer {layer}", code, folder)
            check(f"{name} layer {layer}: eleven steps with their shapes",
                  all(word in out for word in ("X  ", "W_q", "Q  ", "q  ", "products", "scores", "masked",
                                               "weights", "z  ", "concatenated", "mixed", "output")), out)
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
            ("pooled(", pooled, gpt), ("temperature = load", learned, gpt), ("convolved(", mixed, gpt),
            ('file["allowed"]', windows, gpt), ("normed = ", gpt, bert)):
        check(f"{what} stands where it is needed", what in with_it)
        check(f"{what} does not stand where it is not", what not in without)
    check("sizes are the model's own", "# [6, 12, 32]" in gpt and "heads, d_head = 6, 32" in gpt, gpt)
    check("no mark of a template is left", not re.search(r"\{\{|#if|#gap|#endif|#else", gpt + bert + routed))


def edited(folder):
    """The run with edits is what the script arrives at."""
    for arguments in (["--mask", "1.2=local:2"], ["--mask", "1.*=dilated:2:2+global:1", "--prune", "0.1"],
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
    code = walk(folder / "walk.py", "mini-gpt", "--text", SENTENCE, "--head", "1.2", "--mask-cell", "1.2=0:0")
    check("a row that is masked whole has lines of its own", "where all is masked" in code)


def texts(folder):
    for text in ("a", "é 🙂🙃 naïve", 'say "hi" \\ \'bye\' \\n', "two\nlines\tand a tab", '"""', "{{x}} #if {y}", "%%\n# %% x"):
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
            code = walk(folder / "walk.py", "--text", SENTENCE, "--tiny", tiny, "--head", "0.0", *more)
            agrees(f"--tiny {tiny} {' '.join(more)}", code, folder)
            check("biases when asked for", ("b_q" in code) == bool(more))


def tampered(folder):
    """The checks can fail."""
    code = walk(folder / "walk.py", "--text", SENTENCE, "--head", "3.2")
    with np.load(folder / "walk.npz") as file:
        arrays = {name: file[name] for name in file.files}
    for name, says in (("W_q", "weights"), ("W_v", "z of all"), ("b_o", "W_O makes"), ("W_gate", "layer leaves"),
                       ("window_weights", "weights"), ("window_z", "z of all"), ("window_mixed", "W_O makes"),
                       ("window_output", "layer leaves"), ("unembedding", "logits"), ("window_logits", "logits")):
        changed = arrays[name].copy()
        changed[len(changed) // 2] += 0.01 if name.startswith("window") else 0.5
        np.savez(folder / "walk.npz", **{**arrays, name: changed})
        out, error = run(code, folder)
        check(f"{name} changed is noticed", error.startswith("AssertionError") and says in error, error or out)


def filled(guided, plain):
    """The learner's lines, from the cells of the version without gaps."""
    for name in set(re.findall(r"^(\w+) = \.\.\.$", guided, re.M)):
        line = re.search(rf"^{name} = .*$", plain, re.M)
        guided = re.sub(rf"^{name} = \.\.\.$", lambda _: line.group(0), guided, flags=re.M)
    return guided


def guided(folder):
    for arguments in (["mini-gpt", "--head", "2.3"], ["mini-bert", "--head", "3.1"], ["grouped-query", "--head", "3.1"],
                      ["multi-scale", "--head", "0.5"], ["routed-heads", "--head", "3.5"], ["--tiny", "8,8,2,4", "--head", "0.1"],
                      ["mini-gpt", "--head", "1.2", "--mask-cell", "1.2=0:0", "--temperature", "1.2=2", "--prune", "1.0"]):
        what = " ".join(arguments)
        book = cells(walk(folder / "walk.ipynb", "--text", SENTENCE, *arguments, "--guided"))
        plain = cells(walk(folder / "plain.ipynb", "--text", SENTENCE, *arguments))
        out, error = run("\n".join(book.values()), folder)
        check(f"{what}: unfilled it stops with a sentence",
              error == "NotYet: Step 2, Q: replace the dots in `Q = ...`, then run this again.", error)
        gaps = sum(len(re.findall(r"^\w+ = \.\.\.$", code, re.M)) for code in book.values())
        check(f"{what}: there are gaps", gaps in (13, 14), gaps)
        code = {id: filled(text, plain.get(id, "")) for id, text in book.items()}
        agrees(f"{what}: filled in it", "\n".join(code.values()), folder, FILLED)
        for id in ("project", "split", "scores", "scale", "mask", "softmax", "blend", "concatenate", "mix"):
            if not re.search(r"^\w+ = \.\.\.$", book[id], re.M):
                continue  # No mask, no gap.
            half = {**code, id: book[id]}
            out, error = run("\n".join(half.values()), folder)
            check(f"{what}: a gap left in {id} is found", error.startswith("NotYet: Step ") and
                  "replace the dots" in error, error or out)


MISTAKES = (  # cell, name, what a learner may write, what the check has to say
    ("project", "Q", "normed @ W_q", "Step 2, Q lacks the bias: add b_q."),
    ("project", "Q", "X @ W_q + b_q", "normalised rows, `normed`"),
    ("project", "Q", "normed @ W_q.T + b_q", "wrong numbers"),
    ("project", "Q", "normed @ W_q.T", "W_q transposed"),
    ("project", "K", "normed @ W_q + b_q", "Step 2, K is made with W_q; it wants W_k."),
    ("project", "V", "normed", "wrong numbers"),
    ("project", "Q", "(normed @ W_q + b_q).T", "in another order, [heads * d_head, tokens]"),
    ("project", "Q", "'hello'", "no array of numbers"),
    ("split", "q", "Q.reshape(heads, tokens, d_head)", "only reshaped"),
    ("split", "q", "Q.reshape(tokens, heads, d_head)", "bring the heads to the front"),
    ("split", "q", "Q.reshape(tokens, d_head, heads).transpose(2, 0, 1)", "interleaved"),
    ("split", "q", "Q.reshape(tokens, heads, d_head).transpose(1, 2, 0)", "axes in another order, [heads, d_head, tokens]"),
    ("split", "k", "Q.reshape(tokens, heads, d_head).transpose(1, 0, 2)", "Step 3, k has the right shape but wrong numbers"),
    ("split", "q", "Q", "has 2 axes, [12, 192]; it should be [heads, tokens, d_head]"),
    ("split", "q", "Q.reshape(tokens, heads, d_head)[:5].transpose(1, 0, 2)", "axis 1 (tokens) is 5 instead of 12"),
    ("scores", "products", "k @ q.transpose(0, 2, 1)", "transposed: rows have to be queries"),
    ("scores", "products", "q @ k.transpose(0, 2, 1) / math.sqrt(d_head)", "already scaled"),
    ("scores", "products", "q @ q.transpose(0, 2, 1)", "q times q"),
    ("scores", "products", "q.transpose(1, 0, 2) @ k.transpose(1, 2, 0)", "Step 4, products has the wrong shape"),
    ("scale", "scores", "products", "sqrt(d_head) = 5.657 times too large"),
    ("scale", "scores", "products / d_head", "wants its square root"),
    ("scale", "scores", "products * math.sqrt(d_head)", "divide"),
    ("scale", "scores", "products / math.sqrt(d_model)", "so it is sqrt(d_head)"),
    ("scale", "scores", "products / 3", "every number is 1.886 times"),
    ("mask", "masked", "scores", "not masked"),
    ("mask", "masked", "scores * allowed", "e^0 is 1"),
    ("mask", "masked", "np.where(allowed, -np.inf, scores)", "wrong way round"),
    ("mask", "masked", "np.where(allowed.T, scores, -np.inf)", "hides what came before"),
    ("softmax", "weights", "e / e.sum(-2, keepdims=True)", "its columns sum to 1"),
    ("softmax", "weights", "np.exp(masked) / np.exp(masked).sum(1, keepdims=True)", "its columns sum to 1"),
    ("softmax", "weights", "np.exp(scores) / np.exp(scores).sum(-1, keepdims=True)", "without the mask"),
    ("softmax", "weights", "np.exp(scores) / np.exp(scores).sum(-1, keepdims=True) * allowed", "after the softmax"),
    ("softmax", "weights", "e", "not divided by the sum"),
    ("softmax", "weights", "e / e.sum()", "each row by its own"),
    ("softmax", "weights", "e / e.sum(0)", "Step 7, weights"),
    ("blend", "z", "kept.transpose(0, 2, 1) @ v", "weights transposed"),
    ("blend", "z", "v", "v as it is"),
    ("blend", "z", "kept @ k", "blends the keys"),
    ("concatenate", "concatenated", "z.reshape(tokens, heads * d_head)", "without the transpose"),
    ("concatenate", "concatenated", "z.transpose(1, 2, 0).reshape(tokens, heads * d_head)", "interleaved"),
    ("concatenate", "concatenated", "z.transpose(1, 0, 2)", "three axes"),
    ("concatenate", "concatenated", "np.concatenate(list(z), axis=0)", "below one another"),
    ("concatenate", "concatenated", "z.sum(0)", "sum of the heads"),
    ("mix", "mixed", "concatenated @ W_o.T", "W_o transposed"),
    ("mix", "mixed", "X + concatenated @ W_o + b_o", "already has X added"),
    ("mix", "mixed", "concatenated", "has to be applied to"),
)
BERT_MISTAKES = (
    ("project", "Q", "X @ W_q", "Step 2, Q lacks the bias: add b_q."),
    ("project", "K", "X @ W_k + b_q", "Step 2, K has the right shape but wrong numbers"),
    ("mix", "mixed", "concatenated @ W_o", "Step 10, mixed lacks the bias: add b_o."),
)
WARM_MISTAKES = (
    ("scale", "scores", "products / math.sqrt(d_head)", "lacks the temperature"),
    ("scale", "scores", "products / temperature[:, None, None]", "but not by sqrt(d_head)"),
    ("scale", "scores", "products", "is not scaled yet"),
)
GROUPED_MISTAKES = (
    ("project", "K", "normed @ W_q", "axis 1 (key_value_heads * d_head) is 128 instead of 32"),
    ("split", "k", "K.reshape(key_value_heads, tokens, d_head)", "only reshaped"),
)
SQUARE_MISTAKES = (  # 4 tokens, 4 heads, d_head 4: every transposition has the right shape.
    ("split", "q", "Q.reshape(tokens, heads, d_head)", "only reshaped"),
    ("split", "q", "Q.reshape(tokens, heads, d_head).transpose(1, 2, 0)", "has the right numbers with the axes"),
    ("split", "q", "Q.reshape(tokens, d_head, heads).transpose(2, 0, 1)", "interleaved"),
    ("project", "Q", "X @ W_q.T", "W_q transposed"),
    ("scores", "products", "(q @ k.transpose(0, 2, 1)).transpose(0, 2, 1)", "rows have to be queries"),
    ("concatenate", "concatenated", "z.transpose(1, 2, 0).reshape(tokens, heads * d_head)", "interleaved"),
    ("mix", "mixed", "concatenated @ W_o.T", "W_o transposed"),
)


def mistakes(folder):
    for arguments, wrongs in ((["--head", "2.3"], MISTAKES), (["mini-bert", "--head", "2.3"], BERT_MISTAKES),
                              (["--head", "2.3", "--temperature", "2.3=2"], WARM_MISTAKES),
                              (["grouped-query", "--head", "2.3"], GROUPED_MISTAKES),
                              (["--tiny", "16,16,4,4", "--head", "0.1"], SQUARE_MISTAKES)):
        wrong_lines(folder, arguments, wrongs)


def wrong_lines(folder, arguments, wrongs):
    """Each wrong line gets its sentence, and nothing goes on."""
    book = cells(walk(folder / "walk.ipynb", "--text", SENTENCE, *arguments, "--guided"))
    plain = cells(walk(folder / "plain.ipynb", "--text", SENTENCE, *arguments))
    names, here, answers = {"__name__": "__main__"}, os.getcwd(), []
    os.chdir(folder)
    with contextlib.redirect_stdout(io.StringIO()):
        for id, code in book.items():
            for _, name, wrong, sentence in (mistake for mistake in wrongs if mistake[0] == id):
                line, before = f"{name} = {wrong}", dict(names)
                try:
                    exec(filled(re.sub(rf"^{name} = \.\.\.$", lambda _: line, code, flags=re.M), plain[id]), names)
                    error = "nothing"
                except Exception as raised:
                    error = f"{type(raised).__name__}: {raised}"
                answers.append((line, sentence, error))
                names.clear()
                names.update(before)
            exec(filled(code, plain.get(id, "")), names)
    os.chdir(here)
    check("every mistake was made", len(answers) == len(wrongs), len(answers))
    for line, sentence, error in answers:
        check(f"{line} is answered with: {sentence}",
              error.startswith("NotYet: Step ") and sentence in error and "\n" not in error, error)


def alone(folder):
    """As a learner starts it: a process of its own, in another folder."""
    walk(folder / "walk.py", "--text", SENTENCE, "--head", "2.3")
    walk(folder / "gaps.py", "--text", SENTENCE, "--head", "2.3", "--guided")
    done = subprocess.run([sys.executable, folder / "walk.py"], capture_output=True, text=True, cwd="/")
    check("the script runs by itself", done.returncode == 0 and done.stdout.rstrip().endswith(AGREED), done)
    done = subprocess.run([sys.executable, folder / "gaps.py"], capture_output=True, text=True, cwd="/")
    check("the guided one stops with the sentence alone", done.returncode == 1 and done.stderr ==
          "Step 2, Q: replace the dots in `Q = ...`, then run this again.\n", done)


def notebooks(folder):
    book = json.loads(walk(folder / "walk.ipynb", "--text", SENTENCE, "--head", "2.3"))
    check("nbformat 4.5", (book["nbformat"], book["nbformat_minor"]) == (4, 5))
    ids = [cell["id"] for cell in book["cells"]]
    check("ids are there once", len(set(ids)) == len(ids) and all(re.fullmatch(r"[\w-]{1,64}", id) for id in ids), ids)
    check("cells are as nbformat has them", all(
        set(cell) == ({"id", "cell_type", "metadata", "source"} | (
            {"execution_count", "outputs"} if cell["cell_type"] == "code" else set())) for cell in book["cells"]))
    check("lines end where they end", all(line.endswith("\n") for cell in book["cells"] for line in cell["source"][:-1]))
    for model in ("mini-gpt", "grouped-query", "routed-heads", "multi-scale", "convolution", "mini-bert"):
        for more in ([], ["--prune", "2.1", "--gain", "2.2=0.5"]):
            code = cells(walk(folder / "walk.ipynb", model, "--text", SENTENCE, "--head", "2.3", *more))
            agrees(f"{model} {more}, every cell run twice", "\n".join(f"{one}\n{one}" for one in code.values()), folder)
    check("sentences are text and not comments",
          all(not "".join(cell["source"]).startswith("# #") for cell in book["cells"] if cell["cell_type"] == "markdown"))


def refusals(folder):
    text, head = ["--text", "a b"], ["--head", "0.0"]
    for arguments, says, code in (
            ([*text, *head, "-o", "x.txt"], ".py, .ipynb, .json or .npz", 2),
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
            ([fixtures.parent / "attention" / "batch.npz", *head, "-o", "x.py"], "needs the model's weights", 2),
            (["no-such-model", *text, *head, "-o", "x.py"], "no such model", 1),
            ([*text, *head, "-o", folder / "no" / "x.py"], "no", 1)):
        done = headlight("walk", *arguments)
        check(f"walk {arguments} is refused in one sentence", done.returncode == code and says in done.stderr and
              done.stderr.startswith("headlight: ") and done.stderr.count("\n") == 1, done)
    check("nothing was written", not any(pathlib.Path(f"x.{end}").exists() for end in ("py", "npz", "json")))


if __name__ == "__main__":
    torch.set_num_threads(1)
    with tempfile.TemporaryDirectory() as name:
        for part in (families, own_models, designs, edited, texts, tampered, guided, mistakes, alone, notebooks,
                     refusals):
            start = time.time()
            part(pathlib.Path(name))
            print(f"{part.__name__}: {time.time() - start:.1f} s", flush=True)
    print(f"{passed} passed, {len(failures)} failed")
    sys.exit(1 if failures else 0)
