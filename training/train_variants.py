#!/usr/bin/env python3
"""Train the variants: small models alike in everything but how their heads are built.

    python3 training/train_variants.py --data ../shared/data/text --out assets/models/variants

All get the same tokens in the same order, the same number of steps, and the same first weights
wherever they have the same ones. The recipe is mini-gpt's, in single processes of one thread.
"""

import argparse
from concurrent import futures
import csv
import functools
import json
import math
import multiprocessing
import pathlib
import pickle
import sys
import time

import workers  # first: it sets the environment of numpy and torch

import numpy as np
import torch

import corpus
import head_scores
from bpe import Tokenizer
from llama_files import config_of, write_tokenizer
from model import Shape
from model_files import half_precision, write_json, write_safetensors
from muon import Muon
from train_mini_gpt import Examiner
from variant_model import VariantModel

SHAPE = Shape(width=128, layers=4, heads=8, hidden=320, context=256)
DESIGNS = {  # in the order of training; what each adds to the config
    "standard": {},
    "multi-resolution": {"heads": [{"mask": "local:4"}] * 3 + [{"mask": "dilated:8:4"}] * 3
                                  + [{"mask": "none"}] * 2},
    "routed-heads": {"router": {"shared_heads": 2, "top_k": 2}},
    "multi-scale": {"heads": [{"pool": 1}] * 4 + [{"pool": 2}] * 2 + [{"pool": 4}] * 2},
    "convolution": {"convolution": 3},
    "grouped-query": {"num_key_value_heads": 2},
    "multi-query": {"num_key_value_heads": 1},
    "fixed-temperature": {"heads": [{"temperature": t} for t in (0.5, 1, 2, 5) for _ in range(2)]},
    "learned-temperature": {"learned_temperature": True},
}
# Until this share of the steps nothing changes, so that a run can still be made longer or shorter.
STEADY = 0.75
STAGES = ((0.85, 128), (1.01, 256))  # until this share of the steps, windows of this length
# Until this share: share of windows of repeated random tokens, and of text that repeats a span.
REPEATS = ((STEADY, 0.35, 0.1), (1.01, 0.1, 0.05))
BATCH_TOKENS = 1024
WARM_UP = 100  # steps
ROUND = 100  # steps of one variant before it is the next one's turn
SCORE_LIMIT = 8.0
MEASURE_EVERY = 4  # steps between two looks at how far the scores spread
BALANCE = 0.01  # weight of the router's load balancing in the loss
COLUMNS = ("step", "tokens", "training_loss", "held_out_loss", "previous", "previous_random",
           "induction", "said_again_loss", "seconds")


def config_for(name):
    """The config.json of a variant."""
    config = {**config_of(SHAPE), "architectures": ["HeadlightForCausalLM"],
              "model_type": "headlight"}
    return {**config, **DESIGNS[name]}


def write_variant(folder, network, tokenizer):
    folder.mkdir(parents=True, exist_ok=True)
    write_tokenizer(folder, tokenizer, network.shape.context)
    write_json(folder / "config.json", network.config)
    write_safetensors(folder / "model.safetensors", half_precision(network.tensors()))


@functools.lru_cache(1)
def prepare(data, tokenizer_folder, work):
    """(tokenizer, training streams, examiner); kept in the work folder."""
    kept = pathlib.Path(work) / "variants-tokens.pickle"
    if not kept.exists():
        kept.parent.mkdir(parents=True, exist_ok=True)
        tokenizer = Tokenizer.load(tokenizer_folder)
        parts = [corpus.split(lines) for lines in corpus.read_lines(data)]
        train = [corpus.make_stream(lines, tokenizer) for lines, _ in parts]
        held_out = [corpus.make_stream(lines, tokenizer) for _, lines in parts]
        tokenizer.known_words = {}
        examiner = Examiner(train, held_out, SHAPE.vocabulary)
        with open(kept, "wb") as file:
            pickle.dump((tokenizer, train, examiner), file)
    with open(kept, "rb") as file:
        return pickle.load(file)


def optimizers(network):
    """As mini-gpt's: Muon for the matrices, AdamW for the rest."""
    layers = network.model.layers
    attention = [layer.self_attn for layer in layers]
    projections = [p.weight for a in attention for p in (a.q_proj, a.k_proj, a.v_proj)]
    others = [w for layer in layers
              for w in (layer.self_attn.o_proj.weight, *layer.mlp.parameters())]
    fast = [p.bias for a in attention for p in (a.q_proj, a.k_proj, a.v_proj)]
    fast.append(network.model.embed_tokens.weight)
    # Faster, whole layers go to one shared head within 200 steps, and the others stop learning.
    routers = [router.weight for a in attention if a.router_options
               for router in (a.router, a.router_balance)]
    taken = {id(w) for w in projections + others + fast + routers}
    small = [w for w in network.parameters() if w.requires_grad and id(w) not in taken]
    return [Muon([dict(params=projections, lr=0.02, weight_decay=0.3), dict(params=others)],
                 lr=0.01, weight_decay=0.5, precision=torch.bfloat16),
            torch.optim.AdamW([dict(params=small), dict(params=fast, lr=0.01),
                               *([dict(params=routers, lr=3e-4)] if routers else [])], lr=3e-3,
                              betas=(0.9, 0.95), weight_decay=0.0)]


def learning_rate(step, steps):
    """Share of the peak: warm-up, then level, and after STEADY down to 3 % in a straight line."""
    left = (1 - step / steps) / (1 - STEADY)
    return min(1.0, (step + 1) / WARM_UP, 0.03 + 0.97 * left)


def batch(streams, step, options):
    """(inputs, targets) of a step, which depend on nothing but the step and the seed."""
    progress = step / options.steps
    length = next(length for until, length in STAGES if progress < until)
    repeats = next(shares for until, *shares in REPEATS if progress < until)
    inputs, targets = corpus.training_batch(streams, BATCH_TOKENS // length, length, repeats,
                                            SHAPE.vocabulary,
                                            np.random.default_rng((options.seed, step)))
    return torch.from_numpy(inputs), torch.from_numpy(targets)


class Training:
    """One variant on its way; `state` has all that a checkpoint keeps."""

    def __init__(self, name, options):
        self.name, self.options = name, options
        self.tokenizer, self.streams, self.examiner = prepare(options.data, options.tokenizer,
                                                                options.work)
        self.network = VariantModel(config_for(name))
        self.network.initialise(options.seed)
        self.optimizers = optimizers(self.network)
        for optimizer in self.optimizers:
            for group in optimizer.param_groups:
                group["peak"] = group["lr"]
        self.step, self.seconds, self.rows, self.losses = 0, 0.0, [], []
        self.kept = pathlib.Path(options.work) / f"variant-{name}.pt"
        if options.resume and self.kept.exists():
            self.restore(torch.load(self.kept))

    def restore(self, kept):
        if kept["settings"] != self.settings():
            raise ValueError(f"{self.kept} is of another run: {kept['settings']}")
        steady = STEADY * min(kept["steps"], self.options.steps)
        if kept["steps"] != self.options.steps and kept["step"] > steady:
            raise ValueError(f"{self.kept} is too far on for {self.options.steps} steps")
        self.network.load_state_dict(kept["network"])
        for optimizer, state in zip(self.optimizers, kept["optimizers"]):
            optimizer.load_state_dict(state)
        self.step, self.seconds = kept["step"], kept["seconds"]
        self.rows, self.losses = kept["rows"], kept["losses"]

    def settings(self):
        return dict(seed=self.options.seed, config=config_for(self.name))

    def save(self):
        workers.save(self.kept, dict(
            settings=self.settings(), network=self.network.state_dict(), step=self.step,
            optimizers=[o.state_dict() for o in self.optimizers], steps=self.options.steps,
            seconds=self.seconds, rows=self.rows, losses=self.losses))

    def take_step(self):
        network, began = self.network, time.time()
        inputs, targets = batch(self.streams, self.step, self.options)
        attention = [layer.self_attn for layer in network.model.layers]
        measuring = self.step % MEASURE_EVERY == 0
        for heads in attention:
            heads.measuring = measuring
        for optimizer in self.optimizers:
            optimizer.zero_grad(set_to_none=True)
        with torch.autocast("cpu", torch.bfloat16, enabled=self.options.bfloat16):
            loss = network.loss(inputs, targets)
            total = loss + BALANCE * network.imbalance()
        total.backward()
        rate = learning_rate(self.step, self.options.steps)
        for optimizer in self.optimizers:
            for group in optimizer.param_groups:
                group["lr"] = group["peak"] * rate
            optimizer.step()
        with torch.no_grad():  # see MiniGpt.center_embedding
            embedding = network.model.embed_tokens.weight
            embedding.sub_(embedding.mean(0))
        if measuring:
            for heads in attention:
                heads.limit_scores(SCORE_LIMIT)
                heads.measuring = False
        self.losses.append(loss.item())
        self.step += 1
        self.seconds += time.time() - began

    def examine(self):
        record, line = self.examiner.examine(self.network.eval())
        self.network.train()
        best = {name: head_scores.best(record["heads"], name)[0]
                for name in ("previous", "previous_random", "induction")}
        training = float(np.mean(self.losses)) if self.losses else None
        self.losses = []
        self.rows.append(dict(step=self.step, tokens=self.step * BATCH_TOKENS,
                              training_loss=training, held_out_loss=record["loss"],
                              said_again_loss=record["loss_said_again"], **best,
                              seconds=self.seconds))
        with open(self.kept.with_suffix(".jsonl"), "a") as log:
            log.write(json.dumps(dict(step=self.step, seconds=self.seconds, training_loss=training,
                                      imbalance=float(self.network.imbalance()), **record)) + "\n")
        print(f"{self.name}: step {self.step}, {self.seconds / 60:.1f} min, "
              f"{self.step * BATCH_TOKENS / 1e6:.2f} M tokens, "
              f"training {training or 0:.3f}, {line}",
              flush=True)

    def run(self):
        if not self.rows:
            self.kept.with_suffix(".jsonl").unlink(missing_ok=True)
            self.examine()
        last = min(self.options.until, self.options.steps)
        while self.step < last:
            self.take_step()
            if self.step % self.options.log_every == 0 or self.step == self.options.steps:
                self.examine()
                self.save()
        self.save()
        self.write()

    def write(self):
        """The folder, as far as the training has come."""
        write_variant(pathlib.Path(self.options.out) / self.name, self.network, self.tokenizer)
        write_curve(pathlib.Path(self.options.out) / self.name / "curve.csv", self.rows)


def write_curve(path, rows):
    with open(path, "w", newline="") as file:
        writer = csv.DictWriter(file, COLUMNS, lineterminator="\n")
        writer.writeheader()
        for row in rows:
            writer.writerow({name: round(value, 4) if isinstance(value, float) else value
                             for name, value in row.items()})


def train(name, options):
    """Train one variant until options.until, from its checkpoint if options.resume; its step."""
    torch.set_num_threads(1)
    training = Training(name, options)
    training.run()
    return training.step


def train_all(names, options):
    """In rounds of a few steps for each, so that all have come equally far whenever it ends.

    Goes over to the last quarter of the steps where another round would not leave the time for it.
    """
    deadline = time.time() + 60 * options.minutes
    last = min(options.steps, options.until)
    with futures.ProcessPoolExecutor(options.jobs, multiprocessing.get_context("spawn")) as pool:
        step = 0
        while step < last:
            began = time.time()
            step = min(step + ROUND, last)
            options.until = step
            done = list(pool.map(train, names, [options] * len(names)))
            options.resume = True
            seconds = (time.time() - began) / ROUND
            print(f"all have come to step {min(done)}: {seconds:.2f} s a step", flush=True)
            step = max(step, min(done))
            steady = step <= STEADY * options.steps
            left = ROUND + 1.15 * (step + ROUND) * (1 / STEADY - 1)  # longer windows take longer
            if steady and time.time() + seconds * left > deadline:
                options.steps = min(options.steps, math.ceil(step / STEADY))
                last = min(last, options.steps)
                print(f"the time is short: {options.steps} steps", flush=True)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", default="../shared/data/text", help="folder of the corpora")
    parser.add_argument("--tokenizer", default="assets/models/mini-gpt", help="its folder")
    parser.add_argument("--out", default="assets/models/variants", help="folder of the folders")
    parser.add_argument("--work", default=str(pathlib.Path(__file__).parent / "out"),
                        help="folder of tokens, logs and checkpoints")
    parser.add_argument("--only", help="train these, names joined by commas")
    parser.add_argument("--jobs", type=int, default=2, help="how many train side by side")
    parser.add_argument("--steps", type=int, default=3000, help=f"of {BATCH_TOKENS} tokens")
    parser.add_argument("--minutes", type=float, default=10**9,
                        help="take fewer steps, the same for all, if these would not be enough")
    parser.add_argument("--until", type=int, default=10**9, help="stop at this step; see --resume")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--log-every", type=int, default=200)
    parser.add_argument("--float32", dest="bfloat16", action="store_false",
                        help="no product in bfloat16")
    parser.add_argument("--resume", action="store_true", help="go on from the last checkpoints")
    options = parser.parse_args()
    names = options.only.split(",") if options.only else list(DESIGNS)
    for name in names:
        if name not in DESIGNS:
            parser.error(f"no variant {name!r}: expected some of {', '.join(DESIGNS)}")
    prepare(options.data, options.tokenizer, options.work)
    train_all(names, options)


if __name__ == "__main__":
    sys.exit(main())
