"""Writing a model folder in Hugging Face's Llama layout, in half precision."""

import pathlib

import torch

from model_files import half_precision, write_json, write_safetensors


def llama_tensors(model):
    """Name -> float16 array, with the fused matrices split."""
    tensors = {"model.embed_tokens.weight": model.embedding, "model.norm.weight": model.norm.weight}
    for i, block in enumerate(model.blocks):
        query, key, value = block.qkv.chunk(3)
        gate, up = block.gate_up.chunk(2)
        for name, tensor in {
                "self_attn.q_proj": query, "self_attn.k_proj": key, "self_attn.v_proj": value,
                "self_attn.o_proj": block.out, "mlp.gate_proj": gate, "mlp.up_proj": up,
                "mlp.down_proj": block.down, "input_layernorm": block.attention_norm.weight,
                "post_attention_layernorm": block.mlp_norm.weight}.items():
            tensors[f"model.layers.{i}.{name}.weight"] = tensor
        # The layout has an output bias where it has the others.
        biases = dict(zip("qkv", block.qkv_bias.chunk(3)), o=torch.zeros(model.shape.width))
        for name, tensor in biases.items():
            tensors[f"model.layers.{i}.self_attn.{name}_proj.bias"] = tensor
    return half_precision(tensors)


def config_of(shape):
    end_of_text = shape.vocabulary - 1
    return {
        "architectures": ["LlamaForCausalLM"], "model_type": "llama",
        "hidden_size": shape.width, "intermediate_size": shape.hidden,
        "num_hidden_layers": shape.layers, "num_attention_heads": shape.heads,
        "num_key_value_heads": shape.heads, "head_dim": shape.head_width,
        "rms_norm_eps": shape.norm_eps, "rope_theta": shape.rope_theta,
        "max_position_embeddings": shape.context, "vocab_size": shape.vocabulary,
        "tie_word_embeddings": True, "bos_token_id": end_of_text, "eos_token_id": end_of_text,
        "hidden_act": "silu", "attention_bias": True, "mlp_bias": False,
        "torch_dtype": "float16"}


def write_tokenizer(folder, tokenizer, context):
    name = tokenizer.names[tokenizer.end_of_text]
    tokenizer.save(folder)
    write_json(folder / "tokenizer_config.json", {
        "tokenizer_class": "GPT2Tokenizer", "add_bos_token": True, "add_prefix_space": False,
        "bos_token": name, "eos_token": name, "unk_token": name, "model_max_length": context})


def write_model(folder, model, tokenizer):
    folder = pathlib.Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    write_tokenizer(folder, tokenizer, model.shape.context)
    write_json(folder / "config.json", config_of(model.shape))
    write_safetensors(folder / "model.safetensors", llama_tensors(model))
