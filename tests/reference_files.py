"""The files of a model, read for the reference: safetensors in one or more, llama2.c's .bin."""

import json
import pathlib
import struct

import numpy as np
import torch


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


def read_folder(folder, dtype, prefixes=()):
    """config.json and the tensors of a Hugging Face folder, their names without these prefixes."""
    folder = pathlib.Path(folder)
    config = json.loads((folder / "config.json").read_text())
    index = folder / "model.safetensors.index.json"
    files = ["model.safetensors"]
    if index.exists():
        files = sorted(set(json.loads(index.read_text())["weight_map"].values()))
    tensors = {}
    for file in files:
        for name, values in read_safetensors(folder / file).items():
            for prefix in prefixes:
                if name.startswith(prefix):
                    name = name[len(prefix) :]
            tensors[name] = torch.tensor(values, dtype=dtype)
    return config, tensors


def special_token(folder, *names):
    """The id of the first of these tokens in vocab.txt or vocab.json; None without it."""
    folder, vocab = pathlib.Path(folder), {}
    if (folder / "vocab.txt").exists():
        lines = (folder / "vocab.txt").read_text(encoding="utf-8").split("\n")
        vocab = {token: id for id, token in enumerate(lines)}
    elif (folder / "vocab.json").exists():
        vocab = json.loads((folder / "vocab.json").read_text(encoding="utf-8"))
    return next((vocab[name] for name in names if name in vocab), None)


def word_ids(folder):
    """The ids of vocab.txt or of a byte-level vocab.json whose text has a letter, a digit or anything
    beyond ASCII, but for special tokens."""
    folder = pathlib.Path(folder)
    kept = [*range(33, 127), *range(161, 173), *range(174, 256)]  # GPT-2's alphabet of bytes
    others = [byte for byte in range(256) if byte not in kept]
    names = {chr(byte): byte for byte in kept} | {chr(256 + i): byte for i, byte in enumerate(others)}
    if (folder / "vocab.txt").exists():
        lines = (folder / "vocab.txt").read_text(encoding="utf-8").split("\n")
        texts = {id: token.removeprefix("##").encode() for id, token in enumerate(lines)}
    elif (folder / "vocab.json").exists():
        vocab = json.loads((folder / "vocab.json").read_text(encoding="utf-8"))
        texts = {id: bytes(names.get(c, 32) for c in token) for token, id in vocab.items()}
    else:
        return set()
    special = {special_token(folder, name) for name in (
        "[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", "<s>", "</s>", "<pad>", "<unk>", "<mask>")}
    return {id for id, text in texts.items() if id not in special and
            any(ord(c) >= 0x80 or c.isalnum() for c in text.decode("utf-8", "ignore"))}


def read_llama2c(path, dtype):
    """A llama2.c checkpoint of the first layout, as a Llama config and Hugging Face's names.

    Seven int32 (dim, hidden_dim, n_layers, n_heads, n_kv_heads, vocab_size, seq_len), then float32:
    the embedding; for all layers the attention norms, wq, wk, wv, wo, the feed-forward norms, w1,
    w2, w3; the last norm; the cosines and sines of the positions, not needed here; where vocab_size
    is negative, the output matrix."""
    data = pathlib.Path(path).read_bytes()
    dim, hidden, layers, heads, groups, vocabulary, context = struct.unpack("<7i", data[:28])
    values = np.frombuffer(data[28:], "<f4").astype(np.float64)
    head, shared, vocabulary = dim // heads, vocabulary > 0, abs(vocabulary)
    at = 0

    def take(*shape):
        nonlocal at
        at += int(np.prod(shape))
        return torch.tensor(values[at - int(np.prod(shape)) : at].reshape(shape), dtype=dtype)

    tensors = {"embed_tokens.weight": take(vocabulary, dim)}
    for name, shape in (
            ("input_layernorm", [dim]),
            ("self_attn.q_proj", [heads * head, dim]),
            ("self_attn.k_proj", [groups * head, dim]),
            ("self_attn.v_proj", [groups * head, dim]),
            ("self_attn.o_proj", [dim, heads * head]),
            ("post_attention_layernorm", [dim]),
            ("mlp.gate_proj", [hidden, dim]),
            ("mlp.down_proj", [dim, hidden]),
            ("mlp.up_proj", [hidden, dim])):
        for layer, part in enumerate(take(layers, *shape)):
            tensors[f"layers.{layer}.{name}.weight"] = part
    tensors["norm.weight"] = take(dim)
    take(2, context, head // 2)
    if not shared:
        tensors["lm_head.weight"] = take(vocabulary, dim)
    assert at == len(values), f"{path}: {len(values)} numbers, expected {at}"
    config = {"model_type": "llama2.c", "hidden_size": dim, "num_hidden_layers": layers,
              "num_attention_heads": heads, "num_key_value_heads": groups, "vocab_size": vocabulary,
              "max_position_embeddings": context, "rms_norm_eps": 1e-5, "rope_theta": 10000.0,
              "tie_word_embeddings": shared}
    return config, tensors
