#pragma once

#include <functional>
#include <vector>

#include "thread_pool.h"
#include "trace.h"

namespace headlight {

/// Attention rollout: how much each position after a layer is made of each input token, were
/// attention all that moves (Abnar & Zuidema 2020, "Quantifying Attention Flow in Transformers",
/// section 3.2). With A the mean of a layer's heads' weights,
///     A~ = 0.5 A + 0.5 I, its rows scaled to sum to 1,   R_l = A~_l R_(l-1),   R_(-1) = I:
/// one half is the residual connection. A row that is masked whole stays where it is.
/// In an encoder-decoder `encoder` is the same of the encoder. A decoder's position is made of
/// target tokens (`self`) and source tokens (`cross`), D and E, each sub-layer with its residual:
///     self-attention:  D <- A~ D, E <- A~ E;   cross-attention:  D <- 0.5 D, E <- 0.5 E + 0.5 C R,
/// R being the encoder's last rollout and C the mean of the cross-attention's heads; both after the
/// layer's cross-attention, so that a row of D and of E together sum to 1.
/// Heads count as they attend; gains do not enter. Of recorded attention with other keys than
/// queries there is none. `before_layer` is called before each layer; what it throws leaves the
/// computation. Throws std::invalid_argument for a kind that the model lacks.
std::vector<float> rollout(const Trace& trace, AttentionKind kind = AttentionKind::self,
                           ThreadPool* pool = nullptr,
                           const std::function<void()>& before_layer = {});  // [layers, query, key]

/// The rollout with the receptive field of causal attention taken out. Where a query sees earlier
/// tokens only, more paths lead to a token the earlier it stands: with uniform weights too the first
/// token gets the most, and the more so the deeper the layer. So each cell is divided by what
/// uniform weights over the cells that each head may look at, masks and windows included, would
/// give it, U_l, and the row is scaled back to its sum:
///     R'_l[i, j] = s_i R_l[i, j] / U_l[i, j]
/// Within a row cells keep the order of R / U, their share over that under uniform attention. Our
/// formula:
/// Abnar & Zuidema treat encoders, where all tokens have the same receptive field; there, without
/// masks, U is the same for all other tokens.
std::vector<float> corrected_rollout(const Trace& trace, AttentionKind kind = AttentionKind::self,
                                     ThreadPool* pool = nullptr,
                           const std::function<void()>& before_layer = {});  // [layers, query, key]

}  // namespace headlight
