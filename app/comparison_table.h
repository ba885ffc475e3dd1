#pragma once

#include <string>
#include <utility>
#include <vector>

#include "compared_column.h"

namespace headlight {

/// One line of the numbers below the columns.
struct ComparisonRow {
  std::string name;
  std::vector<std::string> values;  ///< One a column; empty where there is none.
  std::string meaning;              ///< For a tooltip: what it is and where it comes from.
};

/// The numbers of the columns, as window and figure print them. Rows that no column has are left
/// out.
std::vector<ComparisonRow> comparison_rows(const std::vector<ComparedColumn>& columns);

/// The most probable tokens of a column with their probabilities.
std::vector<std::pair<std::string, float>> predicted_words(const ComparedColumn& column,
                                                           std::size_t most);

/// RFC 4180 with a header, a line a column: column, mask, model, head, kl, weight_removed, ...
std::string comparison_csv(const std::vector<ComparedColumn>& columns);

/// {"columns": [{"mask", "model", "text", "tokens", "head", "edits", "kl", "weight_removed",
/// "entropy", "mean_distance", "maximum", "sink_share", "cells", "full_cells", "all_cells", "loss",
/// "prediction": {"position", "kl", "top": [{"id", "token", "probability"}]}, "costs": [{"tokens",
/// "cells", "multiplications", "bytes", "full_multiplications", "dense_bytes"}], "receptive_field":
/// {"position", "layers", "reached", "depth": [...]}, "weights": [[...]]}]}. What was not measured is
/// left out; "kl" is the mean over the positions, in nats.
std::string comparison_json(const std::vector<ComparedColumn>& columns);

/// "830", "1.2 k", "3.4 M", "56 G": a number in at most three digits.
std::string short_count(double number);
/// "512 B", "1.5 MB", "16 GB", in powers of 1000.
std::string short_bytes(double bytes);

}  // namespace headlight
