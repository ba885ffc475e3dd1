#!/usr/bin/env python3
"""The models whose heads are made differently, as scripts meet them:
variants_command_test.py PROGRAM

Figures are computed again from the files. Prints `N passed, N failed`.
"""

import json
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile

from reference_files import read_safetensors

source = pathlib.Path(__file__).resolve().parent.parent
variants = source / "assets" / "models" / "variants"
fixtures = source / "tests" / "data" / "models"
program = os.path.abspath(sys.argv[1])
passed, failures = 0, []
NAMES = ["standard", "convolution", "fixed-temperature", "grouped-query", "learned-temperature",
         "multi-query", "multi-resolution", "multi-scale", "routed-heads"]


def check(what, good, detail=""):
    global passed
    if good:
        passed += 1
    else:
        failures.append(what)
        print(f"FAILED: {what} {detail}")


def run(*arguments, assets=None):
    environment = dict(os.environ, **({"HEADLIGHT_ASSETS": str(assets)} if assets else {}))
    return subprocess.run([program, *map(str, arguments)], capture_output=True, timeout=300,
                          env=environment, text=True)


def numbers(folder):
    return sum(values.size for values in read_safetensors(folder / "model.safetensors").values())


def built_in():
    done = run("variants", "--text", "The cat sat on the mat", "--json")
    check("headlight variants runs", done.returncode == 0, done.stderr)
    report = json.loads(done.stdout)
    rows = {row["name"]: row for row in report["variants"]}
    check("all nine are there, the control first", list(rows) == NAMES, list(rows))
    check("the set takes less than 30 MB",
          sum(f.stat().st_size for f in variants.rglob("*") if f.is_file()) < 30e6)
    for name, row in rows.items():
        config = json.loads((variants / name / "config.json").read_text())
        check(f"{name}: no problem", "problem" not in row, row)
        check(f"{name}: its parameters", row["parameters"] == numbers(variants / name), row)
        check(f"{name}: four layers of eight heads",
              (config["num_hidden_layers"], config["num_attention_heads"]) == (4, 8))
        check(f"{name}: better than a bigram", row["validation_loss"] < report["bigram_loss"] + 1, row)
        check(f"{name}: roles were measured", isinstance(row["roles"], dict) and
              (variants / name / "roles.json").exists())
        check(f"{name}: as many tokens as the control",
              row["tokens_seen"] == rows["standard"]["tokens_seen"])
        check(f"{name}: a loss curve", len((variants / name / "curve.csv").read_text().split()) > 5)
    cache = {name: row["cache_bytes_per_token"] for name, row in rows.items()}
    check("caches are as the heads are made", cache["standard"] == 2048 and
          cache["grouped-query"] == 512 and cache["multi-query"] == 256 and
          cache["multi-resolution"] == 512 and cache["multi-scale"] == 1408, cache)
    check("heads with a window look less far", sum(rows["multi-resolution"]["mean_distance"]) <
          sum(rows["standard"]["mean_distance"]))
    claims = report["claims"]
    check("every claim has a verdict and what it rests on",
          len(claims) == 4 and all(c["verdict"] and c["measured"] for c in claims), claims)
    check("the table names them all", all(name in run("variants").stdout for name in NAMES))
    check("info says how heads are made",
          "4 plain, 2 pool 2, 2 pool 4" in run("info", "multi-scale").stdout)


def of_folder(folder):
    assets = folder / "assets"
    shutil.copytree(fixtures / "tiny-headlight", assets / "models" / "variants" / "one")
    broken = assets / "models" / "variants" / "two"
    shutil.copytree(fixtures / "tiny-headlight", broken)
    (broken / "config.json").write_text((broken / "config.json").read_text().replace(
        '"top_k": 2', '"top_k": 9'))
    report = json.loads(run("variants", "--json", assets=assets).stdout)
    one, two = report["variants"]
    check("without measured.json there is no loss", "validation_loss" not in one)
    check("a broken one is one sentence", "router.top_k" in two["problem"] and
          "\n" not in two["problem"], two)
    check("and says so in the table", two["problem"] in run("variants", assets=assets).stdout)
    shutil.rmtree(assets / "models" / "variants")
    done = run("variants", assets=assets)
    check("none at all is an error", done.returncode == 1 and
          done.stderr.startswith("headlight: there are no variants in "), done.stderr)
    done = run("variants", "--masks", "x")
    check("an unknown option is wrong usage", done.returncode == 2, done.stderr)


def bench():
    report = json.loads(run("bench", "masks", "--tokens", "512,1024", "--repeat", "1", "--json").stdout)
    cells = {(row["mask"], row["tokens"]): row["cells"] for row in report["masks"]}
    check("bench masks counts the cells", cells[("none", 1024)] == 1024 * 1025 // 2 and
          cells[("local:64", 1024)] == 65 * 1024 - 64 * 65 // 2, cells)
    report = json.loads(run("bench", "variants", "--tokens", "16", "--threads", "1", "--repeat", "1",
                            "--json").stdout)
    check("bench variants has every model, and both forms agree",
          len(report["variants"]) == len(NAMES) and
          all(row["difference"] <= 1e-6 for row in report["variants"]), report)


if __name__ == "__main__":
    built_in()
    with tempfile.TemporaryDirectory() as name:
        of_folder(pathlib.Path(name))
    bench()
    print(f"{passed} passed, {len(failures)} failed")
    sys.exit(1 if failures else 0)
