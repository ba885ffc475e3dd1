"""BERT (Devlin et al. 2019), RoBERTa (Liu et al. 2019) and DistilBERT (Sanh et al. 2019), in the
layouts of Hugging Face's classes with a head for masked tokens and of those without."""

import torch

from reference_attention import all_cells
from reference_files import read_folder, special_token, word_ids
from reference_parts import ACTIVATIONS, SelfAttention

BERT_LAYER = {
    "at": "encoder.layer.{}.", "query": "attention.self.query", "key": "attention.self.key",
    "value": "attention.self.value", "out": "attention.output.dense",
    "norm": "attention.output.LayerNorm", "up": "intermediate.dense", "down": "output.dense",
    "last_norm": "output.LayerNorm"}
DISTILBERT_LAYER = {
    "at": "transformer.layer.{}.", "query": "attention.q_lin", "key": "attention.k_lin",
    "value": "attention.v_lin", "out": "attention.out_lin", "norm": "sa_layer_norm",
    "up": "ffn.lin1", "down": "ffn.lin2", "last_norm": "output_layer_norm"}

# Of the head for masked tokens: its product, its norm, the bias of its output.
HEADS = {
    "bert": ("cls.predictions.transform.dense", "cls.predictions.transform.LayerNorm",
             "cls.predictions.bias"),
    "roberta": ("lm_head.dense", "lm_head.layer_norm", "lm_head.bias"),
    "distilbert": ("vocab_transform", "vocab_layer_norm", "vocab_projector.bias")}


class Bert(SelfAttention):
    causal = False

    def __init__(self, folder, dtype):
        config, tensors = read_folder(folder, dtype, ["bert.", "roberta.", "distilbert."])
        self.tensors = {}
        for name, values in tensors.items():  # The norms' names of the first files.
            name = name.replace("Norm.gamma", "Norm.weight").replace("Norm.beta", "Norm.bias")
            self.tensors[name] = values
        self.kind = config["model_type"]
        if self.kind == "distilbert":
            self.layers, self.heads, width = config["n_layers"], config["n_heads"], config["dim"]
            self.activation, self.epsilon = ACTIVATIONS[config["activation"]], 1e-12
            self.names = DISTILBERT_LAYER
        else:
            self.layers, self.heads = config["num_hidden_layers"], config["num_attention_heads"]
            width = config["hidden_size"]
            self.activation = ACTIVATIONS[config["hidden_act"]]
            self.epsilon = config["layer_norm_eps"]
            self.names = BERT_LAYER
        self.d_head, self.vocabulary = width // self.heads, config["vocab_size"]
        self.context, self.padding = config["max_position_embeddings"], None
        if self.kind == "roberta":
            self.padding = config["pad_token_id"]
            self.context -= self.padding + 1
        self.types = config.get("type_vocab_size", 0)
        self.mask_id = special_token(folder, "[MASK]", "<mask>")
        self.first_id = special_token(folder, "[CLS]", "<s>")
        self.separator = special_token(folder, "[SEP]", "</s>")
        self.words = word_ids(folder)

    def cells(self, layer, n):
        return all_cells(n, n)

    def logits_position(self, ids):
        """The first masked token, else the last word, else the last token."""
        if self.mask_id in ids:
            return ids.index(self.mask_id)
        words = [i for i, id in enumerate(ids) if id in self.words and self.mask_id is not None]
        return words[-1] if words else len(ids) - 1

    def positions(self, ids):
        """RoBERTa counts the tokens that are not padding, from padding + 1."""
        if self.padding is None:
            return torch.arange(len(ids))
        real = (torch.tensor(ids) != self.padding).long()
        return real.cumsum(0) * real + self.padding

    def token_types(self, ids):
        """0 up to and with the first separator, 1 after it."""
        first = ids.index(self.separator) if self.types > 1 and self.separator in ids else len(ids)
        return (torch.arange(len(ids)) > first).long()

    def hidden(self, ids, edits, means, trace):
        at = "embeddings."
        tokens = self.tensors[at + "word_embeddings.weight"][torch.tensor(ids)]
        places = self.tensors[at + "position_embeddings.weight"][self.positions(ids)]
        if self.types:
            types = self.token_types(ids)
            places = places + self.tensors[at + "token_type_embeddings.weight"][types]
        x = self.layer_norm(tokens + places, at + "LayerNorm", self.epsilon)
        for layer in range(self.layers):
            names = {key: self.names["at"].format(layer) + name for key, name in self.names.items()}
            parts = [self.linear(x, names[name]) for name in ("query", "key", "value")]
            self.begin_layer(x=x, **dict(zip(("all_q", "all_k", "all_v"), parts)))
            self.note(**{"w_" + name[0]: self.tensors[names[name] + ".weight"].T
                         for name in ("query", "key", "value")})
            if layer == 0:
                self.note(token_rows=tokens, position_rows=places)
            q, k, v = (self.split(part, self.heads) for part in parts)
            concatenated = self.attend(q, k, v, layer, edits, means, trace)
            z = self.linear(concatenated, names["out"])
            x = self.layer_norm(x + z, names["norm"], self.epsilon)
            self.note(concatenated=concatenated, w_o=self.tensors[names["out"] + ".weight"].T,
                      mixed=z,
                      stream=x)
            inner = self.linear(self.activation(self.linear(x, names["up"])), names["down"])
            x = self.layer_norm(x + inner, names["last_norm"], self.epsilon)
        return x

    def logits(self, x):
        dense, norm, bias = HEADS[self.kind]
        if bias not in self.tensors:
            return None
        x = self.activation(self.linear(x, dense))
        x = self.layer_norm(x, norm, self.epsilon)
        return self.tensors["embeddings.word_embeddings.weight"] @ x + self.tensors[bias]
