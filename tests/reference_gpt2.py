"""GPT-2 (Radford et al. 2019), in the layout of Hugging Face's GPT2LMHeadModel."""

import torch

from reference_files import read_folder
from reference_parts import ACTIVATIONS, SelfAttention


class Gpt2(SelfAttention):
    def __init__(self, folder, dtype):
        config, self.tensors = read_folder(folder, dtype, ["transformer."])
        self.layers, self.heads, self.width = config["n_layer"], config["n_head"], config["n_embd"]
        self.d_head = self.width // self.heads
        self.context, self.epsilon = config["n_positions"], config["layer_norm_epsilon"]
        self.vocabulary = config["vocab_size"]
        self.activation = ACTIVATIONS[config["activation_function"]]
        tied = config.get("tie_word_embeddings", True)
        self.unembedding = self.tensors["wte.weight" if tied else "lm_head.weight"]

    def conv1d(self, x, name):
        return x @ self.tensors[name + ".weight"] + self.tensors[name + ".bias"]

    def hidden(self, ids, edits, means, trace):
        tokens = self.tensors["wte.weight"][torch.tensor(ids)]
        places = self.tensors["wpe.weight"][: len(ids)]
        x = tokens + places
        for layer in range(self.layers):
            at = f"h.{layer}."
            normed = self.layer_norm(x, at + "ln_1", self.epsilon)
            inner = self.conv1d(normed, at + "attn.c_attn")
            parts = inner.split(self.width, -1)
            self.begin_layer(x=x, normed=normed, **dict(zip(("all_q", "all_k", "all_v"), parts)))
            self.note(**dict(zip(("w_q", "w_k", "w_v"),
                                 self.tensors[at + "attn.c_attn.weight"].split(self.width, -1))))
            if layer == 0:
                self.note(token_rows=tokens, position_rows=places)
            q, k, v = (self.split(part, self.heads) for part in parts)
            z = self.attend(q, k, v, layer, edits, means, trace)
            mixed = self.conv1d(z, at + "attn.c_proj")
            x = x + mixed
            self.note(concatenated=z, w_o=self.tensors[at + "attn.c_proj.weight"], mixed=mixed,
                      stream=x)
            inner = self.conv1d(self.layer_norm(x, at + "ln_2", self.epsilon), at + "mlp.c_fc")
            x = x + self.conv1d(self.activation(inner), at + "mlp.c_proj")
        return x

    def logits(self, x):
        return self.unembedding @ self.layer_norm(x, "ln_f", self.epsilon)
