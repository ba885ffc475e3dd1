#pragma once

#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "head_summary.h"
#include "model_cost.h"
#include "role.h"
#include "trace.h"

namespace headlight {

/// One of the models that were trained alike and differ in how their heads are made.
struct Variant {
  std::string name;
  std::string design;   ///< design_text()
  std::string problem;  ///< One sentence, when it could not be opened or run; all else is then empty.
  std::shared_ptr<const Model> model;
  std::optional<RoleReport> roles;
  ModelCost cost;  ///< At the length of VariantSheet::cost_tokens.

  // Of its training (measured.json); none where that file does not say.
  std::optional<double> validation_loss;  ///< Nats a token on the same held-out windows.
  std::optional<double> loss_error;       ///< Standard error of that mean.
  std::optional<double> tokens_seen;

  // On the text.
  std::shared_ptr<const Trace> trace;
  std::shared_ptr<const SummariesByKind> heads;
  double ms_per_token = 0.0;  ///< Wall clock of a whole pass, the least of five.

  /// Of a layer's heads: mean distance or entropy, on the battery where the roles are known, else on
  /// the text.
  const HeadStats* stats(HeadId id) const;
};

/// What is said of a way of making heads, beside what was measured.
struct VariantClaim {
  std::string claim;
  std::string verdict;   ///< "true", "not seen", ... or empty while nobody has measured it.
  std::string measured;  ///< What the verdict rests on.
};

struct VariantSheet {
  static constexpr int cost_tokens = 256;
  std::string text;
  std::vector<Variant> variants;  ///< "standard" first, then by name.
  std::vector<VariantClaim> claims;
  std::optional<double> bigram_loss;  ///< On the same windows.
};

/// Opens the models of a folder and runs each on a text, one a step.
class VariantSheetMaker {
 public:
  /// Models of an earlier sheet are not read again. A missing folder gives an empty sheet.
  VariantSheetMaker(std::filesystem::path folder, std::string text,
                    const VariantSheet* earlier = nullptr);

  bool step();  ///< The next model; false when none is left.
  float fraction() const;
  const VariantSheet& sheet() const { return sheet_; }

 private:
  std::vector<std::filesystem::path> folders_;
  std::size_t done_ = 0;
  VariantSheet sheet_;
  std::vector<Variant> known_;
};

}  // namespace headlight
