#!/usr/bin/env python3
"""Set what was measured beside each claim of claims.json.

    for name in assets/models/variants/*/; do
      build/headlight roles "$name" --fresh --quiet --json -o "${name}roles.json"
    done
    python3 training/measure_claims.py --models assets/models/variants --data ../shared/data/text

Roles, distances and entropies are those of roles.json, which `headlight roles` measured on the
battery; maps and gates are computed here on held-out text. Whether two groups of heads differ is a
permutation test of their means (10,000 draws, two-sided); a claim is "true" only where p < 0.05 and
the difference is of a size that matters (said at each), "false" where the opposite holds so, and "not
seen" otherwise.
"""

import argparse
import json
import pathlib

import workers  # first: it sets the environment of numpy and torch

import numpy as np
import torch

import variant_model
from model_files import write_json
from train_variants import prepare

SYNTACTIC = {"determiner-noun", "adjective-noun", "subject-verb", "verb-object",
             "preposition-object", "auxiliary-verb", "relative clause", "passive"}
FUNCTION_WORDS = set("""a an the this that these those my your his her its our their and or but nor so
    if as than of in on at by for from to with into upon over under about after before up down out off
    is are was were be been am do does did have has had will would can could shall should may might must
    not no i you he she it we they me him us them who what which when where there then""".split())
WINDOWS, LENGTH = 40, 128
DRAWS = 10_000


def difference(first, second, seed=1):
    """(mean of first - mean of second, two-sided p of a permutation test)"""
    values = np.concatenate([first, second])
    observed = np.mean(first) - np.mean(second)
    random = np.random.default_rng(seed)
    drawn = np.array([random.permutation(values) for _ in range(DRAWS)])
    means = drawn[:, :len(first)].mean(1) - drawn[:, len(first):].mean(1)
    return observed, (np.sum(np.abs(means) >= abs(observed) - 1e-12) + 1) / (DRAWS + 1)


def verdict(observed, p, least=0.0):
    """`least`: differences below it do not matter, however sure they are."""
    if p >= 0.05 or abs(observed) < least:
        return "not seen"
    return "true" if observed > 0 else "false"


def heads_of(folder):
    """[layers][heads] of roles.json"""
    heads = json.loads((folder / "roles.json").read_text("utf-8"))["heads"]
    layers = max(head["layer"] for head in heads) + 1
    return [[head for head in heads if head["layer"] == layer] for layer in range(layers)]


def figures(head):
    """Best margin over the fixed offset of any relation, the semantic score, roles that hold."""
    entries = head["roles"] + head["measured"]
    margins = [entry["score"] - entry["baseline"] for entry in entries if entry["role"] in SYNTACTIC]
    semantic = [entry["score"] for entry in entries if entry["role"] == "semantic"]
    held = {entry["role"] for entry in head["roles"]}
    return {"syntax": max(margins, default=0.0), "semantic": max(semantic, default=0.0),
            "syntactic_role": bool(held & SYNTACTIC), "semantic_role": "semantic" in held,
            "distance": head["mean_distance"], "entropy": head["entropy"]}


def columns(layers, places, name):
    return np.array([float(figures(layer[place])[name]) for layer in layers for place in places])


def local_and_global(models):
    local, plain = range(0, 3), range(6, 8)
    own, standard = heads_of(models / "multi-resolution"), heads_of(models / "standard")
    # By the roles that the battery grants, not by raw scores: a narrow mask alone raises these.
    syntax, p_syntax = difference(columns(own, local, "syntactic_role"),
                                  columns(own, plain, "syntactic_role"))
    theme, p_theme = difference(columns(own, plain, "semantic_role"),
                                columns(own, local, "semantic_role"))
    of_standard = int(columns(standard, range(8), "syntactic_role").sum())
    counts = {group: (int(columns(own, places, "syntactic_role").sum()),
                      int(columns(own, places, "semantic_role").sum()), 4 * len(places))
              for group, places in (("local", local), ("dilated", range(3, 6)), ("plain", plain))}
    words = "; ".join(f"{name}: {syntactic} syntactic and {semantic} semantic of {n} heads"
                      for name, (syntactic, semantic, n) in counts.items())
    both = [verdict(syntax, p_syntax), verdict(theme, p_theme)]
    found = both[0] if both[0] == both[1] else " and ".join(
        f"{about}: {which}" for about, which in zip(("syntax", "theme"), both))
    return found, (f"{words}. Share with a syntactic role, local less plain heads: {syntax:+.0%} "
                   f"(p {p_syntax:.3f}); with the semantic role, plain less local: {theme:+.0%} "
                   f"(p {p_theme:.3f}). Standard has {of_standard} syntactic of 32 heads.")


def divergences(network, windows):
    """[layers, heads, heads]: mean Jensen-Shannon divergence of two heads' rows, in nats."""
    all_layers = []
    for weights in network.run(windows)[1]:
        rows = weights[:, :, 1:].double().clamp_min(1e-12)  # row 0 has one key
        heads = rows.shape[1]
        table = np.zeros((heads, heads))
        for a in range(heads):
            for b in range(a):
                middle = (rows[:, a] + rows[:, b]) / 2
                nats = sum((rows[:, i] * (rows[:, i] / middle).log()).sum(-1) for i in (a, b)) / 2
                table[a, b] = table[b, a] = float(nats.mean())
        all_layers.append(table)
    return np.stack(all_layers)


def shared_keys(models, windows):
    pairs = [(a, b) for a in range(8) for b in range(a)]
    sharing = np.array([a // 4 == b // 4 for a, b in pairs])
    found = {}
    for name in ("grouped-query", "multi-query", "standard"):
        table = divergences(variant_model.load(models / name), windows)
        found[name] = np.array([[layer[a, b] for a, b in pairs] for layer in table])
    grouped, multi, standard = (found[name] for name in ("grouped-query", "multi-query", "standard"))
    alike, p = difference(grouped[:, ~sharing].ravel(), grouped[:, sharing].ravel())
    same, p_same = difference(standard[:, ~sharing].ravel(), standard[:, sharing].ravel())
    all_one, p_one = difference(standard.ravel(), multi.ravel())
    return verdict(alike, p, least=0.1 * grouped.mean()), (  # a tenth less
        f"Divergence of two heads' rows (Jensen-Shannon, nats): grouped-query {grouped[:, sharing].mean():.3f} "
        f"where they share keys, {grouped[:, ~sharing].mean():.3f} where not (difference {alike:+.3f}, "
        f"p {p:.3f}; the same pairs of standard {same:+.3f}, p {p_same:.3f}). All pairs: multi-query "
        f"{multi.mean():.3f}, standard {standard.mean():.3f} (p {p_one:.3f}).")


def kind_of(name):
    """A token's kind, from its text with its leading space."""
    word = name.strip()
    if not word or not any(c.isalnum() for c in word):
        return "punctuation"
    if not name.startswith(" ") and not word[0].isupper():
        return "inside a word"
    if word.lower() in FUNCTION_WORDS:
        return "function word"
    return "capitalised word" if word[0].isupper() else "other word"


def explained(chosen, kinds):
    """The share of the entropy of `chosen` that `kinds` explain."""
    def entropy(share):
        return -sum(p * np.log(p) for p in (share, 1 - share) if p > 0)
    whole = entropy(chosen.mean())
    if whole == 0:
        return 0.0
    return 1 - sum((kinds == k).mean() * entropy(chosen[kinds == k].mean()) for k in set(kinds)) / whole


def experts(models, windows, tokenizer):
    network = variant_model.load(models / "routed-heads")
    network.run(windows)
    kinds = np.array([kind_of(tokenizer.decode([int(i)])) for i in windows.flatten()])
    shared = network.config["router"]["shared_heads"]
    random = np.random.default_rng(1)
    shares, chances, best = [], [], []
    for layer, block in enumerate(network.model.layers):
        gates = (block.self_attn.gates > 0).reshape(len(kinds), -1).numpy()
        for head in range(shared, gates.shape[1]):
            chosen = gates[:, head]
            shares.append(explained(chosen, kinds))
            chances.append(explained(chosen, random.permutation(kinds)))
            lift = max((chosen[kinds == k].mean() / max(chosen.mean(), 1e-9), k) for k in set(kinds))
            best.append((lift[0], lift[1], f"L{layer} H{head}"))
    shares, chances = np.array(shares), np.array(chances)
    best.sort(reverse=True)
    observed, p = difference(shares, chances)
    examples = ", ".join(f"{head} {lift:.1f} times its share of {kind}s" for lift, kind, head in best[:3])
    return verdict(observed, p, least=0.1), (  # a tenth explained
        f"A token's kind (five kinds) explains {shares.mean():.0%} of what decides whether a routed head "
        f"gets it, at most {shares.max():.0%} (shuffled {chances.mean():.1%}, p {p:.3f}); most: {examples}. "
        f"Kinds of token, not of meaning: more is not measured.")


def pooled(models):
    own, standard = heads_of(models / "multi-scale"), heads_of(models / "standard")
    few, many = range(0, 4), range(4, 8)
    # To the middle of a pool; the battery counts to its last token.
    middle = np.tile([0.5, 0.5, 1.5, 1.5], len(own))
    distances = columns(own, many, "distance") + middle
    farther, p = difference(distances, columns(own, few, "distance"))
    same, p_same = difference(columns(standard, many, "distance"), columns(standard, few, "distance"))
    alone = columns(own, few, "distance").mean()
    by_layer = distances.reshape(-1, 4)
    pairs, fours = by_layer[:, :2].mean(), by_layer[:, 2:].mean()
    broad, p_broad = difference(columns(own, many, "entropy"), columns(own, few, "entropy"))
    return verdict(farther, p, least=1.0), (  # a token
        f"Mean distance on the battery: pairs {pairs:.1f}, fours {fours:.1f}, single tokens {alone:.1f} "
        f"tokens (pooled less single {farther:+.2f}, p {p:.3f}; the same places of standard {same:+.2f}, "
        f"p {p_same:.3f}), to the middle of a pool. Entropy {broad:+.2f} nats "
        f"(p {p_broad:.3f}), of fewer keys.")


@torch.no_grad()
def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--models", type=pathlib.Path, default="assets/models/variants")
    parser.add_argument("--data", default="../shared/data/text")
    parser.add_argument("--tokenizer", default="assets/models/mini-gpt")
    parser.add_argument("--work", default=str(pathlib.Path(__file__).parent / "out"))
    options = parser.parse_args()
    torch.set_num_threads(1)
    tokenizer, _, examiner = prepare(options.data, options.tokenizer, options.work)
    windows = torch.from_numpy(examiner.windows[:WINDOWS, :LENGTH])
    file = options.models / "claims.json"
    claims = json.loads(file.read_text("utf-8"))
    measures = {"local-and-global": lambda: local_and_global(options.models),
                "shared-keys": lambda: shared_keys(options.models, windows),
                "experts": lambda: experts(options.models, windows, tokenizer),
                "pooled": lambda: pooled(options.models)}
    for claim in claims["claims"]:
        claim["verdict"], claim["measured"] = measures[claim["id"]]()
        print(f"{claim['claim']}  {claim['verdict']}\n    {claim['measured']}")
    write_json(file, claims)


if __name__ == "__main__":
    main()
