"""One layer's attention for the reference, with a place for every edit that Headlight makes."""

import math

import numpy as np
import torch


def random_keys(count, seed, query, others):
    """The keys that the mask random:count:seed draws for a row, besides the query itself."""
    state, drawn = (seed << 32) ^ query, set()
    count = min(max(count, 1) - 1, len(others))
    for j in range(len(others) - count, len(others)):  # Floyd's draw from SplitMix64
        state = (state + 0x9E3779B97F4A7C15) % 2**64
        z = state
        z = ((z ^ (z >> 30)) * 0xBF58476D1CE4E5B9) % 2**64
        z = ((z ^ (z >> 27)) * 0x94D049BB133111EB) % 2**64
        place = (z ^ (z >> 31)) % (j + 1)
        drawn.add(j if place in drawn else place)
    return {others[place] for place in drawn}


def causal_cells(n):
    return np.tril(np.ones((n, n), bool))


def all_cells(queries, keys):
    return np.ones((queries, keys), bool)


def sliding_cells(n, window):
    """[query, key]: the query itself and the window - 1 keys before it (Jiang et al. 2023)."""
    query, key = np.arange(n)[:, None], np.arange(n)[None, :]
    return (key <= query) & (query - key < window)


def allowed_cells(mask, own, causal):
    """[query, key] where a mask such as "local:4+global:1" and the model (`own`) allow it."""
    queries, keys = own.shape
    query, key = np.arange(queries)[:, None], np.arange(keys)[None, :]
    distance = abs(query - key)
    allowed = np.zeros(own.shape, bool)
    for part in mask.split("+"):
        name, *numbers = part.split(":")
        a, b = ([int(number) for number in numbers] + [0, 0])[:2]
        if name == "none":
            allowed |= True
        elif name == "causal":
            allowed |= key <= query
        elif name == "local":
            allowed |= distance <= a
        elif name == "dilated":
            allowed |= (distance % b == 0) & (distance <= a * b)
        elif name == "global":
            allowed |= (query < a) | (key < a)
        elif name == "token":
            allowed |= (query == a) | (key == a)
        elif name == "block":
            allowed |= query // a == key // a
        elif name == "strided":
            allowed |= distance % a == 0
        elif name == "columns":
            allowed |= key % a >= a - b
        elif name == "random":
            for row in range(queries):
                others = [k for k in range(row if causal else keys) if k != row]
                allowed[row, [row, *random_keys(a, b, row, others)]] = True
        else:
            raise ValueError(part)
    return allowed & own


def attend(q, k, v, own, causal, edits, means, trace, gates=None):
    """The heads' mixed outputs [query, heads * d_head]; their weights and z are added to the trace.

    q [heads, query, d_head], already scaled; k, v [heads, key, d_head]; own [query, key] or
    [heads, query, key]: what the model lets the heads see; gates [heads, query, 1] or None; edits: head -> dict with any of gain, replace ("zero" or "mean"),
    temperature, mask; means [heads, d_head] or None."""
    scores = q @ k.transpose(1, 2)  # [heads, query, key]
    own = np.broadcast_to(own, (len(q), *own.shape[-2:]))
    allowed = torch.from_numpy(own.copy())
    for head, edit in edits.items():
        scores[head] /= edit.get("temperature", 1.0)
        allowed[head] = torch.from_numpy(allowed_cells(edit.get("mask", "none"), own[head], causal))
    masked = scores.masked_fill(~allowed, -math.inf)
    trace.setdefault("scores", []).append(scores)
    trace.setdefault("masked", []).append(masked)
    weights = masked.softmax(-1)
    weights = weights.masked_fill(~allowed.any(-1, keepdim=True), 0.0)
    z = weights @ v  # [heads, query, d_head]
    if gates is not None:
        z = z * gates
    trace["attentions"].append(weights)
    trace["z"].append(z.clone())
    for head, edit in edits.items():
        gain = edit.get("gain", 1.0)
        mean = means[head] if edit.get("replace") == "mean" and gain != 1.0 else 0.0
        z[head] = gain * z[head] + (1.0 - gain) * mean
    return z.transpose(0, 1).reshape(z.shape[1], -1)


def edits_of(edits, *place):
    """head -> edit, of the edits in one layer: `place` is (layer,) or (kind, layer)."""
    return {head: edit for (*at, head), edit in (edits or {}).items() if tuple(at) == place}
