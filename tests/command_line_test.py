#!/usr/bin/env python3
"""The command line as scripts meet it: command_line_test.py PROGRAM

Runs the program as a user would and looks into what it writes. Prints `N passed, N failed`.
"""

import csv
import io
import json
import os
import pathlib
import resource
import struct
import subprocess
import sys
import tempfile
import xml.etree.ElementTree as ElementTree

import numpy

source = pathlib.Path(__file__).resolve().parent.parent
built_in = source / "assets" / "models" / "mini-gpt"
tiny = source / "tests" / "data" / "models" / "tiny-gpt2"
program = os.path.abspath(sys.argv[1])
model = str(built_in if (built_in / "model.safetensors").exists() else tiny)
text = "The cat sat on the mat, and the cat sat on the hat"
passed, failures = 0, []


def check(what, good, detail=""):
    global passed
    if good:
        passed += 1
    else:
        failures.append(what)
        print(f"FAILED: {what} {detail}")


def run(*arguments, stdin=b"", **options):
    return subprocess.run([program, *map(str, arguments)], input=stdin, capture_output=True,
                          timeout=300, **options)


def export(name, *arguments, where=model):
    file = folder / name
    done = run("export", where, *arguments, "-o", file)
    check(f"export {name} {arguments}", done.returncode == 0 and file.exists(), done.stderr)
    return file


def arrays(name, *arguments, where=model):
    with numpy.load(export(name, *arguments, where=where), allow_pickle=False) as npz:
        return {key: npz[key] for key in npz.files}


def refused(what, code, *arguments, mention="", **options):
    done = run(*arguments, **options)
    error = done.stderr.decode(errors="replace")
    good = (done.returncode == code and error.startswith("headlight: ") and
            error.count("\n") == 1 and error.endswith("\n") and mention in error)
    check(f"refused: {what}", good, (done.returncode, error))


def test_formats():
    one = ["--text", text, "--head", "1.2"]
    png = export("a.png", *one).read_bytes()
    width, height = struct.unpack(">II", png[16:24])
    check("PNG signature", png[:8] == b"\x89PNG\r\n\x1a\n")
    check("PNG size", 400 < width < 4000 and 400 < height < 4000, (width, height))
    check("PNG says what it shows", b"iTXtheadlight" in png and text.encode() in png)
    check("a picture is the same every time", png == export("b.png", *one).read_bytes())
    large = export("c.png", *one, "--scale", "4").read_bytes()
    check("PNG scale", abs(struct.unpack(">I", large[16:20])[0] / width - 2) < 0.05)

    root = ElementTree.parse(export("a.svg", *one, "--title", "<&\">")).getroot()
    check("SVG", root.tag.endswith("svg"))
    check("SVG title", any(e.tag.endswith("title") and e.text == "<&\">" for e in root))
    about = next(e.text for e in root if e.tag.endswith("metadata"))
    check("SVG metadata", json.loads(about)["heads"] == ["L1 H2"])

    pdf = export("a.pdf", *one).read_bytes()
    check("PDF", pdf.startswith(b"%PDF-") and pdf.rstrip().endswith(b"%%EOF"))
    check("a PDF is the same every time", pdf == export("b.pdf", *one).read_bytes())

    data = json.loads(export("a.json", *one).read_text())
    weights = numpy.array(data["heads"][0]["weights"])
    check("JSON keys", {"model", "text", "tokens", "token_ids", "edits", "heads"} <= set(data))
    check("JSON text", data["text"] == text)
    check("JSON rows sum to 1", numpy.allclose(weights.sum(1), 1, atol=1e-5))
    stats = data["heads"][0]
    check("JSON numbers of a head", abs(stats["maximum"] - weights.max(1).mean()) < 1e-4 and
          {"entropy", "mean_distance", "sink_share"} <= set(stats))

    rows = list(csv.DictReader(io.StringIO(export("a.csv", *one).read_text(), newline="")))
    table = numpy.zeros_like(weights)
    for row in rows:
        table[int(row["query"]), int(row["key"])] = float(row["weight"])
    check("CSV is the JSON", numpy.abs(table - weights).max() < 1e-7)
    check("CSV tokens", [r["key_token"] for r in rows[: len(weights)]] == data["tokens"])
    for name in ("all.svg", "all.pdf", "all.png"):
        export(name, "--text", text, "--all", "--theme", "dark", "--range", "map", "--log")


def test_arrays():
    info = json.loads(run("info", model, "--json").stdout)
    base = arrays("base.npz", "--text", text, "--all")
    n = len(base["tokens"])
    check("all heads", base["attentions"].shape == (info["layers"], info["heads"], n, n))
    check("types", base["attentions"].dtype == numpy.float32 and
          base["token_ids"].dtype == numpy.int64 and base["tokens"].dtype.kind == "U")
    check("rows sum to 1", numpy.allclose(base["attentions"].sum(-1), 1, atol=1e-5))
    check("nothing looks ahead", (numpy.triu(base["attentions"], 1) == 0).all())
    check("logits", base["logits"].shape == (info["vocabulary"],))

    layer = arrays("layer.npz", "--text", text, "--layer", "1")
    check("a layer", layer["attentions"].shape == (1, info["heads"], n, n) and
          (layer["attentions"][0] == base["attentions"][1]).all())
    one = arrays("one.npz", "--text", text, "--head", "1.2")
    check("a head", (one["attentions"] == base["attentions"][1:2, 2:3]).all())
    some = arrays("some.npz", "--text", text, "--head", "0.1,1.2,1.0")
    check("an irregular selection", some["attentions"].shape == (1, 3, n, n) and
          some["layer_ids"].tolist() == [[0, 1, 1]] and some["head_ids"].tolist() == [[1, 0, 2]])
    column = arrays("column.npz", "--text", text, "--head", "*.1")
    check("a column of heads", (column["attentions"][:, 0] == base["attentions"][:, 1]).all())

    pruned = arrays("pruned.npz", "--text", text, "--all", "--prune", "0.1,1.2")
    check("pruning moves the logits", numpy.abs(pruned["logits"] - base["logits"]).max() > 1e-4)
    check("a pruned head of the first layer keeps its weights",
          (pruned["attentions"][0] == base["attentions"][0]).all())
    mean = arrays("mean.npz", "--text", text, "--all", "--prune", "0.1", "--replace", "mean")
    zero = arrays("zero.npz", "--text", text, "--all", "--prune", "0.1")
    check("mean is not zero", numpy.abs(mean["logits"] - zero["logits"]).max() > 1e-6)

    masked = arrays("mask.npz", "--text", text, "--all", "--mask", "1.2=local:2,0.0=global:1")
    query, key = numpy.indices((n, n))
    far = (query - key > 2) | (key > query)
    check("a mask gives exact zeros", (masked["attentions"][1, 2][far] == 0).all())
    check("masked rows sum to 1", numpy.allclose(masked["attentions"].sum(-1), 1, atol=1e-5))
    cell = arrays("cell.npz", "--text", text, "--all", "--mask-cell", "1.2=3:1,1.2=3:0")["attentions"]
    zeros = [tuple(at) for at in numpy.argwhere((cell == 0) & (base["attentions"] != 0))]
    check("single cells are exactly 0", {(1, 2, 3, 0), (1, 2, 3, 1)} <= set(zeros))
    check("the others of their layers are not", all(at[0] >= 1 for at in zeros) and
          not any(at[0] == 1 and at[1:] not in ((2, 3, 0), (2, 3, 1)) for at in zeros))
    warm = arrays("warm.npz", "--text", text, "--all", "--temperature", "0.0=1000")
    check("a high temperature makes rows even",
          abs(warm["attentions"][0, 0, -1] - 1 / n).max() < 0.02)
    shown = ["--text", text, "--all", "--temperature", "0.0=3", "--shown"]
    difference = arrays("d.npz", *shown, "difference")
    check("difference is edited minus baseline", numpy.allclose(
        difference["attentions"], arrays("e.npz", *shown, "edited")["attentions"] -
        base["attentions"], atol=1e-7))
    check("baseline has no edits",
          (arrays("f.npz", *shown, "baseline")["attentions"] == base["attentions"]).all())
    hidden = arrays("h.npz", "--text", text, "--all", "--hide-first")
    check("hidden first token", (hidden["attentions"][..., 0] == 0).all())

    ids = ",".join(map(str, base["token_ids"]))
    check("ids are the text",
          (arrays("ids.npz", "--ids", ids, "--all")["attentions"] == base["attentions"]).all())


def test_texts():
    lines = folder / "lines.txt"
    lines.write_bytes("First line\r\nsecond é\nthird".encode())
    done = run("export", model, "--texts", lines, "--all", "-o", folder / "t-{n}.npz")
    names = sorted(f.name for f in folder.glob("t-*.npz"))
    check("{n} counts from 1", done.returncode == 0 and
          names == ["t-1.npz", "t-2.npz", "t-3.npz"], (done.stderr, names))
    done = run("export", model, "--texts", "-", "--head", "0.0", "-o", folder / "in-{n}.csv",
               stdin=b"one\ntwo\n")
    check("texts from the standard input", done.returncode == 0 and
          (folder / "in-2.csv").exists() and not (folder / "in-3.csv").exists(), done.stderr)
    refused("several texts into one file", 2, "export", model, "--texts", lines, "--all", "-o",
            folder / "one.npz", mention="{n}")
    for name, odd in {"emoji": "Hi 😀👍🏽", "RTL": "שלום مرحبا", "control": "a\x01\tb\x7f",
                      "letters": "x" * 10000, "dash": "-o", "brackets": "[a, b]"}.items():
        for ending in ("png", "svg", "json"):
            export(f"{name}.{ending}", f"--text={odd}", "--head", "0.1")
        if ending == "svg":
            ElementTree.parse(folder / f"{name}.svg")
    done = run("export", model, "--text", b"a\xff\xfe b".decode(errors="surrogateescape"),
               "--head", "0.0", "-o", folder / "invalid.json")
    check("invalid UTF-8", done.returncode == 0 and "\ufffd" in json.loads(
        (folder / "invalid.json").read_text())["text"], done.stderr)
    done = run("export", model, "--text", "word " * 5000, "--head", "0.0", "-o",
               folder / "long.png")
    check("a long text is cut with a notice", done.returncode == 0 and
          b"left out" in done.stderr and done.stderr.count(b"\n") == 1, done.stderr)
    done = run("export", model, "--text", "word " * 5000, "--head", "0.0", "--quiet", "-o",
               folder / "long.png")
    check("--quiet", done.returncode == 0 and not done.stderr, done.stderr)
    refused("an empty text without BOS", 2, "export", tiny, "--text", "", "--all", "-o",
            folder / "x.png", mention="empty")


def test_session():
    session = folder / "s.json"
    session.write_text(json.dumps({
        "headlight_session": 1, "model": model, "text": text,
        "edits": [{"layer": 0, "head": 1, "gain": 0}], "selection": {"layer": 1, "head": 0}}))
    done = run("export", "--session", session, "-o", folder / "s.npz")
    with numpy.load(folder / "s.npz") as npz:
        check("a session gives model, text, head and edits", npz["layer_ids"].tolist() == [[1]])
        pruned = arrays("p.npz", "--text", text, "--head", "1.0", "--prune", "0.1")
        check("a session's edits are used", (npz["logits"] == pruned["logits"]).all())
    done = run("export", session, "--all", "--text", "Other", "-o", folder / "s.csv")
    check("options override a session", done.returncode == 0, done.stderr)
    for bad in ("", "[]", "{", "{\"headlight_session\": 1, \"edits\": 5}", "[" * 100000):
        session.write_text(bad)
        refused(f"session {bad[:20]}", 1, "export", "--session", session, "-o", folder / "s.csv",
                mention="s.json")


def test_wrong_usage():
    base = ["export", model, "--text", text]
    out = ["-o", folder / "x.png"]
    for what, arguments in {
            "unknown head": [*base, "--head", "99.0", *out],
            "unknown layer": [*base, "--layer", "99", *out],
            "bad head": [*base, "--head", "1", *out],
            "bad mask": [*base, "--all", "--mask", "0.0=lokal:4", *out],
            "bad cell": [*base, "--all", "--mask-cell", "0.0=4", *out],
            "cell below 0": [*base, "--all", "--mask-cell", "0.0=4:-1", *out],
            "mask without head": [*base, "--all", "--mask", "local:4", *out],
            "temperature 0": [*base, "--all", "--temperature", "0.0=0", *out],
            "temperature NaN": [*base, "--all", "--temperature", "0.0=nan", *out],
            "gain inf": [*base, "--all", "--gain", "0.0=inf", *out],
            "unknown edited head": [*base, "--all", "--prune", "0.99", *out],
            "unknown ending": [*base, "--all", "-o", folder / "x.gif"],
            "no output": [*base, "--all"],
            "no heads": [*base, *out],
            "no text": ["export", model, "--all", *out],
            "two texts": [*base, "--ids", "1", "--all", *out],
            "two selections": [*base, "--all", "--head", "0.0", *out],
            "unknown option": [*base, "--all", "--nonsense", *out],
            "unknown theme": [*base, "--all", "--theme", "pink", *out],
            "scale 0": [*base, "--all", "--scale", "0", *out],
            "too large": [*base, "--all", "--scale", "32", *out],
            "id out of range": ["export", model, "--ids", "99999999", "--all", *out],
            "negative id": ["export", model, "--ids", "-1", "--all", *out],
            "bad id": ["export", model, "--ids", "1,x", "--all", *out],
            "replace without prune": [*base, "--all", "--replace", "mean", *out],
            "bad size": ["--size", "1x1", "--offscreen", folder / "x.png"],
            "bad case": ["bench", "--case", "gpt5"]}.items():
        refused(what, 2, *arguments)
    check("nothing was written", not (folder / "x.png").exists())


def test_failures():
    base = ["--text", text, "--head", "0.0"]
    refused("no such model", 1, "export", folder / "none", *base, "-o", folder / "x.png")
    refused("no such model for info", 1, "info", folder / "none")
    broken = folder / "broken"
    broken.mkdir()
    (broken / "config.json").write_text("{\"model_type\": \"gpt2\", \"n_layer\": 1e300}")
    refused("a lying model", 1, "info", broken, mention="config.json")
    refused("no such texts", 1, "export", model, "--texts", folder / "none", "--all", "-o",
            folder / "x-{n}.png", mention="none")
    refused("no such folder", 1, "export", model, *base, "-o", folder / "none" / "x.png",
            mention="no such folder")
    (folder / "folder.png").mkdir()
    refused("the output is a folder", 1, "export", model, *base, "-o", folder / "folder.png",
            mention="folder")

    old = folder / "old.png"
    old.write_bytes(b"old")
    refused("no room", 1, "export", model, *base, "-o", old, mention="old.png",
            restore_signals=False,  # Python ignores SIGXFSZ, and so shall the program.
            preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (4096, 4096)))
    check("the old file survives", old.read_bytes() == b"old")
    check("nothing else is left", not list(folder.glob(".headlight*")))
    if os.geteuid() != 0:
        locked = folder / "locked"
        locked.mkdir()
        locked.chmod(0o500)
        refused("a read-only folder", 1, "export", model, *base, "-o", locked / "x.png",
                mention="may not write")


def test_help_and_info():
    for arguments in (["--help"], ["export", "--help"], ["info", "--help"], ["bench", "--help"]):
        done = run(*arguments)
        check(f"{arguments}", done.returncode == 0 and b"Examples:" in done.stdout and
              not done.stderr, done.stderr)
    done = run("--version")
    check("--version", done.returncode == 0 and done.stdout.startswith(b"headlight "))
    info = json.loads(run("info", tiny, "--json").stdout)
    config = json.loads((tiny / "config.json").read_text())
    check("info", info["layers"] == config["n_layer"] and info["heads"] == config["n_head"] and
          info["vocabulary"] == config["vocab_size"] and info["tokenizer"] is True, info)
    check("info as text", b"layers" in run("info", tiny).stdout)
    if model == str(built_in):
        check("the built-in model is the default", b"mini-gpt" in run("info").stdout)
        done = run("bench", "--case", "mini-gpt", "--tokens", "8,100000", "--threads", "1",
                   "--repeat", "1", "--json")
        report = json.loads(done.stdout)
        check("bench", [r["tokens"] for r in report["results"]] == [8] and
              report["results"][0]["min_ms"] > 0 and report["typing"] and report["edits"])


with tempfile.TemporaryDirectory() as name:
    folder = pathlib.Path(name)
    for test in (test_formats, test_arrays, test_texts, test_session, test_wrong_usage,
                 test_failures, test_help_and_info):
        try:
            test()
        except Exception as error:  # A broken test is a failed one, and the others still run.
            check(test.__name__, False, repr(error))

print(f"{passed} passed, {len(failures)} failed")
sys.exit(1 if failures else 0)
