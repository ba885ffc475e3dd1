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
fixtures = source / "tests" / "data" / "models"
tiny, bart, bert = fixtures / "tiny-gpt2", fixtures / "tiny-bart", fixtures / "tiny-bert"
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
    check("logits are after the last token", base["logits_position"] == n - 1)

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


def test_kinds():
    ids = ["--ids", "3,40,5,41,7"]
    target = [*ids, "--target-ids", "2,50,51"]
    cross = arrays("cross.npz", *target, "--all", where=bart)
    check("cross-attention is shown first", cross["attentions"].shape == (3, 4, 3, 5) and
          str(cross["kind"]) == "cross", cross["attentions"].shape)
    check("both sides have their ids", cross["query_ids"].tolist() == [2, 50, 51] and
          cross["key_ids"].tolist() == [3, 40, 5, 41, 7] and "tokens" not in cross)
    check("texts of both sides", len(cross["query_tokens"]) == 3 and len(cross["key_tokens"]) == 5)
    check("cross rows sum to 1", numpy.allclose(cross["attentions"].sum(-1), 1, atol=1e-5))
    for kind, shape in {"encoder": (2, 3, 5, 5), "decoder": (3, 4, 3, 3),
                        "cross": (3, 4, 3, 5)}.items():
        maps = arrays("kind.npz", *target, "--all", "--maps", kind, where=bart)
        check(f"--maps {kind}", maps["attentions"].shape == shape and str(maps["kind"]) == kind)
        named = arrays("named.npz", *target, "--head", f"{kind}:*.*", where=bart)
        check(f"--head {kind}:*.*", (named["attentions"] == maps["attentions"]).all())
        check(f"pruning a {kind} head", numpy.abs(arrays(
            "p.npz", *target, "--all", "--prune", f"{kind}:0.1", where=bart)["logits"] -
            cross["logits"]).max() > 1e-6)
        for ending in ("png", "svg", "pdf", "csv", "json"):
            export(f"kind.{ending}", *target, "--all", "--maps", kind, where=bart)
    check("a head without a kind is of the maps", (arrays(
        "a.npz", *target, "--all", "--maps", "encoder", "--temperature", "0.1=3",
        where=bart)["logits"] == arrays("b.npz", *target, "--all", "--temperature",
                                        "encoder:0.1=3", where=bart)["logits"]).all())

    own = arrays("own.npz", *ids, "--all", where=bart)
    edited = arrays("edited.npz", *ids, "--all", "--prune", "cross:*.*", where=bart)
    check("the decoded target does not depend on the edits",
          own["query_ids"].tolist() == edited["query_ids"].tolist() and len(own["query_ids"]) > 1)
    typed = arrays("typed.npz", *ids, "--target", "ab", "--all", where=bart)
    check("a typed target begins with the start token", typed["query_ids"][0] == 2 and
          len(typed["query_ids"]) > 1)
    title = export("title.svg", *target, "--head", "decoder:1.0", where=bart).read_text()
    check("a title names the kind", "<title>tiny-bart  decoder L1 H0</title>" in title)

    png = folder / "x.png"
    refused("two kinds in one picture", 2, "export", bart, *target, "--head",
            "cross:0.0,encoder:0.0", "-o", png, mention="one kind")
    refused("--maps of one stack", 2, "export", model, "--text", text, "--all", "--maps", "cross",
            "-o", png, mention="--maps is for encoder-decoders")
    refused("a kind of one stack", 2, "export", model, "--text", text, "--head", "cross:0.0", "-o",
            png, mention="one kind")
    refused("an unknown kind", 2, "export", bart, *target, "--all", "--maps", "both", "-o", png,
            mention="encoder|decoder|cross")
    refused("an unknown kind of a head", 2, "export", bart, *target, "--head", "self:0.0", "-o",
            png, mention="encoder|decoder|cross")
    refused("a target of one stack", 2, "export", model, "--text", text, "--target", "a", "--all",
            "-o", png, mention="encoder-decoders")
    refused("two targets", 2, "export", bart, *target, "--target", "a", "--all", "-o", png)
    refused("a head of the other stack", 2, "export", bart, *target, "--head", "encoder:2.0", "-o",
            png)

    masked = arrays("masked.npz", "--text", "the [MASK] sat", "--all", where=bert)
    check("a masked model's logits are those of the mask", masked["tokens"][
        masked["logits_position"]] == "[MASK]" and
        masked["logits_position"] < len(masked["tokens"]) - 1, masked["tokens"])
    body = arrays("body.npz", "--ids", "1,2", "--all", where=fixtures / "tiny-bert-body")
    check("a body has no logits", "logits" not in body and "logits_position" not in body)


def test_without_tokenizer():
    bare = folder / "bare"
    bare.mkdir()
    for name in ("config.json", "model.safetensors"):
        (bare / name).write_bytes((tiny / name).read_bytes())
    check("a text may hold ids", arrays("ids.npz", "--text", "5 17, 3", "--all", where=bare)[
        "token_ids"].tolist() == [5, 17, 3])
    refused("a text without a tokenizer", 2, "export", bare, "--text", "The cat", "--all", "-o",
            folder / "x.png", mention="token ids")
    done = run("generate", bare, "--text", "5 17", "--steps", "4")
    check("ids are generated", done.returncode == 0 and done.stdout.startswith(b"5 17 ") and
          len(done.stdout.split()) == 5, done)
    refused("nothing to begin with", 2, "generate", bare, mention="--ids")


def test_recorded():
    written = folder / "written.npz"
    numpy.savez(written, attentions=numpy.tril(numpy.full((2, 3, 4, 4), 1, "f4")) /
                numpy.arange(1, 5, dtype="f4")[:, None], tokens=numpy.array(list("abcd")))
    again = arrays("again.npz", "--all", where=written)
    with numpy.load(written) as file:
        check("recorded attention comes out as it went in",
              (again["attentions"] == file["attentions"]).all())
    check("and its tokens", again["tokens"].tolist() == list("abcd"))
    check("but no ids and no logits", not {"token_ids", "logits", "logits_position"} & set(again))
    for ending in ("png", "svg", "pdf", "csv", "json"):
        export(f"recorded.{ending}", "--all", where=written)
    wide = folder / "wide.npz"
    numpy.savez(wide, attentions=numpy.full((1, 2, 2, 3), 1 / 3, "f4"),
                query_tokens=numpy.array(["a", "b"]), key_tokens=numpy.array(["x", "y", "z"]))
    both = arrays("both.npz", "--all", where=wide)
    check("both axes of a file", both["query_tokens"].tolist() == ["a", "b"] and
          both["key_tokens"].tolist() == ["x", "y", "z"] and "kind" not in both)
    export("wide.png", "--all", where=wide)
    png = folder / "none.png"
    for what, arguments in {"an edit": ["--prune", "0.0"], "a text": ["--text", "a"],
                            "ids": ["--ids", "1"], "a target": ["--target", "a"],
                            "maps": ["--maps", "cross"]}.items():
        refused(f"{what} for recorded attention", 2, "export", written, *arguments, "--all", "-o",
                png)
    refused("recorded attention goes on", 2, "generate", written, mention="computed elsewhere")
    info = json.loads(run("info", written, "--json").stdout)
    check("info of recorded attention", (
        info["kind"], info["layers"], info["heads"], info["queries"], info["tokens"]) == (
            "attention file", 2, 3, 4, list("abcd")))
    check("info of it as text", b"2 x 3" in run("info", written).stdout)
    ours = folder / "ours.npz"
    export("ours.npz", "--text", text, "--all")
    check("our own files open", (arrays("copy.npz", "--all", where=ours)["attentions"] == arrays(
        "ours2.npz", "--text", text, "--all")["attentions"]).all())


def test_generate():
    done = run("generate", model, "--text", "The cat", "--steps", "12")
    check("generate", done.returncode == 0 and done.stdout.startswith(b"The cat") and
          done.stdout.endswith(b"\n") and not done.stderr, done)
    check("it is the same every time",
          run("generate", model, "--text", "The cat", "--steps", "12").stdout == done.stdout)
    pruned = run("generate", model, "--text", "The cat", "--steps", "12", "--prune", "*.*")
    check("edits change it", pruned.returncode == 0 and pruned.stdout != done.stdout, pruned)
    tokens = arrays("g.npz", "--text", done.stdout[:-1].decode(), "--all")["tokens"]
    check("steps count positions", len(tokens) == 13, tokens)
    check("it begins by itself", run("generate", model, "--steps", "5").returncode == 0)
    check("an encoder-decoder's target", run("generate", bart, "--ids", "3,40,5").returncode == 0)
    refused("no source", 2, "generate", bart, mention="--text")
    refused("a masked model goes on", 2, "generate", bert, "--text", "a", mention="masked")
    refused("a body goes on", 2, "generate", fixtures / "tiny-bert-body", "--ids", "1")
    refused("text and ids", 2, "generate", model, "--text", "a", "--ids", "1")
    refused("no steps", 2, "generate", model, "--steps", "0")
    refused("no such model to go on", 1, "generate", folder / "none")


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
    for arguments in (["--help"], ["export", "--help"], ["generate", "--help"], ["info", "--help"],
                      ["bench", "--help"]):
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
    counts = json.loads(run("info", tiny, "--parameters", "--json").stdout)
    check("parameters by part", counts["parameters"] == info["parameters"] ==
          sum(part["count"] for part in counts["parts"].values()), counts["parts"])
    check("known models beside them", [known["parameters"] for known in counts["known"]][2:4] ==
          [124439808, 774030080])
    check("parameters as text", b"GPT-3 (175B)" in run("info", tiny, "--parameters").stdout)
    info = json.loads(run("info", bart, "--json").stdout)
    check("info of two stacks", (info["kind"], info["encoder_layers"], info["encoder_heads"],
                                 info["layers"], info["heads"]) == ("encoder-decoder", 2, 3, 3, 4))
    check("info of two stacks as text", b"encoder 2 x 3, decoder 3 x 4" in run("info", bart).stdout)
    info = json.loads(run("info", bert, "--json").stdout)
    check("info of a masked model", info["kind"] == "bidirectional" and
          info["predicts"] == "masked tokens")
    check("info of a window", b"window" in run("info", fixtures / "tiny-mistral").stdout)
    for where in (tiny, bart, bert):
        opening = json.loads(run("bench", "--open", where, "--json", "--repeat", "2").stdout)
        first = opening["openings"][0]
        check("bench --open", len(opening["openings"]) == 2 and first["whole_ms"] > 0 and
              first["peak_bytes"] > first["weights_bytes"] > 0, opening)
    check("bench --open as text", b"peak memory" in run("bench", "--open", tiny).stdout)
    if model == str(built_in):
        check("the built-in model is the default", b"mini-gpt" in run("info").stdout)
        done = run("bench", "--case", "mini-gpt", "--tokens", "8,100000", "--threads", "1",
                   "--repeat", "1", "--json")
        report = json.loads(done.stdout)
        check("bench", [r["tokens"] for r in report["results"]] == [8] and
              report["results"][0]["min_ms"] > 0 and report["typing"] and report["edits"])


with tempfile.TemporaryDirectory() as name:
    folder = pathlib.Path(name)
    for test in (test_formats, test_arrays, test_texts, test_kinds, test_without_tokenizer,
                 test_recorded, test_generate, test_session, test_wrong_usage, test_failures,
                 test_help_and_info):
        try:
            test()
        except Exception as error:  # A broken test is a failed one, and the others still run.
            check(test.__name__, False, repr(error))

print(f"{passed} passed, {len(failures)} failed")
sys.exit(1 if failures else 0)
