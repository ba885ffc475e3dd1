"""Heads that are built differently: a Llama with masks, temperatures, pools, convolution, router.

Written from the papers (So et al. 2021 for the convolution, Jin et al. 2024 for the router) and from
the description of config.json, with torch's own conv1d, cumsum and topk.
"""

import numpy as np
import torch
import torch.nn.functional as F

from reference_attention import allowed_cells, attend, causal_cells, edits_of
from reference_files import read_folder
from reference_llama import Llama


class Designed(Llama):
    def __init__(self, path, dtype):
        super().__init__(path, dtype)
        config, _ = read_folder(path, dtype)
        heads = config.get("heads") or [{}] * self.heads
        self.designs = heads if isinstance(heads[0], list) else [heads] * self.layers
        self.taps, self.router = config.get("convolution"), config.get("router")

    def head_cells(self, layer, head, n):
        design = self.designs[layer][head]
        pool, own = design.get("pool", 1), causal_cells(n)
        key, query = np.arange(n)[None, :], np.arange(n)[:, None]
        own &= (key == query) | (key % pool == pool - 1)
        return allowed_cells(design.get("mask", "none"), own, True)

    @staticmethod
    def pooled(x, pool):
        """x [tokens, d_head]: each row's mean with the rows of its pool before it."""
        n = len(x)
        padded = F.pad(x, (0, 0, 0, -n % pool)).view(-1, pool, x.shape[1])
        counts = torch.arange(1, pool + 1, dtype=x.dtype)[None, :, None]
        return (padded.cumsum(1) / counts).reshape(-1, x.shape[1])[:n]

    def projections(self, x, at):
        q, k, v = super().projections(x, at)
        if self.taps:
            rows = torch.cat([part.transpose(0, 1).flatten(1) for part in (q, k, v)], 1)
            kernel = self.tensors[at + "conv.weight"][:, None, :]
            rows = F.conv1d(F.pad(rows.T[None], (self.taps - 1, 0)), kernel,
                            groups=len(kernel))[0].T
            sizes = [part.shape[0] * self.d_head for part in (q, k, v)]
            q, k, v = (self.split(part.contiguous(), part.shape[1] // self.d_head)
                       for part in rows.split(sizes, 1))
        layer, group = int(at.split(".")[1]), self.heads // self.groups
        pools = [self.designs[layer][i * group].get("pool", 1) for i in range(self.groups)]
        self.gates = self.gates_of(x, at)
        return q, *(torch.stack([self.pooled(head, pool) for head, pool in zip(part, pools)])
                    for part in (k, v))

    def gates_of(self, x, at):
        """[heads, tokens, 1] or None."""
        if not self.router:
            return None
        shared, top = self.router.get("shared_heads", 0), self.router["top_k"]
        balance = self.linear(x, at + "router_balance").softmax(-1)
        logits = self.linear(x, at + "router")
        routed = logits[:, shared:].softmax(-1)
        chosen = torch.zeros_like(routed).scatter(1, routed.topk(top, -1).indices, 1.0)
        gates = torch.cat([logits[:, :shared].softmax(-1) * balance[:, :1],
                           routed * chosen * balance[:, 1:]], 1) * (shared + top)
        return gates.T[:, :, None]

    def attend(self, q, k, v, layer, edits, means, trace):
        self.note(q=q, k=k, v=v)
        n = q.shape[1]
        scales = torch.tensor([design.get("temperature", 1.0) for design in self.designs[layer]],
                              dtype=q.dtype)
        learned = self.tensors.get(f"layers.{layer}.self_attn.temperature")
        if learned is not None:
            scales = scales * learned
        q = q / (self.d_head**0.5 * scales[:, None, None])
        own = np.stack([self.head_cells(layer, head, n) for head in range(self.heads)])
        means = None if means is None else means[layer]
        return attend(q, k, v, own, True, edits_of(edits, layer), means, trace, self.gates)
