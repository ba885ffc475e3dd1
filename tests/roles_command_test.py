#!/usr/bin/env python3
"""What `headlight roles` prints and keeps: roles_command_test.py PROGRAM

The scores of dumps are compared with an implementation of their own, in numpy. Prints `N passed, N
failed`.
"""

import collections
import csv
import io
import json
import os
import pathlib
import pty
import re
import select
import shutil
import signal
import subprocess
import sys
import tempfile

import numpy

source = pathlib.Path(__file__).resolve().parent.parent
shared = pathlib.Path(os.environ.get("HEADLIGHT_SHARED_DATA", source / ".." / "shared" / "data"))
fixtures = source / "tests" / "data" / "models"
tiny = fixtures / "tiny-gpt2"
program = os.path.abspath(sys.argv[1])
passed, failures = 0, []


def check(what, good, detail=""):
    global passed
    if good:
        passed += 1
    else:
        failures.append(what)
        print(f"FAILED: {what} {detail}")


def environment(**more):
    return os.environ | {"XDG_CACHE_HOME": str(folder / "cache")} | more


def run(*arguments, env=None):
    return subprocess.run([program, "roles", *map(str, arguments)], capture_output=True,
                          timeout=600, env=env or environment())


def refused(what, code, *arguments, mention=""):
    done = run(*arguments)
    error = done.stderr.decode(errors="replace")
    check(what, done.returncode == code and error.startswith("headlight: ") and
          error.count("\n") == 1 and mention in error and not done.stdout, (done.returncode, error))


# The scores again, from their definition.

LABELS = {"det": "determiner-noun", "amod": "adjective-noun", "nsubj": "subject-verb",
          "obj": "verb-object", "case": "preposition-object", "aux": "auxiliary-verb",
          "aux:pass": "auxiliary-verb", "acl:relcl": "relative clause", "nsubj:pass": "passive"}


def parse(file):
    rows = [line.split("\t") for line in file.read_text().splitlines() if line[:1].isdigit()]
    links = []
    for row in rows:
        word, head = int(row[0]) - 1, int(row[6]) - 1
        relation = LABELS.get(row[7])
        possessive = row[7] == "case" and row[1] in ("'s", "s", "'") and word > head
        if relation and head >= 0 and not possessive:
            links.append((relation, word, head))
    return [row[1] for row in rows], links


def words_of(tokens, words):
    """The word of each token, -1 for [CLS] and [SEP]: the tokens spell the words in order."""
    places, word, spelled = [], 0, ""
    for token in tokens:
        if token in ("[CLS]", "[SEP]"):
            places.append(-1)
            continue
        if spelled == words[word]:
            word, spelled = word + 1, ""
        spelled += token.removeprefix("##")
        assert words[word].startswith(spelled), (words[word], spelled)
        places.append(word)
    return numpy.array(places)


def reference(dumps):
    """{(relation, layer, head, direction): (hits, n, best offset's hits)}"""
    hits, cases = {}, collections.Counter()
    offsets = collections.defaultdict(collections.Counter)
    for file in sorted(dumps.glob("*.npz")):
        if not file.with_suffix(".conllu").exists():
            continue
        words, links = parse(file.with_suffix(".conllu"))
        with numpy.load(file) as npz:
            attention, tokens = npz["attentions"].astype(float), npz["tokens"].tolist()
        belongs = words_of(tokens, words)[:, None] == numpy.arange(len(words))
        weights = attention @ belongs                       # summed over a key's sub-words
        weights = belongs.T @ weights / belongs.sum(0)[:, None]  # averaged over a query's
        gold = collections.defaultdict(set)
        for relation, dependent, governor in links:
            gold[relation, "dependent looks", dependent].add(governor)
            gold[relation, "governor looks", governor].add(dependent)
        for (relation, direction, query), right in gold.items():
            others = weights[:, :, query].copy()
            others[:, :, query] = 0
            enough = others.sum(-1) >= 0.05
            others[:, :, query] = -1
            hit = numpy.isin(others.argmax(-1), list(right)) & enough
            key = relation, direction
            hits[key] = hits.get(key, 0) + hit
            cases[key] += 1
            offsets[key].update(word - query for word in right if abs(word - query) <= 32)
    return {key: (hits[key], cases[key], max(offsets[key].values())) for key in cases}


def test_dumps():
    dumps = shared / "attention"
    if not dumps.exists():
        print(f"skipped: no {dumps}")
        return
    done = run("--dumps", dumps, "--json")
    report = json.loads(done.stdout)
    check("sentences and skipped", report["sentences"] == 40 and
          [one["file"] for one in report["skipped"]] == [f"gpt2_small_{i}.npz" for i in range(3)])
    check("notices", done.stderr.count(b"is skipped: has no parse") == 3, done.stderr)
    expected = reference(dumps)
    relations = {relation for relation, _ in expected}
    check("every head and relation", len(report["relations"]) == 144 * len(relations))
    differ = []
    for one in report["relations"]:
        layer, head = one["layer"], one["head"]
        hits, n, offset = expected[one["relation"], one["direction"]]
        best = max(hits[layer, head] / n for key, (hits, n, _) in expected.items()
                   if key[0] == one["relation"])
        if (one["n"] != n or one["score"] != hits[layer, head] / n or
                one["baseline"] != offset / n or one["score"] != best):
            differ.append(one)
    check("scores as numpy has them", not differ, differ[:3])

    lines = list(csv.DictReader(io.StringIO(run("--dumps", dumps, "--csv").stdout.decode())))
    check("CSV is the JSON", [(line["relation"], float(line["score"]), int(line["n"]))
                              for line in lines] ==
          [(one["relation"], one["score"], one["n"]) for one in report["relations"]])
    table = run("--dumps", dumps, "--quiet")
    check("table", b"determiner-noun     L7 H10" in table.stdout and not table.stderr, table.stdout)
    rows = [line for line in table.stdout.decode().splitlines()[4:] if line]
    notes = ("near the offset", "few links", "none is above the offset")
    for row in rows:
        score, offset = re.search(r"looks +(\d\.\d\d) +(\d\.\d\d) at", row).groups()
        n = int(re.search(r" at [+-]\d+ +(\d+) ", row).group(1))
        above = float(score) - float(offset)
        noted = row.endswith(notes)
        check(f"a note where little is proved: {row}",
              noted == (n < 20 or above < 0.1) or abs(above - 0.1) < 0.011)
        check("only heads above the offset", above >= 0 or row.endswith(notes[2]), row)
    file = folder / "dumps.json"
    check("by the ending", run("--dumps", dumps, "-o", file).stdout == b"" and
          json.loads(file.read_text()) == report)


def test_model():
    first = run(tiny, "--json")
    check("a model", first.returncode == 0, first.stderr)
    report = json.loads(first.stdout)
    config = json.loads((tiny / "config.json").read_text())
    check("every head", len(report["heads"]) == config["n_layer"] * config["n_head"])
    check("all roles have their proof", all(
        {"role", "score", "threshold", "baseline", "n", "interval", "sink_share", "measured"} <=
        role.keys() for head in report["heads"] for role in head["roles"] + head["measured"]))
    kept = list((folder / "cache" / "headlight" / "roles").glob("*"))
    scores = [head["head_detector"] for head in report["heads"]]
    check("TransformerLens' scores", all(0 <= one[key] <= 1 for one in scores for key in (
        "previous_token_head", "duplicate_token_head", "induction_head")) and
        report["head_detector"]["error_measure"] == "mul", scores[:1])
    rows = list(csv.DictReader(io.StringIO(run(tiny, "--csv").stdout.decode())))
    check("and in the CSV", {(int(row["layer"]), int(row["head"])): float(row["induction_head"])
                             for row in rows} ==
          {(head["layer"], head["head"]): head["head_detector"]["induction_head"]
           for head in report["heads"]})
    check("and in the table", b"induct" in run(tiny).stdout)
    check("kept by its hash", [file.name.split("-")[0] for file in kept] == [report["model_hash"]])
    check("read again", run(tiny, "--json").stdout == first.stdout)

    shape = report["heads"][0]["shape"].encode()
    kept[0].write_bytes(first.stdout.replace(b'"' + shape + b'"', b'"vertical + diagonal"', 1))
    check("it is the kept one", run(tiny, "--json").stdout != first.stdout)
    check("measured anew", run(tiny, "--json", "--fresh").stdout == first.stdout)
    kept[0].write_bytes(first.stdout[:-100])
    check("a damaged one is not read", run(tiny, "--json").stdout == first.stdout)

    copy = shutil.copytree(tiny, folder / "a model")
    check("the folder's name does not matter", run(copy, "--json").stdout == first.stdout and
          len(list(kept[0].parent.glob("*"))) == 1)
    text = run(tiny).stdout.decode()
    check("table", text.startswith("tiny-gpt2: ") and "L0 H0" in text and "battery" in text, text)
    lines = list(csv.DictReader(io.StringIO(run(tiny, "--csv").stdout.decode())))
    check("CSV has every measure", len(lines) == sum(
        len(head["roles"] + head["measured"]) for head in report["heads"]))

    nowhere = run(tiny, "--json", env=environment(XDG_CACHE_HOME="/proc/nowhere"))
    check("a cache that cannot be written", nowhere.stdout == first.stdout and
          nowhere.stderr.startswith(b"headlight: the report is not kept"), nowhere.stderr)


def test_pruned():
    pruned = folder / "without"
    subprocess.run([program, "prune", tiny, "--heads", "0.1", "--text", "1 2 3", "-o", pruned],
                   check=True, capture_output=True, timeout=600)
    report = json.loads(run(pruned, "--json").stdout)
    gone = [(head["layer"], head["head"]) for head in report["heads"] if "output" in head]
    check("pruned heads are marked", gone == [(0, 1)], gone)
    sentences = [role["measured"] for head in report["heads"] if "output" in head
                 for role in head["roles"] + head["measured"]]
    check("in every sentence", sentences and all("The head is pruned" in one
                                                 for one in sentences), sentences[:1])
    rows = list(csv.DictReader(io.StringIO(run(pruned, "--csv").stdout.decode())))
    check("in the CSV", {(row["layer"], row["head"]) for row in rows if row["output"]} ==
          {("0", "1")} and {row["output"] for row in rows} == {"", "zero"})
    check("in the table", b"(pruned)" in run(pruned).stdout)
    check("not in a whole model", b"pruned" not in run(tiny).stdout)


def test_own_texts():
    treebank = folder / "a.conllu"
    sentence = ("1\tthe\t_\t_\t_\t_\t2\tdet\t_\t_\n2\tcat\t_\t_\t_\t_\t3\tnsubj\t_\t_\n"
                "3\tate\t_\t_\t_\t_\t0\troot\t_\t_\n4\tthe\t_\t_\t_\t_\t5\tdet\t_\t_\n"
                "5\tbread\t_\t_\t_\t_\t3\tobj\t_\t_\n\n")
    treebank.write_text(sentence * 8)
    gap = folder / "gap.tsv"
    gap.write_text("ID\tText\tPronoun\tPronoun-offset\tA\tA-offset\tA-coref\tB\tB-offset\t"
                   "B-coref\n" +
                   "1\tthe dog saw Anna and she ran\tshe\t21\tAnna\t12\tTRUE\tdog\t4\tFALSE\n" * 8)
    cache = folder / "other cache"
    done = run(tiny, "--json", "--conllu", treebank, "--gap", gap,
               env=environment(XDG_CACHE_HOME=str(cache)))
    check("own texts", done.returncode == 0, done.stderr)
    report = json.loads(done.stdout)
    roles = [role for head in report["heads"] for role in head["roles"] + head["measured"]]
    links = [role for role in roles if "relation" in role]
    check("measured on them", all(role["n"] <= 8 for role in links), links[:3])
    check("and not kept", not list(cache.rglob("*.json")))


def test_interruption():
    # The built-in model carries its roles ready made; a copy elsewhere is measured.
    built_in = shutil.copytree(source / "assets" / "models" / "mini-gpt", folder / "copy",
                               ignore=shutil.ignore_patterns("roles.json"))
    cache = folder / "interrupted"
    env = environment(XDG_CACHE_HOME=str(cache))
    mine, theirs = pty.openpty()
    process = subprocess.Popen([program, "roles", built_in, "--json"], stdout=subprocess.PIPE,
                               stderr=theirs, env=env)
    os.close(theirs)
    seen = b""
    while b"3 of " not in seen and select.select([mine], [], [], 60)[0]:
        seen += os.read(mine, 1000)
    process.send_signal(signal.SIGINT)
    check("stopped", process.communicate(timeout=60)[0] == b"" and process.returncode == 130)
    try:
        while chunk := os.read(mine, 1000):
            seen += chunk
    except OSError:  # The other side is closed.
        pass
    os.close(mine)
    check("progress, and what was done", b"stopped after " in seen and b"goes on" in seen, seen)
    check("kept in part", len(list(cache.rglob("*.partial"))) == 1)
    done = run(built_in, "--json", env=env)
    whole = run(built_in, "--json", "--fresh", env=env)
    check("the same as in one go", done.returncode == 0 and done.stdout == whole.stdout)
    check("nothing left of it", not list(cache.rglob("*.partial")))
    return whole.stdout


def test_ready_made():
    """roles.json in a built-in model's folder, if it fits; elsewhere it is not looked at."""
    assets = folder / "assets"
    model = shutil.copytree(tiny, assets / "models" / "tiny")
    env = environment(HEADLIGHT_ASSETS=str(assets), XDG_CACHE_HOME=str(folder / "ready made"))
    measured = run(model, "--json", env=env).stdout
    shutil.rmtree(folder / "ready made")
    report = json.loads(measured)
    report["heads"][0]["shape"] = "block" if report["heads"][0]["shape"] != "block" else "mixed"
    (model / "roles.json").write_text(json.dumps(report))
    shape = lambda output: json.loads(output)["heads"][0]["shape"]
    for name in (model, f"{model}/", "tiny"):
        check("read", shape(run(name, "--json", env=env).stdout) == report["heads"][0]["shape"])
    elsewhere = shutil.copytree(model, folder / "elsewhere")
    check("not elsewhere", run(elsewhere, "--json", env=env).stdout == measured)
    shutil.rmtree(folder / "ready made")
    for wrong in ({"battery": 999}, {"model_hash": "0" * 32}):
        (model / "roles.json").write_text(json.dumps(report | wrong))
        check("not of another", run(model, "--json", env=env).stdout == measured)
        shutil.rmtree(folder / "ready made")


def test_wrong_usage():
    empty = folder / "empty"
    empty.mkdir()
    refused("no such model", 1, "no-such-model", mention="no such model")
    refused("two formats", 2, "--json", "--csv", mention="either")
    refused("a picture", 2, tiny, "-o", "x.png", mention='"x.png" does not end in .json, .csv or')
    refused("an ending of another format", 2, tiny, "--csv", "-o", "r.json",
            mention='"r.json" does not end in .csv, as --csv asks for')
    refused("nor of a text", 2, tiny, "--json", "-o", "r.TXT", mention="does not end in .json")
    refused("dumps and a model", 2, tiny, "--dumps", empty, mention="stands alone")
    refused("no dumps", 1, "--dumps", empty, mention="no .npz")
    refused("no folder", 1, "--dumps", empty / "x", mention="cannot be read")
    recorded = next((source / "tests" / "data" / "attention").glob("*.npz"))
    refused("recorded attention", 2, recorded, mention="--dumps")
    shutil.copy(recorded, empty / "a.npz")
    done = run("--dumps", empty)
    check("nothing to score", done.returncode == 1 and b"a.conllu is missing" in done.stderr and
          b"has no NAME.npz" in done.stderr and not done.stdout, done.stderr)
    bad = folder / "bad.conllu"
    bad.write_text("1\ta\t_\t_\t_\t_\t7\tdet\t_\t_\n")
    refused("a bad treebank", 1, tiny, "--conllu", bad, mention="bad.conllu: line 1: HEAD 7")
    refused("bad pronouns", 1, tiny, "--gap", bad, mention="line 1: the header")
    bad.write_text("")
    refused("an empty treebank", 1, tiny, "--conllu", bad, mention="no sentence")
    refused("no place to write", 1, tiny, "-o", folder / "no" / "x.json", mention="x.json")
    check("help", b"--dumps" in subprocess.run([program, "roles", "--help"],
                                               capture_output=True).stdout)


with tempfile.TemporaryDirectory() as name:
    folder = pathlib.Path(name)
    for test in (test_dumps, test_model, test_pruned, test_own_texts, test_interruption, test_ready_made,
                 test_wrong_usage):
        try:
            test()
        except Exception as error:  # A broken test is a failed one, and the others still run.
            check(test.__name__, False, repr(error))

print(f"{passed} passed, {len(failures)} failed")
sys.exit(1 if failures else 0)
