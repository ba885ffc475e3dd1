#pragma once

#include "config_file.h"
#include "family.h"

namespace headlight {

// The keys by which config.json (of model_type "headlight") says how heads are built:
//   "heads": one object a head, for all layers, or one such list a layer, with "mask" (as parse_mask
//            takes it), "temperature" and "pool", each optional
//   "learned_temperature": true: layers.N.self_attn.temperature [heads]
//   "convolution": taps: layers.N.self_attn.conv.weight [qkv_width, taps], the last of the token itself
//   "router": {"shared_heads", "top_k"}: layers.N.self_attn.router.weight [heads, d_model] and
//            layers.N.self_attn.router_balance.weight [2, d_model]

/// Sets head_designs, convolution and routing; layers and heads are set. Throws LoadError.
void read_designs(const ConfigFile& file, ModelConfig& config);

/// Sets what such a block has beside Llama's; `attention` is the names' beginning,
/// "layers.N.self_attn.".
void read_design_weights(const ModelConfig& config, const ConfigFile& file,
                         const std::string& attention, WeightReader& reader, Block& block);

}  // namespace headlight
