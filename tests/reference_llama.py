"""Llama (Touvron et al. 2023) and its relatives: Mistral, Qwen2 and 3, Phi-3, Gemma, llama2.c's."""

import pathlib

import torch

from reference_attention import causal_cells, sliding_cells
from reference_files import read_folder, read_llama2c
from reference_parts import ACTIVATIONS, SelfAttention
from reference_rotary import rotary


def windows(config):
    """Each layer's sliding window, None where it sees all that came before."""
    layers, kind = config["num_hidden_layers"], config["model_type"]
    window = config.get("sliding_window") if config.get("use_sliding_window", True) else None
    if not window or kind not in ("mistral", "phi3", "qwen2"):
        return [None] * layers
    if kind in ("mistral", "phi3"):
        return [window] * layers
    if config.get("layer_types"):
        return [window if name == "sliding_attention" else None for name in config["layer_types"]]
    return [window if layer >= config["max_window_layers"] else None for layer in range(layers)]


class Llama(SelfAttention):
    def __init__(self, path, dtype):
        self.dtype = dtype
        if pathlib.Path(path).suffix == ".bin":
            config, self.tensors = read_llama2c(path, dtype)
        else:
            config, self.tensors = read_folder(path, dtype, ["model."])
        self.layers, self.heads = config["num_hidden_layers"], config["num_attention_heads"]
        self.groups = config.get("num_key_value_heads") or self.heads
        self.d_head = config.get("head_dim") or config["hidden_size"] // self.heads
        self.context, self.epsilon = config["max_position_embeddings"], config["rms_norm_eps"]
        self.vocabulary = config["vocab_size"]
        self.frequencies, self.rotary_factor = rotary(config, self.d_head)
        self.interleaved = config["model_type"] == "llama2.c"
        self.windows = windows(config)
        self.gemma = config["model_type"] == "gemma"
        self.gate = ACTIVATIONS["silu"]
        if self.gemma:
            self.gate = ACTIVATIONS[config.get("hidden_activation") or "gelu_pytorch_tanh"]
        tied = config.get("tie_word_embeddings", self.gemma)
        self.unembedding = self.tensors["embed_tokens.weight" if tied else "lm_head.weight"]

    def norm(self, x, name):
        """RMSNorm (Zhang, Sennrich 2019); Gemma's files hold the gain less 1."""
        gain = self.tensors[name + ".weight"] + (1.0 if self.gemma else 0.0)
        return x * torch.rsqrt(x.pow(2).mean(-1, keepdim=True) + self.epsilon) * gain

    def rotate(self, x):
        """x [heads, tokens, d_head]. Hugging Face's layout turns dimension i with i + d_head / 2,
        llama2.c's 2i with 2i + 1."""
        angle = torch.arange(x.shape[1], dtype=torch.float64)[:, None] * self.frequencies
        cos, sin = ((self.rotary_factor * part).to(self.dtype)
                    for part in (angle.cos(), angle.sin()))
        if self.interleaved:
            even, odd = x[..., 0::2], x[..., 1::2]
            return torch.stack([even * cos - odd * sin, even * sin + odd * cos], -1).flatten(-2)
        first, second = x.chunk(2, -1)
        return torch.cat([first * cos - second * sin, second * cos + first * sin], -1)

    def cells(self, layer, n):
        return sliding_cells(n, self.windows[layer]) if self.windows[layer] else causal_cells(n)

    def projections(self, x, at):
        """q [heads, tokens, d_head], k and v [groups, tokens, d_head], before they are rotated."""
        if at + "qkv_proj.weight" in self.tensors:  # Phi-3
            widths = [count * self.d_head for count in (self.heads, self.groups, self.groups)]
            q, k, v = self.linear(x, at + "qkv_proj").split(widths, -1)
        else:
            q, k, v = (self.linear(x, f"{at}{part}_proj") for part in "qkv")
            self.note(**{f"w_{part}": self.tensors[f"{at}{part}_proj.weight"].T for part in "qkv"})
        self.note(all_q=q, all_k=k, all_v=v)
        q, k, v = self.split(q, self.heads), self.split(k, self.groups), self.split(v, self.groups)
        if at + "q_norm.weight" in self.tensors:  # Qwen3: over each head
            q, k = self.norm(q, at + "q_norm"), self.norm(k, at + "k_norm")
        return q, k, v

    def feed_forward(self, x, at):
        if at + "gate_up_proj.weight" in self.tensors:  # Phi-3
            gate, up = self.linear(x, at + "gate_up_proj").chunk(2, -1)
        else:
            gate, up = self.linear(x, at + "gate_proj"), self.linear(x, at + "up_proj")
        return self.linear(self.gate(gate) * up, at + "down_proj")

    def hidden(self, ids, edits, means, trace):
        x = self.tensors["embed_tokens.weight"][torch.tensor(ids)]
        if self.gemma:
            x = x * x.shape[-1] ** 0.5
        for layer in range(self.layers):
            at = f"layers.{layer}."
            normed = self.norm(x, at + "input_layernorm")
            self.begin_layer(x=x, normed=normed)
            if layer == 0:
                self.note(token_rows=x)
            q, k, v = self.projections(normed, at + "self_attn.")
            q, k = self.rotate(q), self.rotate(k)
            k, v = (part.repeat_interleave(self.heads // self.groups, 0) for part in (k, v))
            z = self.attend(q, k, v, layer, edits, means, trace)
            mixed = self.linear(z, at + "self_attn.o_proj")
            x = x + mixed
            self.note(concatenated=z, w_o=self.tensors[at + "self_attn.o_proj.weight"].T,
                      mixed=mixed,
                      stream=x)
            x = x + self.feed_forward(self.norm(x, at + "post_attention_layernorm"), at + "mlp.")
        return x

    def logits(self, x):
        return self.unembedding @ self.norm(x, "norm")
