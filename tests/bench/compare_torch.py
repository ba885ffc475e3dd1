#!/usr/bin/env python3
"""Times one forward pass of GPT-2's size against PyTorch, in turn, and prints the ratios.

Both sides run 12 layers, 12 heads, d_model 768, d_ff 3072 in fp32 on random weights without the
vocabulary head, and keep every head's attention weights. `headlight bench` answers for our side;
a second process of this script, which lives as long as the comparison, answers for PyTorch.

A ratio is our time over PyTorch's, from two measurements that follow each other; the table shows
their median. Ratios of minima stand beside it: on a machine with other work they are what is left
of the difference when neither side was disturbed.
"""

import argparse
import glob
import json
import os
import re
import statistics
import subprocess
import sys
import time

LAYERS, HEADS, D_MODEL, D_FF = 12, 12, 768, 3072


def torch_environment(threads):
    """The setting in which PyTorch's products run well on this machine.

    OpenBLAS up to 0.3.21 does not know newer Intel processors and falls back to slow kernels; its
    openmp variant shares its threads with PyTorch, where the pthread variant fights with them.
    """
    environment = dict(os.environ, OMP_NUM_THREADS=str(threads))
    try:
        with open("/proc/cpuinfo", encoding="utf-8") as f:
            cpu = f.read()
    except OSError:
        cpu = ""
    if "GenuineIntel" in cpu and re.search(r"\bavx512f\b", cpu):
        environment.setdefault("OPENBLAS_CORETYPE", "SkylakeX")
    openmp = glob.glob("/usr/lib/*/openblas-openmp")
    if openmp:
        others = environment.get("LD_LIBRARY_PATH")
        environment["LD_LIBRARY_PATH"] = openmp[0] + (":" + others if others else "")
    return environment


def serve_torch(threads):
    """Reads a number of tokens and of repetitions per line; answers with milliseconds as JSON."""
    import torch
    from torch.nn.functional import gelu, layer_norm

    torch.set_num_threads(threads)
    torch.set_grad_enabled(False)
    torch.manual_seed(0)
    width = D_MODEL // HEADS

    def random(*shape):
        return torch.randn(*shape) * 0.02

    # Weights lie [in, out], as in GPT-2's Conv1D, and a product adds its bias in one call.
    layers = [
        {
            "norm": [(torch.ones(D_MODEL), torch.zeros(D_MODEL)) for _ in range(2)],
            "qkv": (random(3 * D_MODEL), random(D_MODEL, 3 * D_MODEL)),
            "out": (random(D_MODEL), random(D_MODEL, D_MODEL)),
            "up": (random(D_FF), random(D_MODEL, D_FF)),
            "down": (random(D_MODEL), random(D_FF, D_MODEL)),
        }
        for _ in range(LAYERS)
    ]

    def linear(x, weights):
        return torch.addmm(weights[0], x, weights[1])

    def forward(x, later):
        n = x.shape[0]
        kept = []
        for layer in layers:
            h = layer_norm(x, (D_MODEL,), *layer["norm"][0], 1e-5)
            q, k, v = (
                part.view(n, HEADS, width).transpose(0, 1)
                for part in linear(h, layer["qkv"]).split(D_MODEL, dim=-1)
            )
            scores = (q @ k.transpose(1, 2)) * width**-0.5
            weights = torch.softmax(scores.masked_fill_(later, float("-inf")), dim=-1)
            kept.append(weights)  # [heads, query, key]
            x = x + linear((weights @ v).transpose(0, 1).reshape(n, D_MODEL), layer["out"])
            h = layer_norm(x, (D_MODEL,), *layer["norm"][1], 1e-5)
            x = x + linear(gelu(linear(h, layer["up"]), approximate="tanh"), layer["down"])
        return x, kept

    print(json.dumps({"torch": torch.__version__}), flush=True)
    warm = None
    for line in sys.stdin:
        tokens, repetitions = map(int, line.split())
        x = torch.randn(tokens, D_MODEL)
        later = torch.ones(tokens, tokens, dtype=torch.bool).triu(1)
        if warm != tokens:
            for _ in range(3):
                forward(x, later)
            warm = tokens
        times = []
        for _ in range(repetitions):
            start = time.perf_counter()
            forward(x, later)
            times.append((time.perf_counter() - start) * 1e3)
        answer = {"median_ms": statistics.median(times), "min_ms": min(times)}
        print(json.dumps(answer), flush=True)


class Torch:
    """The process that answers for PyTorch with a fixed number of threads."""

    def __init__(self, python, threads):
        self.process = subprocess.Popen(
            [python, os.path.abspath(__file__), "--serve-torch", str(threads)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            env=torch_environment(threads),
        )
        self.version = self.answer()["torch"]

    def answer(self):
        line = self.process.stdout.readline()
        if not line:
            sys.exit("PyTorch did not answer: is it installed for the Python that --python names?")
        return json.loads(line)

    def time(self, tokens, repetitions):
        self.process.stdin.write(f"{tokens} {repetitions}\n")
        self.process.stdin.flush()
        return self.answer()

    def close(self):
        self.process.stdin.close()
        self.process.wait()


def time_headlight(binary, tokens, threads):
    command = [binary, "bench", "--json", "--case", "gpt2-small"]
    command += ["--tokens", str(tokens), "--threads", str(threads)]
    done = subprocess.run(command, capture_output=True, text=True)
    if done.returncode != 0:
        sys.exit(f"{' '.join(command)}: {done.stderr.strip()}")
    for result in json.loads(done.stdout)["results"]:
        if result["tokens"] == tokens and result["threads"] == threads:
            return result
    sys.exit(f"{' '.join(command)}: no result for {tokens} tokens and {threads} threads")


def compare(binary, torch, tokens, threads, rounds):
    repetitions = max(3, min(9, 2000 // (2 * tokens + 20)))
    ours, theirs = [], []
    for _ in range(rounds):
        ours.append(time_headlight(binary, tokens, threads))
        theirs.append(torch.time(tokens, repetitions))
    return {
        "tokens": tokens,
        "threads": threads,
        "headlight_ms": statistics.median(r["median_ms"] for r in ours),
        "torch_ms": statistics.median(r["median_ms"] for r in theirs),
        "ratio": statistics.median(
            a["median_ms"] / b["median_ms"] for a, b in zip(ours, theirs)
        ),
        "ratio_of_minima": min(r["min_ms"] for r in ours) / min(r["min_ms"] for r in theirs),
    }


def main():
    root = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..")
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--binary", default=os.path.join(root, "build", "headlight"))
    parser.add_argument("--python", default=sys.executable, help="the Python that has PyTorch")
    parser.add_argument("--tokens", type=int, nargs="+", default=[8, 16, 32, 64, 128, 256, 512])
    parser.add_argument("--threads", type=int, nargs="+", default=[1, 2])
    parser.add_argument("--rounds", type=int, default=5, help="alternations per row")
    parser.add_argument("--json", action="store_true", help="print JSON instead of a table")
    parser.add_argument("--serve-torch", type=int, metavar="THREADS", help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.serve_torch:
        serve_torch(arguments.serve_torch)
        return
    if not os.access(arguments.binary, os.X_OK):
        sys.exit(f"{arguments.binary}: not there; build first or give --binary")

    results = []
    for threads in arguments.threads:
        torch = Torch(arguments.python, threads)
        if not arguments.json:
            print(f"{threads} threads, PyTorch {torch.version}, {arguments.rounds} alternations")
            print("tokens  headlight ms  PyTorch ms  ratio  ratio of minima")
        for tokens in arguments.tokens:
            result = compare(arguments.binary, torch, tokens, threads, arguments.rounds)
            results.append(result)
            if not arguments.json:
                print(
                    f"{tokens:6d}  {result['headlight_ms']:12.1f}  {result['torch_ms']:10.1f}"
                    f"  {result['ratio']:5.2f}  {result['ratio_of_minima']:15.2f}",
                    flush=True,
                )
        torch.close()
    if arguments.json:
        print(json.dumps({"results": results}, indent=2))


if __name__ == "__main__":
    main()
