#pragma once

#include <array>
#include <vector>

#include "thread_pool.h"
#include "trace.h"

namespace headlight {

/// Two dimensions of a head that rotary positions turn together, of one query and one key.
struct RotaryPair {
  int first = 0, second = 0;  ///< Dimensions of the head.
  double frequency = 0.0;     ///< Radians a token.
  double query_angle = 0.0, key_angle = 0.0;     ///< position * frequency, moved; in radians.
  std::array<float, 2> q{}, k{};                 ///< As the projections made them.
  std::array<float, 2> turned_q{}, turned_k{};   ///< As the score reads them, moved.
  double part = 0.0;          ///< Of the product: turned_q times turned_k.
};

/// How rotary positions (Su et al. 2021) make one score.
struct RotaryWalk {
  HeadId head;
  Cell cell;
  int shift = 0;         ///< Tokens by which query and key are both moved to the right.
  double divisor = 1.0;  ///< sqrt(d_head) times the temperatures: score = product / divisor.
  std::vector<RotaryPair> pairs;
  double rest = 0.0;  ///< Of the product: dimensions that do not turn.
  double product() const;
  float score = 0.0f;        ///< Trace::score, where the tokens stand.
  float moved_score = 0.0f;  ///< By the same functions, where they are moved to.
  /// The score of the same query and key if the key stood 0, 1, ... tokens before the query.
  std::vector<double> by_distance;
};

/// `distances`: how many numbers by_distance gets. Queries and keys before their rotation are
/// projected anew from the trace's residual stream, norms and mixing of tokens included.
/// Throws std::invalid_argument where the model has no rotary positions, and for a head, cell or
/// negative shift outside of it.
RotaryWalk rotary_walk(const Trace& trace, HeadId head, Cell cell, int shift = 0,
                       int distances = 0, ThreadPool* pool = nullptr);

}  // namespace headlight
