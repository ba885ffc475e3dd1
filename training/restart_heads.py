#!/usr/bin/env python3
"""Give heads of the last checkpoint fresh random weights, so that they can learn something else.

    python3 training/restart_heads.py L3H0 L3H1 L2H3

A head whose rows have become single ones no longer learns, and one that changes the loss little is
not missed. A fresh head looks everywhere a little, which is where copying begins.
"""

import argparse
import pathlib
import re

import torch

from model import MiniGpt, Shape


def restart(model, layer, head):
    """Draw query, key, value and output of one head anew, as a new model has them."""
    fresh = MiniGpt(model.shape).blocks[layer]
    block, size = model.blocks[layer], model.shape.head_width
    rows = slice(head * size, (head + 1) * size)
    for new, old in zip(fresh.qkv.chunk(3), block.qkv.chunk(3)):
        old[rows] = new[rows]
    block.out[:, rows] = fresh.out[:, rows]


@torch.no_grad()
def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("heads", nargs="+", help="such as L3H0")
    parser.add_argument("--work", default=str(pathlib.Path(__file__).parent / "out"))
    options = parser.parse_args()
    path = pathlib.Path(options.work) / "last.pt"
    kept = torch.load(path)
    model = MiniGpt(Shape(**kept["shape"]))
    model.load_state_dict(kept["model"])
    for name in options.heads:
        layer, head = map(int, re.fullmatch(r"L(\d+)H(\d+)", name).groups())
        restart(model, layer, head)
    kept["model"] = model.state_dict()
    torch.save(kept, path)


if __name__ == "__main__":
    main()
