#!/usr/bin/env python3
"""Measure the written variants on the same held-out text, and check what must hold of any of them.

    python3 training/check_variants.py --models assets/models/variants --data ../shared/data/text

Prints the table of their card and writes measured.json beside the folders. It reads the F16 files,
and computes in float32. The checks: rows of every map sum to 1, no weight on a later token, and a changed token
changes nothing before it.
"""

import argparse
import csv
import json
import pathlib

import workers  # first: it sets the environment of numpy and torch

import numpy as np
import torch

import corpus
import head_scores
import variant_model
from bigram import Bigram
from bpe import Tokenizer
from model_files import read_safetensors, write_json
from train_variants import BATCH_TOKENS, DESIGNS, prepare

WINDOWS, LENGTH = 80, 257  # as evaluate.py's


def check(network, windows):
    """Raise ValueError where the network looks ahead or a row does not sum to 1."""
    at = windows.shape[1] // 2
    changed = windows.clone()
    changed[:, at] = (changed[:, at] + 1) % network.shape.vocabulary
    states, maps = network.run(windows)
    if not torch.equal(states[:, :at], network.run(changed)[0][:, :at]):
        raise ValueError("a later token changes an earlier state")
    for layer, weights in enumerate(maps):
        if (weights.sum(-1) - 1).abs().max() > 1e-5:
            raise ValueError(f"layer {layer}: a row does not sum to 1")
        if weights.triu(1).abs().max() != 0:
            raise ValueError(f"layer {layer}: a weight on a later token")


def losses(network, windows):
    """Loss in nats of every predicted token: [count, time - 1]"""
    rows = []
    for part in windows.split(8):
        logits = network.logits(part[:, :-1]).transpose(1, 2)
        rows.append(torch.nn.functional.cross_entropy(logits, part[:, 1:], reduction="none"))
    return torch.cat(rows).numpy()


def router_loads(network, windows):
    """Per layer: the share of tokens that each head is open for."""
    network.run(windows)
    return [[round(float(share), 3) for share in (layer.self_attn.gates > 0).float().mean((0, 1))]
            for layer in network.model.layers]


def learnt_temperatures(network):
    return [[round(float(t), 3) for t in layer.self_attn.log_temperature.exp()]
            for layer in network.model.layers]


def measure(folder, windows, random):
    """The figures of one folder; windows [count, LENGTH], random: windows by span."""
    network = variant_model.load(folder)
    text = windows[::8, :128]
    check(network, text)
    nats = losses(network, windows)
    repeated = random[25]
    again = losses(network, repeated)
    random_maps = {span: [w.numpy() for w in network.run(ids)[1]] for span, ids in random.items()}
    heads = head_scores.score_heads([w.numpy() for w in network.run(text)[1]], text.numpy(),
                                    random_maps)
    with open(folder / "curve.csv", newline="") as file:
        last = list(csv.DictReader(file))[-1]
    first = round(len(windows) * corpus.SENTENCE_SHARE)
    figures = {
        "validation_loss": round(float(nats.mean()), 4),
        "validation_loss_standard_error": round(float(nats.mean(1).std() / len(nats) ** 0.5), 4),
        "validation_loss_sentences": round(float(nats[:first].mean()), 4),
        "validation_loss_stories": round(float(nats[first:].mean()), 4),
        "said_again_loss": round(float(again[:, 26:].mean()), 4),
        "windows": len(windows), "tokens_used": int(nats.size),
        "parameters": sum(array.size for array in
                          read_safetensors(folder / "model.safetensors").values()),
        "steps": int(last["step"]), "tokens_seen": int(last["tokens"]),
        "training_seconds": round(float(last["seconds"])),
        "best_heads": {name: dict(zip(("score", "layer", "head"), head_scores.best(heads, name)))
                       for name in ("previous", "previous_random", "induction", "sink")},
        "entropy_by_layer": [round(float(np.mean(row)), 3) for row in heads["entropy"]],
    }
    if network.config.get("router"):
        figures["router_loads"] = router_loads(network, windows[:, :-1])
    if network.config.get("learned_temperature"):
        figures["learned_temperatures"] = learnt_temperatures(network)
    return figures


def print_table(report):
    """The card's table."""
    def best(figures, name):
        return "{score:.2f} (L{layer} H{head})".format(**figures["best_heads"][name])

    print("| variant | held out | sentences | stories | said again | parameters | steps "
          "| previous | induction |\n" + "|---" * 9 + "|")
    for name, figures in report["variants"].items():
        print(f"| {name} | {figures['validation_loss']:.3f} "
              f"| {figures['validation_loss_sentences']:.3f} "
              f"| {figures['validation_loss_stories']:.3f} | {figures['said_again_loss']:.2f} "
              f"| {figures['parameters']:,} | {figures['steps']:,} "
              f"| {best(figures, 'previous_random')} | {best(figures, 'induction')} |")
    print(f"| bigram | {report['bigram_loss']:.3f} | {report['bigram_loss_sentences']:.3f} "
          f"| {report['bigram_loss_stories']:.3f} |" + " |" * 5)


@torch.no_grad()
def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--models", default="assets/models/variants", help="folder of the folders")
    parser.add_argument("--data", default="../shared/data/text", help="folder of the corpora")
    parser.add_argument("--work", default=str(pathlib.Path(__file__).parent / "out"),
                        help="folder where train_variants.py keeps the tokens")
    options = parser.parse_args()
    torch.set_num_threads(1)
    models = pathlib.Path(options.models)
    names = [name for name in DESIGNS if (models / name / "model.safetensors").exists()]
    if not names:
        parser.error(f"{models}: no variant is there")
    tokenizer = Tokenizer.load(models / names[0])
    vocabulary = tokenizer.end_of_text + 1
    train = prepare(options.data, models / names[0], options.work)[1]
    held_out = [corpus.make_stream(corpus.split(lines)[1], tokenizer)
                for lines in corpus.read_lines(options.data)]
    windows = corpus.held_out_windows(held_out, WINDOWS, LENGTH, tokenizer.end_of_text)
    random = {span: torch.from_numpy(corpus.repeated_random_windows(16, span, vocabulary))
              for span in (10, 25, 40)}
    bigram, first = Bigram(train, vocabulary), round(WINDOWS * corpus.SENTENCE_SHARE)
    report = {
        "unit": "nats a token, of the written F16 weights",
        "bigram_loss": round(bigram.loss(windows), 4),
        "bigram_loss_sentences": round(bigram.loss(windows[:first]), 4),
        "bigram_loss_stories": round(bigram.loss(windows[first:]), 4),
        "batch_tokens": BATCH_TOKENS,
        "variants": {name: measure(models / name, torch.from_numpy(windows), random)
                     for name in names},
    }
    print_table(report)
    write_json(models / "measured.json", report)


if __name__ == "__main__":
    main()
