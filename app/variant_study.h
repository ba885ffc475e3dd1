#pragma once

#include "study.h"
#include "variant_sheet.h"

namespace headlight {

/// The variants page: every variant on the text at hand.
class VariantStudy final : public Study {
 public:
  explicit VariantStudy(const Snapshot& snapshot);
  std::string what() const override { return "running the variants"; }
  bool step() override { return maker_.step(); }
  float fraction() const override { return maker_.fraction(); }
  void publish(Snapshot& snapshot) override;
  const std::string& text() const { return maker_.sheet().text; }

 private:
  VariantSheetMaker maker_;
};

}  // namespace headlight
