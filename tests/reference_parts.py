"""What the families of the reference share: norms, products, activations, the split into heads."""

import torch
import torch.nn.functional as F

from reference_attention import attend, causal_cells, edits_of

ACTIVATIONS = {
    "gelu": F.gelu,
    "gelu_new": lambda x: F.gelu(x, approximate="tanh"),
    "gelu_pytorch_tanh": lambda x: F.gelu(x, approximate="tanh"),
    "silu": F.silu,
    "swish": F.silu,
    "relu": F.relu,
}


class Reference:
    """The blocks. A family sets tensors, layers, heads, d_head, vocabulary and context."""

    causal = True
    steps = None  # A list that gets a dict of tensors for each layer, where somebody wants them.

    def begin_layer(self, **tensors):
        if self.steps is not None:
            self.steps.append(tensors)

    def note(self, **tensors):
        if self.steps is not None:
            self.steps[-1].update(tensors)

    def layer_norm(self, x, name, epsilon):
        weight, bias = self.tensors[name + ".weight"], self.tensors[name + ".bias"]
        return F.layer_norm(x, x.shape[-1:], weight, bias, epsilon)

    def linear(self, x, name):
        """A matrix [out, in], with its bias where the file has one."""
        return F.linear(x, self.tensors[name + ".weight"], self.tensors.get(name + ".bias"))

    @staticmethod
    def split(x, heads):
        """[tokens, heads * d_head] as [heads, tokens, d_head]."""
        return x.view(len(x), heads, -1).transpose(0, 1)


class SelfAttention(Reference):
    """The families with one stack of layers. They give `hidden` and `logits`."""

    def cells(self, layer, n):
        """[query, key] that the model itself lets a layer see."""
        return causal_cells(n)

    def head_cells(self, layer, head, n):
        """The same for one head."""
        return self.cells(layer, n)

    def attend(self, q, k, v, layer, edits, means, trace):
        self.note(q=q, k=k, v=v)
        q = q / self.d_head**0.5
        own, means = self.cells(layer, q.shape[1]), None if means is None else means[layer]
        return attend(q, k, v, own, self.causal, edits_of(edits, layer), means, trace)

    def logits_position(self, ids):
        return len(ids) - 1

    @torch.no_grad()
    def run(self, ids, edits=None, means=None):
        """attentions [layers, heads, query, key], z [layers, heads, query, d_head], and the logits
        [vocabulary] at logits_position, None without a head for them. All but z are arrays.
        An edit's key is (layer, head); `means` is what mean_outputs gives."""
        trace = {"attentions": [], "z": [], "scores": [], "masked": []}
        x = self.hidden(list(ids), edits, means, trace)
        logits = self.logits(x[self.logits_position(list(ids))])
        return {"attentions": torch.stack(trace["attentions"]).numpy(),
                "z": torch.stack(trace["z"]),
                "logits": None if logits is None else logits.numpy()}

    def walk(self, ids, edits=None, means=None):
        """For each layer what stands between its input and its output, by the names of WalkTensor, with
        an axis for the heads (or key-value heads) where a tensor is a head's own."""
        self.steps = []
        trace = {"attentions": [], "z": [], "scores": [], "masked": []}
        with torch.no_grad():
            output = self.hidden(list(ids), edits, means, trace)
        steps, self.steps = self.steps, None
        for layer, step in enumerate(steps):
            step.update(weights=trace["attentions"][layer], z=trace["z"][layer],
                        scores=trace["scores"][layer], masked=trace["masked"][layer],
                        products=step["q"] @ step["k"].transpose(1, 2),
                        output=steps[layer + 1]["x"] if layer + 1 < len(steps) else output)
        return steps

    def mean_outputs(self, ids):
        """[layers, heads, d_head]: each head's mean z over the rows after the first."""
        return self.run(ids)["z"][:, :, 1:].mean(2)
