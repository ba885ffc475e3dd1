#!/usr/bin/env python3
"""Writes the small random models of tests/data/models, in Hugging Face's layout. Needs numpy only.

    /usr/bin/python3 tests/data/make_model_fixtures.py

The same seeds give the same bytes. The weights are large enough that attention is far from uniform, the
gains of the norms differ from 1, and every bias differs from 0, so that a part left out shows.
"""

import json
import re
import struct
from pathlib import Path

import numpy as np

MODELS = Path(__file__).resolve().parent / "models"
END = "<|endoftext|>"
MERGES = 43  # With 256 bytes and END: 300 tokens.
TEXT = """The cat that I saw yesterday ran away because it was hungry. The cat sat on the mat and the dog
sat on the cat. When the dog ran, the cat ran there and then the man saw that the cat was in the hat.
She said that he had seen the other hat on the bed in the other room, and then he ran and ran and ran."""


def byte_alphabet():
    """GPT-2's: a printable character for each byte, in the order of its vocabulary."""
    printable = [*range(ord("!"), ord("~") + 1), *range(0xA1, 0xAD), *range(0xAE, 0x100)]
    others = [byte for byte in range(256) if byte not in printable]
    return {byte: chr(byte) for byte in printable} | {b: chr(256 + i) for i, b in enumerate(others)}


def train_merges(count):
    alphabet = byte_alphabet()
    words = [[alphabet[b] for b in w.encode()] for w in re.findall(r" ?\w+|\s+|[^\s\w]+", TEXT)]
    merges = []
    while len(merges) < count:
        pairs = {}
        for word in words:
            for pair in zip(word, word[1:]):
                pairs[pair] = pairs.get(pair, 0) + 1
        best = max(sorted(pairs), key=pairs.get)
        merges.append(best)
        for word in words:
            i = 0
            while i + 1 < len(word):
                if (word[i], word[i + 1]) == best:
                    word[i : i + 2] = ["".join(best)]
                i += 1
    return merges


def write_tokenizer(folder, tokenizer_config):
    merges = train_merges(MERGES)
    tokens = [*byte_alphabet().values(), *("".join(pair) for pair in merges), END]
    vocab = {token: i for i, token in enumerate(tokens)}
    assert len(vocab) == 300
    (folder / "vocab.json").write_text(json.dumps(vocab, ensure_ascii=False), encoding="utf-8")
    lines = ["#version: 0.2", *(" ".join(pair) for pair in merges)]
    (folder / "merges.txt").write_text("\n".join(lines) + "\n", encoding="utf-8")
    if tokenizer_config:
        (folder / "tokenizer_config.json").write_text(json.dumps(tokenizer_config, indent=2) + "\n")


def stored(values, dtype):
    """The bytes of an array as F32, F16, BF16 (rounded to nearest even) or BOOL."""
    if dtype == "BF16":
        bits = values.astype("<f4").view("<u4").astype(np.uint64)
        return ((bits + 0x7FFF + ((bits >> 16) & 1)) >> 16).astype("<u2").tobytes()
    return values.astype({"F32": "<f4", "F16": "<f2", "BOOL": "u1"}[dtype]).tobytes()


def write_safetensors(file, tensors):
    """tensors: name -> (array, dtype)."""
    header, data = {"__metadata__": {"format": "pt"}}, b""
    for name, (values, dtype) in tensors.items():
        piece = stored(values, dtype)
        header[name] = {"dtype": dtype, "shape": list(values.shape), "data_offsets": [len(data), len(data) + len(piece)]}
        data += piece
    text = json.dumps(header, separators=(",", ":")).encode()
    text += b" " * (-len(text) % 8)
    file.write_bytes(struct.pack("<Q", len(text)) + text + data)


class Weights:
    def __init__(self, seed, dtype):
        self.random = np.random.RandomState(seed)
        self.dtype = dtype
        self.tensors = {}

    def normal(self, name, shape, deviation, mean=0.0):
        self.tensors[name] = (mean + deviation * self.random.standard_normal(shape), self.dtype)

    def norm(self, name, width, bias):
        self.normal(name + ".weight", [width], 0.3, mean=1.0)
        if bias:
            self.normal(name + ".bias", [width], 0.3)

    def conv1d(self, name, n_in, n_out, strength=1.0):
        self.normal(name + ".weight", [n_in, n_out], strength / np.sqrt(n_in))
        self.normal(name + ".bias", [n_out], 0.3)

    def linear(self, name, n_in, n_out, bias, strength=1.0):
        self.normal(name + ".weight", [n_out, n_in], strength / np.sqrt(n_in))
        if bias:
            self.normal(name + ".bias", [n_out], 0.3)


def write_gpt2(name, seed, dtype, prefix, buffers, config, tokenizer_config=None):
    folder = MODELS / name
    folder.mkdir(parents=True, exist_ok=True)
    config = {"architectures": ["GPT2LMHeadModel"], "model_type": "gpt2", "layer_norm_epsilon": 1e-05,
              "bos_token_id": 299, "eos_token_id": 299, "scale_attn_weights": True, "n_inner": None} | config
    width, inner, context = config["n_embd"], config["n_inner"] or 4 * config["n_embd"], config["n_positions"]
    w = Weights(seed, dtype)
    w.normal(prefix + "wte.weight", [config["vocab_size"], width], 1.0)
    w.normal(prefix + "wpe.weight", [context, width], 0.7)
    for i in range(config["n_layer"]):
        at = f"{prefix}h.{i}."
        w.norm(at + "ln_1", width, True)
        if buffers:
            w.tensors[at + "attn.bias"] = (np.tril(np.ones([1, 1, context, context])), "BOOL")
            w.tensors[at + "attn.masked_bias"] = (np.array(-10000.0), "F32")
        w.conv1d(at + "attn.c_attn", width, 3 * width, 1.5)
        w.conv1d(at + "attn.c_proj", width, width)
        w.norm(at + "ln_2", width, True)
        w.conv1d(at + "mlp.c_fc", width, inner)
        w.conv1d(at + "mlp.c_proj", inner, width)
    w.norm(prefix + "ln_f", width, True)
    write_safetensors(folder / "model.safetensors", w.tensors)
    (folder / "config.json").write_text(json.dumps(config, indent=2) + "\n")
    write_tokenizer(folder, tokenizer_config)


def write_llama(name, seed, dtype, config, tokenizer_config=None):
    folder = MODELS / name
    folder.mkdir(parents=True, exist_ok=True)
    config = {"architectures": ["LlamaForCausalLM"], "model_type": "llama", "hidden_act": "silu",
              "rms_norm_eps": 1e-06, "vocab_size": 300, "bos_token_id": 299, "eos_token_id": 299,
              "rope_scaling": None, "attention_bias": False, "mlp_bias": False} | config
    width, inner, heads = config["hidden_size"], config["intermediate_size"], config["num_attention_heads"]
    head = config.get("head_dim") or width // heads
    groups = config.get("num_key_value_heads") or heads
    w = Weights(seed, dtype)
    w.normal("model.embed_tokens.weight", [config["vocab_size"], width], 1.0)
    for i in range(config["num_hidden_layers"]):
        at = f"model.layers.{i}."
        attention, mlp = config["attention_bias"], config["mlp_bias"]
        w.norm(at + "input_layernorm", width, False)
        w.linear(at + "self_attn.q_proj", width, heads * head, attention, 1.5)
        w.linear(at + "self_attn.k_proj", width, groups * head, attention, 1.5)
        w.linear(at + "self_attn.v_proj", width, groups * head, attention)
        w.linear(at + "self_attn.o_proj", heads * head, width, attention)
        w.norm(at + "post_attention_layernorm", width, False)
        w.linear(at + "mlp.gate_proj", width, inner, mlp)
        w.linear(at + "mlp.up_proj", width, inner, mlp)
        w.linear(at + "mlp.down_proj", inner, width, mlp)
    w.norm("model.norm", width, False)
    if not config["tie_word_embeddings"]:
        w.linear("lm_head", width, config["vocab_size"], False)
    write_safetensors(folder / "model.safetensors", w.tensors)
    (folder / "config.json").write_text(json.dumps(config, indent=2) + "\n")
    write_tokenizer(folder, tokenizer_config)


if __name__ == "__main__":
    write_gpt2("tiny-gpt2", 1, "F32", "transformer.", True,
               {"n_layer": 2, "n_head": 4, "n_embd": 32, "n_positions": 64, "n_ctx": 64,
                "vocab_size": 300, "activation_function": "gelu_new"})
    # As the hub's own gpt2: names without a prefix. More rows than the tokenizer has tokens.
    write_gpt2("tiny-gpt2-bf16", 2, "BF16", "", False,
               {"n_layer": 2, "n_head": 2, "n_embd": 16, "n_inner": 48, "n_positions": 48,
                "vocab_size": 304, "activation_function": "gelu"})
    # Heads wider than d_model / heads, and an output matrix of its own.
    write_llama("tiny-llama-gqa", 3, "F32",
                {"num_hidden_layers": 3, "num_attention_heads": 4, "num_key_value_heads": 2,
                 "head_dim": 8, "hidden_size": 24, "intermediate_size": 40,
                 "max_position_embeddings": 64, "rope_theta": 500.0, "tie_word_embeddings": False},
                {"add_bos_token": True, "bos_token": END, "tokenizer_class": "GPT2Tokenizer"})
    write_llama("tiny-llama-mha-f16", 4, "F16",
                {"num_hidden_layers": 2, "num_attention_heads": 4, "hidden_size": 16,
                 "intermediate_size": 32, "max_position_embeddings": 48, "rope_theta": 10000.0,
                 "attention_bias": True, "mlp_bias": True, "tie_word_embeddings": True})
