"""Networks in the Llama layout whose heads are built in different ways, described by config.json.

The config has Llama's keys and, all optional:

    "heads"                an object for each head, or a list of such lists, one a layer:
        "mask"             "none", "local:W", "dilated:W:GAP", or a union of these joined by '+'
        "temperature"      the scores are divided by it
        "pool"             m: keys and values are means of m tokens
    "learned_temperature"  true: a temperature for each head that is learnt
    "convolution"          taps of a causal convolution over time, one for each number of q, k, v
    "router"               {"shared_heads", "top_k"}: which heads each token is sent to

The modules are named as the tensors of the file are. To look at a written folder:

    model = variant_model.load("assets/models/variants/standard", torch.float64)
    states, maps = model.run(ids)    # maps: per layer [batch, heads, query, key]
    logits = model.logits(ids)       # [batch, time, vocabulary]
"""

import json
import math
import pathlib

import torch
from torch import nn
from torch.nn import functional as F

from model import Norm, Shape, rotary_tables
from model_files import read_safetensors


def shape_of(config):
    return Shape(vocabulary=config["vocab_size"], width=config["hidden_size"],
                 layers=config["num_hidden_layers"], heads=config["num_attention_heads"],
                 hidden=config["intermediate_size"], context=config["max_position_embeddings"],
                 rope_theta=config["rope_theta"], norm_eps=config["rms_norm_eps"])


def heads_of(config, layer):
    """The options of each head of a layer: a list of dictionaries."""
    heads = config.get("heads") or [{}] * config["num_attention_heads"]
    return heads[layer] if isinstance(heads[0], list) else heads


def allowed_cells(mask, pool, time):
    """Which keys each query may look at: [query, key] bool. Never a later one; itself always.

    Of pooled keys only those of whole blocks are seen, and the query's own, as far as it has come.
    """
    query, key = torch.arange(time)[:, None], torch.arange(time)[None, :]
    distance = query - key
    allowed = torch.zeros(time, time, dtype=torch.bool)
    for part in mask.split("+"):
        kind, *numbers = part.split(":")
        numbers = [int(number) for number in numbers]
        if kind == "local":
            allowed |= distance <= numbers[0]
        elif kind == "dilated":
            allowed |= (distance % numbers[1] == 0) & (distance <= numbers[0] * numbers[1])
        elif kind == "none":
            allowed |= True
        else:
            raise ValueError(f"mask {mask!r}: expected none, local:W, dilated:W:GAP")
    whole = (distance == 0) | (key % pool == pool - 1)
    return allowed & (distance >= 0) & whole


def running_means(pool, time):
    """[time, time]: row j takes the mean of the tokens from the start of j's block up to j."""
    token, source = torch.arange(time)[:, None], torch.arange(time)[None, :]
    within = (source <= token) & (source >= token // pool * pool)
    return within / within.sum(-1, keepdim=True)


class DepthwiseConvolution(nn.Module):
    """Over time, causal, each column by itself; the last tap is the present token.

    On q, k and v of each head before attention: Primer's multi-dconv-head (So et al. 2021).
    """

    def __init__(self, columns, taps):
        super().__init__()
        self.weight = nn.Parameter(torch.zeros(columns, taps))
        self.weight.data[:, -1] = 1  # at first as if it were not there

    def forward(self, x):
        """x [batch, time, columns] -> the same shape"""
        taps, time = self.weight.shape[1], x.shape[1]
        padded = F.pad(x, (0, 0, taps - 1, 0))
        return sum(padded[:, tap:tap + time] * self.weight[:, tap] for tap in range(taps))


class Attention(nn.Module):
    """`spread` [heads]: a row's standard deviation of scores, of the last run with `measuring`."""

    def __init__(self, config, layer):
        super().__init__()
        self.shape = shape = shape_of(config)
        self.groups = config.get("num_key_value_heads", shape.heads)
        columns = self.groups * shape.head_width
        self.q_proj = nn.Linear(shape.width, shape.width)
        self.k_proj = nn.Linear(shape.width, columns)
        self.v_proj = nn.Linear(shape.width, columns)
        self.o_proj = nn.Linear(shape.width, shape.width)
        self.o_proj.bias.requires_grad_(False).zero_()  # the layout has it; it stays 0
        if config.get("convolution"):
            self.conv = DepthwiseConvolution(shape.width + 2 * columns, config["convolution"])
        self.router_options = config.get("router")
        if self.router_options:
            self.router = nn.Linear(shape.width, shape.heads, bias=False)
            self.router_balance = nn.Linear(shape.width, 2, bias=False)
        if config.get("learned_temperature"):
            self.log_temperature = nn.Parameter(torch.zeros(shape.heads))
        self.measuring, self.spread = False, torch.zeros(shape.heads)
        self.gates = self.imbalance = None  # of the last run

        heads = heads_of(config, layer)
        pools = [head.get("pool", 1) for head in heads]
        shared = [pools[i:i + shape.heads // self.groups]
                  for i in range(0, shape.heads, shape.heads // self.groups)]
        if any(len(set(group)) > 1 for group in shared):
            raise ValueError("heads that share keys and values must have the same pool")
        mask = torch.zeros(shape.heads, shape.context, shape.context)
        for head, options in enumerate(heads):
            allowed = allowed_cells(options.get("mask", "none"), pools[head], shape.context)
            mask[head].masked_fill_(~allowed, -math.inf)
        if max(pools) == 1 and all(head.get("mask", "none") == "none" for head in heads):
            mask = mask[:1]
        temperature = torch.tensor([float(head.get("temperature", 1)) for head in heads])
        self.register_buffer("mask", mask, persistent=False)
        self.register_buffer("temperature", temperature, persistent=False)
        means = torch.stack([running_means(group[0], shape.context) for group in shared])
        self.register_buffer("means", means if max(pools) > 1 else None, persistent=False)

    @torch.no_grad()
    def measure_spread(self, query, key):
        """Set self.spread from query and key [batch, heads, time, size], temperature left out."""
        time = query.shape[2]
        scores = (query @ key.transpose(2, 3)).float().tril_() / math.sqrt(query.shape[3])
        count = torch.arange(1, time + 1)
        squares = scores.square().sum(-1) - scores.sum(-1).square() / count  # [batch, heads, time]
        self.spread = (squares.sum((0, 2)) / (len(query) * (count - 1).sum())).sqrt()

    @torch.no_grad()
    def limit_scores(self, limit):
        """Shrink queries and keys of heads whose scores spread by more, as LimitedScores does.

        A key that several queries share shrinks as the head of the group that needs it least would
        have it, their queries by what is left to do.
        """
        heads, size = self.shape.heads, self.shape.head_width
        shrink = (limit / self.spread).clamp(max=1).view(self.groups, -1)
        of_key = shrink.amax(1, keepdim=True).sqrt()
        for projection, factor in ((self.q_proj, shrink / of_key), (self.k_proj, of_key)):
            rows = factor.reshape(-1).repeat_interleave(size)
            projection.weight.mul_(rows[:, None])
            projection.bias.mul_(rows)

    def route(self, x):
        """x [batch, time, width] -> gates [batch, time, heads]; MoH (Jin et al. 2024).

        Sets self.imbalance: sum over the routed heads of the share of tokens sent there times the
        mean weight given, times the number of routed heads; top_k when all are used alike.
        """
        shared_heads, top_k = self.router_options["shared_heads"], self.router_options["top_k"]
        balance = self.router_balance(x).softmax(-1)
        scores = self.router(x)
        shared = scores[..., :shared_heads].softmax(-1)
        routed = scores[..., shared_heads:].softmax(-1)
        chosen = torch.zeros_like(routed).scatter(-1, routed.topk(top_k).indices, 1.0)
        self.imbalance = routed.shape[-1] * (chosen.mean((0, 1)) * routed.mean((0, 1))).sum()
        return torch.cat([balance[..., :1] * shared, balance[..., 1:] * routed * chosen], -1)

    def forward(self, x, tables):
        """x [batch, time, width] -> (change, the same shape; weights [batch, heads, query, key])"""
        batch, time, width = x.shape
        heads, size, groups = self.shape.heads, self.shape.head_width, self.groups
        numbers = torch.cat([self.q_proj(x), self.k_proj(x), self.v_proj(x)], -1)
        if hasattr(self, "conv"):
            numbers = self.conv(numbers)
        numbers = numbers.view(batch, time, heads + 2 * groups, size).transpose(1, 2)
        query, key, value = numbers.split([heads, groups, groups], 1)  # [batch, heads, time, size]
        if self.means is not None:
            means = self.means[:, :time, :time]
            key, value = means @ key, means @ value
        cos, sin = tables
        query, key = (y * cos + y.roll(size // 2, -1) * sin for y in (query, key))
        if groups < heads:
            key, value = (y.repeat_interleave(heads // groups, 1) for y in (key, value))
        if self.measuring:
            self.measure_spread(query, key)
        temperature = self.temperature
        if hasattr(self, "log_temperature"):
            temperature = temperature * self.log_temperature.exp()
        query = query / (temperature * math.sqrt(size))[:, None, None]
        scores = query @ key.transpose(2, 3) + self.mask[:, :time, :time]
        weights = scores.softmax(-1)
        mixed = (weights.to(value.dtype) @ value).transpose(1, 2)  # [batch, time, heads, size]
        if self.router_options:
            self.gates = self.route(x)
            used = self.router_options["shared_heads"] + self.router_options["top_k"]
            mixed = mixed * (self.gates * used)[..., None]
        return self.o_proj(mixed.reshape(batch, time, width)), weights


class Mlp(nn.Module):
    def __init__(self, shape):
        super().__init__()
        self.gate_proj = nn.Linear(shape.width, shape.hidden, bias=False)
        self.up_proj = nn.Linear(shape.width, shape.hidden, bias=False)
        self.down_proj = nn.Linear(shape.hidden, shape.width, bias=False)

    def forward(self, x):
        return self.down_proj(F.silu(self.gate_proj(x)) * self.up_proj(x))


class Layer(nn.Module):
    def __init__(self, config, layer):
        super().__init__()
        shape = shape_of(config)
        self.input_layernorm, self.post_attention_layernorm = Norm(shape), Norm(shape)
        self.self_attn, self.mlp = Attention(config, layer), Mlp(shape)

    def forward(self, x, tables):
        change, weights = self.self_attn(self.input_layernorm(x), tables)
        x = x + change
        return x + self.mlp(self.post_attention_layernorm(x)), weights


class Body(nn.Module):
    def __init__(self, config):
        super().__init__()
        shape = shape_of(config)
        self.embed_tokens = nn.Embedding(shape.vocabulary, shape.width)
        self.layers = nn.ModuleList(Layer(config, i) for i in range(shape.layers))
        self.norm = Norm(shape)


class VariantModel(nn.Module):
    def __init__(self, config):
        super().__init__()
        self.config, self.shape = config, shape_of(config)
        self.model = Body(config)
        cos, sin = rotary_tables(self.shape)
        self.register_buffer("cos", cos, persistent=False)
        self.register_buffer("sin", sin, persistent=False)

    @torch.no_grad()
    def initialise(self, seed):
        """Random weights; those that two variants have in common are the same in both."""
        generator = torch.Generator().manual_seed(seed)
        width = self.shape.width

        def draw(parameter, deviation, rows=None):
            """Draws as if it had `rows`, and takes the first."""
            size = (rows or len(parameter), *parameter.shape[1:])
            numbers = torch.randn(size, generator=generator) * deviation
            parameter.copy_(numbers[:len(parameter)])

        draw(self.model.embed_tokens.weight, 1)
        for layer in self.model.layers:
            attention, mlp = layer.self_attn, layer.mlp
            for projection in (attention.q_proj, attention.k_proj, attention.v_proj):
                draw(projection.weight, width ** -0.5, width)
                draw(projection.bias, 0.5, width)  # so that every head prefers some distances
            draw(attention.o_proj.weight, 0.1 * width ** -0.5)
            draw(mlp.gate_proj.weight, width ** -0.5)
            draw(mlp.up_proj.weight, width ** -0.5)
            draw(mlp.down_proj.weight, 0.1 * self.shape.hidden ** -0.5)
        self.model.norm.weight.fill_(0.05)  # so that the first logits are small
        for layer in self.model.layers:
            if layer.self_attn.router_options:
                draw(layer.self_attn.router.weight, 0.5 * width ** -0.5)
                layer.self_attn.router_balance.weight.zero_()

    def run(self, ids):
        """ids [batch, time] -> (states [batch, time, width], weights: per layer [b, h, q, k])"""
        tables = self.cos[:ids.shape[1]], self.sin[:ids.shape[1]]
        x, maps = self.model.embed_tokens(ids), []
        for layer in self.model.layers:
            x, weights = layer(x, tables)
            maps.append(weights)
        return self.model.norm(x), maps

    def logits(self, ids):
        """[batch, time, vocabulary]"""
        return F.linear(self.run(ids)[0], self.model.embed_tokens.weight)

    def loss(self, ids, targets):
        """Mean cross-entropy in nats of targets [batch, time]; -100 is not counted."""
        counted = targets.reshape(-1) >= 0
        states = self.run(ids)[0].reshape(-1, self.shape.width)[counted]
        logits = F.linear(states, self.model.embed_tokens.weight)
        return F.cross_entropy(logits.float(), targets.reshape(-1)[counted])

    def imbalance(self):
        """The mean of the layers' Attention.route imbalance in the last run; 0 without routers."""
        found = [layer.self_attn.imbalance for layer in self.model.layers]
        return torch.stack(found).mean() if found[0] is not None else torch.zeros(())

    def tensors(self):
        """Name -> tensor, as in the file."""
        return {name.replace("log_temperature", "temperature"):
                tensor.exp() if name.endswith("log_temperature") else tensor
                for name, tensor in self.state_dict().items()}


def load(folder, dtype=torch.float32):
    """The network of a written folder, to be run, not trained."""
    folder = pathlib.Path(folder)
    config = json.loads((folder / "config.json").read_text("utf-8"))
    usual = torch.get_default_dtype()
    torch.set_default_dtype(dtype)  # so that the tables, too, have this precision from the start
    try:
        network = VariantModel(config)
    finally:
        torch.set_default_dtype(usual)
    state = {}
    for name, array in read_safetensors(folder / "model.safetensors").items():
        tensor = torch.from_numpy(array).to(dtype)
        learnt = name.endswith("self_attn.temperature")
        state[name.replace("temperature", "log_temperature")] = tensor.log() if learnt else tensor
    network.load_state_dict(state)
    return network.eval().requires_grad_(False)
