#!/usr/bin/env python3
"""Make mini-gpt: tokenizer, training, head scores on the way, and the model folder.

    python3 training/train_mini_gpt.py --data ../shared/data/text --out assets/models/mini-gpt

Two worker processes of one thread each share the parameters and the gradients: each computes the
gradient of its half of the batch, then each updates its half of the parameters. On a small model
this is faster than two threads in every product, and suffers less from a busy machine.
"""

import argparse
import dataclasses
import json
import math
import os
import pathlib
import pickle
import sys
import time

WORKERS = 2
# One thread a worker; keep freed memory (asking the system for it again at every step is slow).
os.environ.update(OMP_NUM_THREADS="1", OPENBLAS_NUM_THREADS="1", MALLOC_MMAP_MAX_="0",
                  MALLOC_TRIM_THRESHOLD_="8000000000", MALLOC_TOP_PAD_="67108864")

import numpy as np  # noqa: E402
import torch  # noqa: E402
import torch.multiprocessing as processes  # noqa: E402

import corpus  # noqa: E402
import head_scores  # noqa: E402
from bigram import Bigram  # noqa: E402
from bpe import Tokenizer, learn_merges  # noqa: E402
from llama_files import write_model  # noqa: E402
from model import MiniGpt, Shape  # noqa: E402
from muon import Muon  # noqa: E402

BATCH_TOKENS = 2048
STAGES = ((0.8, 128), (0.92, 256), (1.01, 512))  # until this progress, windows of this length
# Until this progress: share of windows of repeated random tokens, and of text that repeats a span.
REPEATS = ((0.3, 0.35, 0.1), (1.01, 0.1, 0.05))
SCORE_LIMIT = 8.0  # see Block.limit_scores
SAVE_AT = {0, 100, 300, 1000, 3000, 10000, 30000}  # steps whose weights are kept


def arguments():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", default="../shared/data/text", help="folder of the corpora")
    parser.add_argument("--out", default="assets/models/mini-gpt", help="the model folder")
    parser.add_argument("--work", default=str(pathlib.Path(__file__).parent / "out"),
                        help="folder of tokens, log and checkpoints")
    parser.add_argument("--minutes", type=float, default=90, help="stop after these")
    parser.add_argument("--steps", type=int, default=10**9, help="or after these")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--log-every", type=int, default=250)
    parser.add_argument("--export-every", type=float, default=10, help="minutes")
    parser.add_argument("--resume", action="store_true", help="go on from the last checkpoint")
    return parser.parse_args()


def prepare(data, work):
    """(tokenizer, training streams, held-out streams); kept in `work` for the next time."""
    kept = work / "tokens.pickle"
    if kept.exists():
        with open(kept, "rb") as file:
            return pickle.load(file)
    began = time.time()
    parts = [corpus.split(lines) for lines in corpus.read_lines(data)]
    text = "\n".join("\n".join(train) for train, _ in parts)
    tokenizer = Tokenizer(learn_merges(text, Shape.vocabulary - 257))
    train = [corpus.make_stream(lines, tokenizer) for lines, _ in parts]
    held_out = [corpus.make_stream(lines, tokenizer) for _, lines in parts]
    print(f"tokenizer and tokens: {time.time() - began:.0f} s, "
          f"{[len(s.tokens) for s in train]} training tokens (sentences, stories), "
          f"{[len(s.tokens) for s in held_out]} held out", flush=True)
    tokenizer.known_words = {}
    with open(kept, "wb") as file:
        pickle.dump((tokenizer, train, held_out), file)
    return tokenizer, train, held_out


def optimizers(model, worker):
    """The optimizers of the parameters that belong to this worker."""
    blocks = list(model.blocks)[worker::WORKERS]
    # The decay bounds the matrices' singular values by 1 / weight_decay. Unbounded they grow until the
    # layers' outputs drown the tokens in the residual stream, and no head can tell what to copy.
    matrices = [dict(params=[b.qkv for b in blocks], pieces=3, lr=0.02, weight_decay=0.3),
                dict(params=[b.gate_up for b in blocks], pieces=2),
                dict(params=[w for b in blocks for w in (b.out, b.down)], pieces=1)]
    norms = [w for b in blocks for w in (b.attention_norm.weight, b.mlp_norm.weight)]
    fast = [b.qkv_bias for b in blocks]
    if worker == 0:
        norms += [model.norm.weight]
        fast += [model.embedding]
    chosen = [Muon(matrices, lr=0.01, weight_decay=0.5),
              torch.optim.AdamW([dict(params=norms), dict(params=fast, lr=0.01)], lr=3e-3,
                                betas=(0.9, 0.95), weight_decay=0.0)]
    for optimizer in chosen:
        for group in optimizer.param_groups:
            group["peak"] = group["lr"]
    return chosen


def share_gradients(model, gradients, worker):
    """Let every parameter's gradient be a piece of gradients [workers, numbers].

    Returns (parameter, its pieces [workers, ...]) pairs.
    """
    pieces, at = [], 0
    for parameter in model.parameters():
        piece = gradients[:, at:at + parameter.numel()].view(WORKERS, *parameter.shape)
        parameter.grad = piece[worker]
        pieces.append((parameter, piece))
        at += parameter.numel()
    return pieces


def learning_rate(step, progress):
    """Share of the peak: 100 steps of warm-up, then a cosine down to 3 %."""
    return min(1.0, (step + 1) / 100) * (0.03 + 0.97 * 0.5 * (1 + math.cos(math.pi * progress)))


class Examiner:
    """Measures the model on held-out text and on repeated random tokens."""

    SPANS = (10, 25, 40)  # a head that looks a fixed distance back scores at one of them only

    def __init__(self, train, held_out, vocabulary):
        beginning = vocabulary - 1
        self.windows = corpus.held_out_windows(held_out, 40, 257, beginning)
        self.random = {span: corpus.repeated_random_windows(8, span, vocabulary)
                       for span in self.SPANS}
        self.bigram = Bigram(train, vocabulary).loss(self.windows)

    @torch.no_grad()
    def examine(self, model):
        """(held-out loss, loss on random tokens said again, head scores)"""
        windows = torch.from_numpy(self.windows)
        loss = np.mean([float(model.loss(part[:, :-1], part[:, 1:])) for part in windows.split(8)])
        text = self.windows[::5, :128]
        text_maps = [weights.numpy() for weights in model.run(torch.from_numpy(text))[1]]
        random_maps = {span: [weights.numpy() for weights in model.run(torch.from_numpy(ids))[1]]
                       for span, ids in self.random.items()}
        repeated = torch.from_numpy(self.random[25])
        targets = repeated[:, 1:].clone()
        targets[:, :26] = -100
        again = model.loss(repeated[:, :-1], targets)
        return float(loss), float(again), head_scores.score_heads(text_maps, text, random_maps)


def save(path, value):
    part = path.with_suffix(".part")
    torch.save(value, part)
    os.replace(part, path)


def train(worker, options, model, gradients, clock, barrier):
    """One worker's life.

    clock [3] float64, set by worker 0: step, elapsed seconds, tokens seen.
    """
    torch.set_num_threads(1)
    work = pathlib.Path(options.work)
    tokenizer, streams, held_out = prepare(options.data, work)
    pieces = share_gradients(model, gradients, worker)
    mine = optimizers(model, worker)
    owned = {id(w) for o in mine for group in o.param_groups for w in group["params"]}
    if options.resume:
        for optimizer, state in zip(mine, torch.load(work / f"optimizer{worker}.pt")):
            fresh = optimizer.state_dict()["param_groups"]  # the settings are this command's
            optimizer.load_state_dict({"state": state["state"], "param_groups": fresh})
    rng = np.random.default_rng((options.seed, worker, int(clock[0])))
    if worker == 0:
        examiner = Examiner(streams, held_out, tokenizer.end_of_text + 1)
        log = open(work / "log.jsonl", "a" if options.resume else "w")
        print(f"bigram on held-out text: {examiner.bigram:.3f} nats a token", flush=True)
        exported, running = time.time() - 60 * options.export_every + 300, None
    barrier.wait()
    began = time.time() - float(clock[1])

    while True:
        step = int(clock[0])
        progress = min(1.0, max(step / options.steps, float(clock[1]) / 60 / options.minutes))
        finished = progress >= 1
        if worker == 0 and (step % options.log_every == 0 or step in SAVE_AT or finished):
            model.eval()
            loss, again, scores = examiner.examine(model)
            record = dict(step=step, minutes=float(clock[1]) / 60, tokens=int(clock[2]),
                          training_loss=running, loss=loss, bigram=examiner.bigram,
                          loss_said_again=again, heads=scores)
            log.write(json.dumps(record) + "\n")
            log.flush()
            tops = ", ".join("{} {:.2f} L{} H{}".format(name, *head_scores.best(scores, name))
                             for name in ("previous", "previous_random", "induction", "sink"))
            softness = np.mean(scores["entropy"])
            print(f"step {step}, {record['minutes']:.1f} min, {record['tokens'] / 1e6:.2f} M "
                  f"tokens, training {running or 0:.3f}, held out {loss:.3f}; {tops}, "
                  f"entropy {softness:.2f}, said again {again:.2f}", flush=True)
            if step in SAVE_AT:
                save(work / f"step{step}.pt", model.state_dict())
            if finished or time.time() - exported > 60 * options.export_every:
                exported = time.time()
                write_model(options.out, model, tokenizer)
        if step % 500 == 0 and step or finished:
            save(work / f"optimizer{worker}.pt", [o.state_dict() for o in mine])
            if worker == 0:
                save(work / "last.pt", dict(model=model.state_dict(), clock=clock.clone(),
                                            shape=dataclasses.asdict(model.shape)))
        barrier.wait()
        if finished:
            break

        length = next(length for until, length in STAGES if progress < until)
        count = BATCH_TOKENS // WORKERS // length
        repeats = next(shares for until, *shares in REPEATS if progress < until)
        inputs, targets = corpus.training_batch(streams, count, length, repeats,
                                                model.shape.vocabulary, rng)
        gradients[worker].zero_()
        model.train()
        loss = model.loss(torch.from_numpy(inputs), torch.from_numpy(targets))
        loss.backward()
        barrier.wait()  # now both gradients are there
        with torch.no_grad():
            for parameter, piece in pieces:
                if id(parameter) in owned:
                    torch.mean(piece, 0, out=parameter.grad)
        for optimizer in mine:
            for group in optimizer.param_groups:
                group["lr"] = group["peak"] * learning_rate(step, progress)
            optimizer.step()
        if worker == 0:
            model.center_embedding()
        for block in list(model.blocks)[worker::WORKERS]:
            block.limit_scores(SCORE_LIMIT)
        if worker == 0:
            running = loss.item() if running is None else 0.98 * running + 0.02 * loss.item()
            clock[0] += 1
            clock[1] = time.time() - began
            clock[2] += BATCH_TOKENS
        barrier.wait()  # now all parameters are new


def main():
    options = arguments()
    work = pathlib.Path(options.work)
    work.mkdir(parents=True, exist_ok=True)
    prepare(options.data, work)
    torch.manual_seed(options.seed)
    shape = Shape()
    model = MiniGpt(shape).share_memory()
    clock = torch.zeros(3, dtype=torch.float64).share_memory_()
    numbers = sum(parameter.numel() for parameter in model.parameters())
    if options.resume:
        kept = torch.load(work / "last.pt")
        model.load_state_dict(kept["model"])
        clock.copy_(kept["clock"])
    print(f"{numbers / 1e6:.2f} M parameters, {shape}", flush=True)
    gradients = torch.zeros(WORKERS, numbers).share_memory_()
    context = processes.get_context("spawn")
    processes.spawn(train, (options, model, gradients, clock, context.Barrier(WORKERS)), WORKERS)


if __name__ == "__main__":
    sys.exit(main())
