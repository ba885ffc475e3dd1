#pragma once

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "snapshot.h"

namespace headlight {

/// Makes the columns of the compare view, and keeps what the next ones can begin from. Used by the
/// compute thread alone.
class ColumnMaker {
 public:
  /// What the compute thread does for it. Exceptions that are no std::exception pass through.
  struct Hooks {
    std::function<std::shared_ptr<const Trace>(const Model&, const Input&, const Edits&,
                                               const Trace* earlier, const char* what)>
        pass;
    std::function<void(const std::string& what)> report;
    std::function<void(std::shared_ptr<const Snapshot>)> publish;
  };
  explicit ColumnMaker(Hooks hooks) : hooks_(std::move(hooks)) {}

  /// The first column and those beside it into `next`, which has the first one's runs; each is
  /// published as soon as it is there, and those that would be the same again are kept.
  void compute(const Request& request, const std::vector<Column>& columns, Snapshot& next);

  /// Forgets everything, as for another model.
  void clear();

 private:
  using Result = std::shared_ptr<const ColumnResult>;
  Result first_column(const Snapshot& next);
  Result beside(const Request& request, const Column& column, const ColumnResult* before,
                const Snapshot& next);
  std::shared_ptr<const Model> opened(const std::string& name);
  void add_costs(ColumnResult& result);
  static void add_prediction(ColumnResult& result, const Trace& first);

  Hooks hooks_;
  std::map<std::string, std::shared_ptr<const Model>> models_;  // of columns, by name
  std::map<std::string, std::vector<MaskCost>> costs_;          // by what they depend on
};

}  // namespace headlight
