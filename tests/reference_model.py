"""GPT-2's and Llama's layouts in plain PyTorch, written from the papers and from Hugging Face's
descriptions of the files, with a place for every edit that Headlight makes in a head.

It reads config.json and model.safetensors itself, and computes in the dtype that it is given.
"""

import json
import math
import pathlib
import struct

import numpy as np
import torch
import torch.nn.functional as F


def read_safetensors(path):
    """The tensors of a file as float64 arrays, by name; those that hold no floats are left out."""
    data = path.read_bytes()
    (length,) = struct.unpack("<Q", data[:8])
    header, data = json.loads(data[8 : 8 + length]), data[8 + length :]
    tensors = {}
    for name, info in header.items():
        if name == "__metadata__":
            continue
        begin, end = info["data_offsets"]
        if info["dtype"] == "F32":
            values = np.frombuffer(data[begin:end], "<f4")
        elif info["dtype"] == "F16":
            values = np.frombuffer(data[begin:end], "<f2")
        elif info["dtype"] == "BF16":
            values = (np.frombuffer(data[begin:end], "<u2").astype("<u4") << 16).view("<f4")
        else:
            continue
        tensors[name] = values.astype(np.float64).reshape(info["shape"])
    return tensors


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


def allowed_cells(mask, n):
    """[query, key] where a mask such as "local:4+global:1" lets a causal head look."""
    query, key = np.arange(n)[:, None], np.arange(n)[None, :]
    distance = abs(query - key)
    allowed = np.zeros((n, n), bool)
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
        elif name == "block":
            allowed |= query // a == key // a
        elif name == "random":
            for row in range(n):
                allowed[row, [row, *random_keys(a, b, row, list(range(row)))]] = True
        else:
            raise ValueError(part)
    return allowed & (key <= query)


class ReferenceModel:
    """An edit is a dict with any of gain, replace ("zero" or "mean"), temperature and mask."""

    def __init__(self, folder, dtype):
        folder = pathlib.Path(folder)
        config = json.loads((folder / "config.json").read_text())
        self.dtype = dtype
        self.tensors = {}
        for name, values in read_safetensors(folder / "model.safetensors").items():
            for prefix in ("transformer.", "model."):
                if name.startswith(prefix):
                    name = name[len(prefix) :]
            self.tensors[name] = torch.tensor(values, dtype=dtype)
        self.gpt2 = config["model_type"] == "gpt2"
        if self.gpt2:
            self.layers, self.heads, self.width = config["n_layer"], config["n_head"], config["n_embd"]
            self.groups, self.d_head = self.heads, self.width // self.heads
            self.context, self.epsilon = config["n_positions"], config["layer_norm_epsilon"]
            self.gelu = "none" if config["activation_function"] == "gelu" else "tanh"
            tied = config.get("tie_word_embeddings", True)
            embedding = "wte.weight"
        else:
            self.layers, self.heads = config["num_hidden_layers"], config["num_attention_heads"]
            self.width, self.groups = config["hidden_size"], config.get("num_key_value_heads") or self.heads
            self.d_head = config.get("head_dim") or self.width // self.heads
            self.context, self.epsilon = config["max_position_embeddings"], config["rms_norm_eps"]
            self.base = config["rope_theta"]
            tied = config["tie_word_embeddings"]
            embedding = "embed_tokens.weight"
        self.vocabulary = config["vocab_size"]
        self.embedding = self.tensors[embedding]
        self.unembedding = self.embedding if tied else self.tensors["lm_head.weight"]

    def norm(self, x, name):
        weight = self.tensors[name + ".weight"]
        if self.gpt2:
            return F.layer_norm(x, (self.width,), weight, self.tensors[name + ".bias"], self.epsilon)
        return x * torch.rsqrt(x.pow(2).mean(-1, keepdim=True) + self.epsilon) * weight

    def linear(self, x, name):
        weight, bias = self.tensors[name + ".weight"], self.tensors.get(name + ".bias")
        return F.linear(x, weight.T if self.gpt2 else weight, bias)

    def rotate(self, x):
        """x [heads, tokens, d_head], as Hugging Face's rotate_half has it."""
        half = self.d_head // 2
        frequency = self.base ** (-torch.arange(half, dtype=torch.float64) * 2 / self.d_head)
        angle = torch.arange(x.shape[1], dtype=torch.float64)[:, None] * frequency
        angle = torch.cat([angle, angle], -1)
        turned = torch.cat([-x[..., half:], x[..., :half]], -1)
        return x * angle.cos().to(self.dtype) + turned * angle.sin().to(self.dtype)

    def attention(self, x, layer, edits, means, trace):
        n = x.shape[0]
        split = lambda rows, heads: rows.view(n, heads, self.d_head).transpose(0, 1)
        if self.gpt2:
            q, k, v = self.linear(x, f"h.{layer}.attn.c_attn").split(self.width, -1)
        else:
            at = f"layers.{layer}.self_attn."
            q, k, v = (self.linear(x, at + name) for name in ("q_proj", "k_proj", "v_proj"))
        q, k, v = split(q, self.heads), split(k, self.groups), split(v, self.groups)
        if not self.gpt2:
            q, k = self.rotate(q), self.rotate(k)
        k = k.repeat_interleave(self.heads // self.groups, 0)
        v = v.repeat_interleave(self.heads // self.groups, 0)

        scores = q @ k.transpose(1, 2) / math.sqrt(self.d_head)  # [heads, query, key]
        allowed = torch.ones(n, n, dtype=torch.bool).tril().repeat(self.heads, 1, 1)
        for head in range(self.heads):
            edit = edits.get((layer, head), {})
            scores[head] /= edit.get("temperature", 1.0)
            allowed[head] &= torch.from_numpy(allowed_cells(edit.get("mask", "none"), n))
        weights = scores.masked_fill(~allowed, -math.inf).softmax(-1)
        weights = weights.masked_fill(~allowed.any(-1, keepdim=True), 0.0)
        z = weights @ v  # [heads, query, d_head]
        trace["attentions"].append(weights)
        trace["z"].append(z.clone())
        for head in range(self.heads):
            edit = edits.get((layer, head), {})
            gain = edit.get("gain", 1.0)
            mean = means[layer, head] if edit.get("replace") == "mean" and gain != 1.0 else 0.0
            z[head] = gain * z[head] + (1.0 - gain) * mean
        z = z.transpose(0, 1).reshape(n, self.heads * self.d_head)
        return self.linear(z, f"h.{layer}.attn.c_proj" if self.gpt2 else f"layers.{layer}.self_attn.o_proj")

    def mlp(self, x, layer):
        if self.gpt2:
            inner = F.gelu(self.linear(x, f"h.{layer}.mlp.c_fc"), approximate=self.gelu)
            return self.linear(inner, f"h.{layer}.mlp.c_proj")
        at = f"layers.{layer}.mlp."
        inner = F.silu(self.linear(x, at + "gate_proj")) * self.linear(x, at + "up_proj")
        return self.linear(inner, at + "down_proj")

    @torch.no_grad()
    def run(self, ids, edits=None, means=None):
        """attentions [layers, heads, query, key], z [layers, heads, query, d_head], and the last
        position's logits [vocabulary], as arrays. `means` is what mean_outputs gives."""
        trace = {"attentions": [], "z": []}
        x = self.embedding[torch.tensor(ids)]
        if self.gpt2:
            x = x + self.tensors["wpe.weight"][: len(ids)]
        for layer in range(self.layers):
            before, behind = (f"h.{layer}.ln_1", f"h.{layer}.ln_2") if self.gpt2 else (
                f"layers.{layer}.input_layernorm", f"layers.{layer}.post_attention_layernorm")
            x = x + self.attention(self.norm(x, before), layer, edits or {}, means, trace)
            x = x + self.mlp(self.norm(x, behind), layer)
        logits = self.unembedding @ self.norm(x, "ln_f" if self.gpt2 else "norm")[-1]
        return {"attentions": torch.stack(trace["attentions"]).numpy(),
                "z": torch.stack(trace["z"]), "logits": logits.numpy()}

    def mean_outputs(self, ids):
        """[layers, heads, d_head]: each head's mean z over the rows after the first."""
        return self.run(ids)["z"][:, :, 1:].mean(2)
