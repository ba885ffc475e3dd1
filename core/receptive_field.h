#pragma once

#include <vector>

#include "edits.h"
#include "model.h"

namespace headlight {

/// Which tokens can have any influence on one, through the masks of the layers below.
struct ReceptiveField {
  int position = 0;
  int layers = 0;
  /// The fewest layers, from the first, after which the state at the position depends on this token;
  /// 0: the position itself; -1: it never does.
  /// Empty for attention from a file, whose masks nobody knows.
  std::vector<int> depth;  // [tokens] or []

  int reached() const;  ///< Tokens that reach it, itself included.
};

/// The receptive field of `position` after all layers: a token is reached where any head of the
/// layer may look at it, or through the residual stream; a head whose output is taken away (gain 0)
/// carries nothing. A pooled key stands for all of its tokens, a convolution brings in the tokens
/// before each query and key, and a router may send a token to any head. Exact: per layer a Boolean
/// product of the rows that may be looked at. A window of w keys back reaches layers * w tokens back
/// (Beltagy et al. 2020, section 3.1).
/// `kind` chooses the stack: the encoder's, or else the decoder's own tokens, through its
/// self-attention. Throws std::invalid_argument for a position outside the tokens.
ReceptiveField receptive_field(const Model& model, const Edits& edits, AttentionKind kind,
                               int tokens, int position);

}  // namespace headlight
