"""Llama's family and relatives: grouped heads, scaled rotary positions, sliding windows."""

from fixture_files import Weights, model_folder, write_json, write_safetensors, write_shards
from fixture_tokenizers import END, write_gpt2_tokenizer

# What the hub's configs hold besides the numbers.
LLAMA = {"architectures": ["LlamaForCausalLM"], "attention_bias": False, "attention_dropout": 0.0,
         "bos_token_id": 1, "eos_token_id": 2, "hidden_act": "silu", "initializer_range": 0.02,
         "mlp_bias": False, "model_type": "llama", "pretraining_tp": 1, "rms_norm_eps": 1e-05,
         "rope_scaling": None, "rope_theta": 10000.0, "tie_word_embeddings": False,
         "torch_dtype": "float32", "transformers_version": "4.42.3", "use_cache": True}
LLAMA_2 = {key: value for key, value in LLAMA.items()
           if key not in ("attention_bias", "attention_dropout", "mlp_bias", "rope_theta")} | {
               "pad_token_id": 0, "transformers_version": "4.31.0.dev0"}
MISTRAL = {"architectures": ["MistralForCausalLM"], "bos_token_id": 1, "eos_token_id": 2,
           "hidden_act": "silu", "initializer_range": 0.02, "model_type": "mistral",
           "rms_norm_eps": 1e-05, "rope_theta": 10000.0, "tie_word_embeddings": False,
           "torch_dtype": "bfloat16", "transformers_version": "4.34.0.dev0", "use_cache": True}
QWEN2 = {"architectures": ["Qwen2ForCausalLM"], "attention_dropout": 0.0, "bos_token_id": 1,
         "eos_token_id": 2, "hidden_act": "silu", "initializer_range": 0.02, "model_type": "qwen2",
         "rms_norm_eps": 1e-06, "rope_theta": 1000000.0, "torch_dtype": "float32",
         "transformers_version": "4.40.1", "use_cache": True, "use_mrope": False}


QWEN3 = {key: value for key, value in QWEN2.items() if key != "use_mrope"} | {
    "architectures": ["Qwen3ForCausalLM"], "attention_bias": False, "model_type": "qwen3",
    "rope_scaling": None, "rope_theta": 1000000, "sliding_window": None,
    "transformers_version": "4.51.0", "use_sliding_window": False}
PHI3 = {"architectures": ["Phi3ForCausalLM"], "attention_bias": False, "attention_dropout": 0.0,
        "bos_token_id": 1, "embd_pdrop": 0.0, "eos_token_id": 2, "hidden_act": "silu",
        "initializer_range": 0.02, "model_type": "phi3", "pad_token_id": 2, "resid_pdrop": 0.0,
        "rms_norm_eps": 1e-05, "rope_scaling": None, "rope_theta": 10000.0,
        "tie_word_embeddings": False, "torch_dtype": "bfloat16", "transformers_version": "4.40.2",
        "use_cache": True}
HEADLIGHT = {"architectures": ["LlamaForCausalLM"], "attention_bias": True, "bos_token_id": 299,
             "eos_token_id": 299, "hidden_act": "silu", "mlp_bias": False,
             "model_type": "headlight", "rms_norm_eps": 1e-05, "rope_theta": 10000.0,
             "tie_word_embeddings": True}
GEMMA = {"architectures": ["GemmaForCausalLM"], "attention_bias": False, "attention_dropout": 0.0,
         "bos_token_id": 2, "eos_token_id": 1, "hidden_act": "gelu",
         "hidden_activation": "gelu_pytorch_tanh", "initializer_range": 0.02, "model_type": "gemma",
         "pad_token_id": 0, "rms_norm_eps": 1e-06, "rope_scaling": None, "rope_theta": 10000.0,
         "torch_dtype": "bfloat16", "transformers_version": "4.38.0.dev0", "use_cache": True}


def shape(layers, heads, groups, width, inner, context, vocabulary=130, head=None):
    """The numbers of a config; `groups` None leaves num_key_value_heads out."""
    numbers = {"num_hidden_layers": layers, "num_attention_heads": heads, "hidden_size": width,
               "intermediate_size": inner, "max_position_embeddings": context,
               "vocab_size": vocabulary}
    if groups:
        numbers["num_key_value_heads"] = groups
    if head:
        numbers["head_dim"] = head
    return numbers


def attention(w, at, config, qkv_bias, out_bias):
    width, heads = config["hidden_size"], config["num_attention_heads"]
    head = config.get("head_dim") or width // heads
    groups = config.get("num_key_value_heads") or heads
    if config["model_type"] == "phi3":
        w.linear(at + "qkv_proj", width, (heads + 2 * groups) * head, False, 1.5)
    else:
        w.linear(at + "q_proj", width, heads * head, qkv_bias, 1.5)
        w.linear(at + "k_proj", width, groups * head, qkv_bias, 1.5)
        w.linear(at + "v_proj", width, groups * head, qkv_bias)
    w.linear(at + "o_proj", heads * head, width, out_bias)
    if config["model_type"] == "headlight":
        design(w, at, config, (heads + 2 * groups) * head)
    if config["model_type"] == "qwen3":
        w.norm(at + "q_norm", head, False)
        w.norm(at + "k_norm", head, False)


def design(w, at, config, qkv):
    """What heads that are built differently have beside the others."""
    width, heads = config["hidden_size"], config["num_attention_heads"]
    if config.get("learned_temperature"):
        w.normal(at + "temperature", [heads], 0.2, 1.0)
    if config.get("convolution"):
        w.normal(at + "conv.weight", [qkv, config["convolution"]], 0.6)
    if "router" in config:
        w.linear(at + "router", width, heads, False)
        w.linear(at + "router_balance", width, 2, False)


def feed_forward(w, at, config, bias):
    width, inner = config["hidden_size"], config["intermediate_size"]
    if config["model_type"] == "phi3":
        w.linear(at + "gate_up_proj", width, 2 * inner, bias)
    else:
        w.linear(at + "gate_proj", width, inner, bias)
        w.linear(at + "up_proj", width, inner, bias)
    w.linear(at + "down_proj", inner, width, bias)


def llama_weights(seed, dtype, config, qkv_bias=False, out_bias=False, mlp_bias=False,
                  embedding=1.0):
    width, gemma = config["hidden_size"], config["model_type"] == "gemma"
    gain = 0.0 if gemma else 1.0  # Gemma stores the gains less 1.
    w = Weights(seed, dtype)
    w.normal("model.embed_tokens.weight", [config["vocab_size"], width], embedding)
    for i in range(config["num_hidden_layers"]):
        at = f"model.layers.{i}."
        w.norm(at + "input_layernorm", width, False, gain)
        attention(w, at + "self_attn.", config, qkv_bias, out_bias)
        w.norm(at + "post_attention_layernorm", width, False, gain)
        feed_forward(w, at + "mlp.", config, mlp_bias)
    w.norm("model.norm", width, False, gain)
    if not config.get("tie_word_embeddings", gemma):
        w.linear("lm_head", width, config["vocab_size"], False)
    return w.tensors


def write_llama(name, seed, dtype, config, shards=1, sort_keys=True, **parts):
    folder = model_folder(name)
    tensors = llama_weights(seed, dtype, config, **parts)
    if shards == 1:
        write_safetensors(folder / "model.safetensors", tensors)
    else:
        write_shards(folder, tensors, shards)
    write_json(folder / "config.json", config, sort_keys)
    return folder


def write_older():
    """The first two, whose configs are short."""
    base = {"architectures": ["LlamaForCausalLM"], "model_type": "llama", "hidden_act": "silu",
            "rms_norm_eps": 1e-06, "vocab_size": 300, "bos_token_id": 299, "eos_token_id": 299,
            "rope_scaling": None, "attention_bias": False, "mlp_bias": False}
    # Heads wider than d_model / heads, and an output matrix of its own.
    folder = write_llama("tiny-llama-gqa", 3, "F32", base | {
        "num_hidden_layers": 3, "num_attention_heads": 4, "num_key_value_heads": 2, "head_dim": 8,
        "hidden_size": 24, "intermediate_size": 40, "max_position_embeddings": 64,
        "rope_theta": 500.0, "tie_word_embeddings": False}, sort_keys=False)
    write_gpt2_tokenizer(folder, {"add_bos_token": True, "bos_token": END,
                                  "tokenizer_class": "GPT2Tokenizer"})
    folder = write_llama("tiny-llama-mha-f16", 4, "F16", base | {
        "num_hidden_layers": 2, "num_attention_heads": 4, "hidden_size": 16,
        "intermediate_size": 32, "max_position_embeddings": 48, "rope_theta": 10000.0,
        "attention_bias": True, "mlp_bias": True, "tie_word_embeddings": True},
        sort_keys=False, qkv_bias=True, out_bias=True, mlp_bias=True)
    write_gpt2_tokenizer(folder)


def write_all():
    write_older()
    # Wavelengths 6.3, 56 and longer against bounds of 16 and 64: kept, blended, stretched.
    write_llama("tiny-llama3", 31, "BF16", LLAMA | shape(2, 4, 2, 48, 64, 512) | {
        "eos_token_id": [2, 3, 4], "rope_theta": 500000.0, "torch_dtype": "bfloat16",
        "rope_scaling": {"factor": 8.0, "low_freq_factor": 1.0, "high_freq_factor": 4.0,
                         "original_max_position_embeddings": 64, "rope_type": "llama3"}},
        embedding=0.05)
    # As Llama 2: no rope_theta, an old name for the kind, no num_key_value_heads.
    write_llama("tiny-llama-linear", 32, "F32", LLAMA_2 | shape(2, 3, None, 24, 40, 64) | {
        "rope_scaling": {"factor": 4.0, "type": "linear"}})
    write_llama("tiny-llama-dynamic", 33, "F32", LLAMA | shape(2, 3, 3, 24, 40, 48) | {
        "rope_scaling": {"factor": 2.0, "type": "dynamic"}})
    # d_head 16: frequencies 0 and 1 are kept, from 4 on they are stretched, between them blended.
    write_llama("tiny-llama-yarn", 34, "F32", LLAMA | shape(2, 4, 2, 40, 48, 64, head=16) | {
        "rope_scaling": {"beta_fast": 0.5, "beta_slow": 0.05, "factor": 4.0, "mscale": 1.0,
                         "mscale_all_dim": 0.4, "original_max_position_embeddings": 16,
                         "rope_type": "yarn"}})
    write_llama("tiny-llama-mqa", 35, "F32", LLAMA | shape(3, 4, 1, 32, 48, 48))
    write_llama("tiny-mistral", 36, "BF16", MISTRAL | shape(3, 4, 2, 32, 56, 64) | {
        "sliding_window": 5}, embedding=0.05)
    # The window is named, but not used.
    write_llama("tiny-qwen2", 37, "F32", QWEN2 | shape(2, 4, 2, 32, 48, 64) | {
        "max_window_layers": 1, "sliding_window": 3, "tie_word_embeddings": True,
        "use_sliding_window": False}, qkv_bias=True)
    write_llama("tiny-qwen2-sliding", 38, "F32", QWEN2 | shape(3, 3, 1, 24, 40, 64) | {
        "max_window_layers": 1, "sliding_window": 4, "tie_word_embeddings": False,
        "use_sliding_window": True}, qkv_bias=True)
    # As transformers 5 writes it: layer_types says which layers slide, max_window_layers does not.
    newer = {key: value for key, value in QWEN2.items()
             if key not in ("rope_theta", "torch_dtype", "use_mrope")}
    write_llama("tiny-qwen2-rope-parameters", 39, "F16", newer | shape(3, 4, 2, 32, 40, 64) | {
        "dtype": "float16",
        "layer_types": ["sliding_attention", "full_attention", "sliding_attention"],
        "max_window_layers": 3, "pad_token_id": None, "sliding_window": 6,
        "tie_word_embeddings": True, "transformers_version": "5.0.0", "use_sliding_window": True,
        "rope_parameters": {"attention_factor": 1.3, "factor": 4.0, "rope_theta": 100.0,
                            "original_max_position_embeddings": 16, "rope_type": "yarn"}},
        qkv_bias=True)
    write_llama("tiny-llama-sharded", 40, "F16", LLAMA | shape(2, 3, 3, 24, 40, 48) | {
        "torch_dtype": "float16"}, shards=2)
    # Norms of the queries and keys, each head by itself.
    write_llama("tiny-qwen3", 41, "BF16", QWEN3 | shape(2, 4, 2, 32, 48, 64, head=10) | {
        "max_window_layers": 2, "tie_word_embeddings": True, "torch_dtype": "bfloat16"})
    # One matrix for q, k, v and one for both halves of the feed-forward part.
    write_llama("tiny-phi3", 42, "BF16", PHI3 | shape(2, 4, 2, 32, 48, 64) | {
        "original_max_position_embeddings": 64, "sliding_window": 9})
    # Gains less 1, an embedding times sqrt(width), a gate of GELU; tied without a word about it.
    write_llama("tiny-gemma", 43, "BF16", GEMMA | shape(2, 4, 1, 24, 40, 64, head=10),
                embedding=0.2)
    write_headlight()


def write_headlight():
    """Heads that are built differently: all at once, and each layer otherwise."""
    biases = {"qkv_bias": True, "out_bias": True}
    folder = write_llama("tiny-headlight", 44, "F32", HEADLIGHT | shape(
        2, 4, 2, 24, 40, 64, vocabulary=300, head=8) | {
            "heads": [{"mask": "local:3", "temperature": 0.5}, {"mask": "dilated:4:3+global:1"},
                      {"pool": 3}, {"pool": 3, "temperature": 2.0}],
            "learned_temperature": True, "convolution": 3,
            "router": {"shared_heads": 1, "top_k": 2}}, **biases)
    write_gpt2_tokenizer(folder, {"add_bos_token": True, "bos_token": END,
                                  "tokenizer_class": "GPT2Tokenizer"})
    write_llama("tiny-headlight-layers", 45, "F16", HEADLIGHT | shape(
        2, 3, 3, 24, 40, 48, head=8) | {
            "bos_token_id": 1, "eos_token_id": 2,
            "heads": [[{}, {"pool": 2}, {"mask": "strided:4", "pool": 4}],
                      [{"mask": "columns:5:2+token:1"}, {"temperature": 5}, {"pool": 7}]],
            "router": {"top_k": 1}}, **biases)
