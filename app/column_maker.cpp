#include "column_maker.h"

#include <algorithm>
#include <new>

#include "assets_path.h"
#include "attention_file.h"
#include "head_rule.h"
#include "input_options.h"
#include "load_progress.h"
#include "run_command.h"

namespace headlight {

void ColumnMaker::compute(const Request& request, const std::vector<Column>& columns,
                          Snapshot& next) {
  if (columns.empty()) {
    next.columns.clear();
    next.columns_done.clear();
    return;
  }
  if (next.edited == nullptr) {
    next.columns.clear();
    return;
  }
  next.columns.resize(columns.size() + 1);
  const bool same_first = next.columns[0] && next.columns[0]->run == next.edited;
  if (!same_first) next.columns[0] = first_column(next);
  for (std::size_t i = 0; i < columns.size(); ++i) {
    std::shared_ptr<const ColumnResult>& place = next.columns[i + 1];
    const auto before = place;
    place = beside(request, columns[i], before.get(), next);
    if (place->run != nullptr && (!same_first || place->prediction.position < 0)) {
      auto measured = std::make_shared<ColumnResult>(*place);
      add_prediction(*measured, *next.edited);
      place = measured;
    }
    // The last is published with the answer.
    if (i + 1 < columns.size() && (before == nullptr || before->run != place->run)) {
      auto early = std::make_shared<Snapshot>(next);
      early->columns_done.clear();
      hooks_.publish(early);
    }
  }
  next.columns_done = columns;
  // Models that no column has any more.
  std::erase_if(models_, [&](const auto& entry) {
    return std::none_of(columns.begin(), columns.end(),
                        [&](const Column& column) { return column.model == entry.first; });
  });
}

ColumnMaker::Result ColumnMaker::first_column(const Snapshot& next) {
  auto first = std::make_shared<ColumnResult>();
  first->model = next.model;
  first->baseline = next.baseline;
  first->run = next.edited;
  add_costs(*first);
  add_prediction(*first, *next.edited);
  return first;
}

ColumnMaker::Result ColumnMaker::beside(const Request& first, const Column& column,
                                        const ColumnResult* before, const Snapshot& next) {
  auto result = std::make_shared<ColumnResult>();
  result->column = column;
  try {
    result->model = next.model;
    result->baseline = next.baseline;
    const bool other_model = column.model && *column.model != first.model;
    if (other_model) result->model = opened(*column.model);
    const Model& model = *result->model;
    if (other_model || (column.text && *column.text != first.text)) {
      const Request request = column_request(first, column);
      std::string notice;
      const InputOptions options{request.text, request.ids, request.target, request.target_ids};
      const Input input =
          model.recorded ? recorded_input(*model.recorded) : whole_input(model, options, notice);
      const Trace* known = before && before->model == result->model ? before->baseline.get() : nullptr;
      result->baseline = known && known->input() == input
                             ? before->baseline
                             : hooks_.pass(model, input, {}, known, "baseline");
    }
    Edits edits;
    if (!model.recorded) edits = column_edits(column, model.config);
    check(edits, model.config);
    if (before && before->run && before->model == result->model &&
        before->baseline == result->baseline && before->run->edits() == edits) {
      *result = *before;
      result->column = column;
      result->error.clear();
      return result;
    }
    result->run = result->baseline;
    if (!edits.empty()) {
      const Trace* earlier = result->baseline.get();
      if (before && before->run && before->baseline == result->baseline &&
          first_difference(edits, before->run->edits(), model.config) >=
              first_difference(edits, {}, model.config)) {
        earlier = before->run.get();
      }
      result->run = hooks_.pass(model, result->baseline->input(), edits, earlier, "column");
    }
    add_costs(*result);
  } catch (const LoadStopped&) {
    throw;
  } catch (const std::bad_alloc&) {
    result->run = nullptr;
    result->error = "There is not enough memory for this column.";
  } catch (const std::exception& error) {
    result->run = nullptr;
    result->error = as_sentence(plain_sentence(error));
  }
  return result;
}

std::shared_ptr<const Model> ColumnMaker::opened(const std::string& name) {
  std::shared_ptr<const Model>& model = models_[name];
  if (model == nullptr) {
    const std::filesystem::path path = model_path(name);
    hooks_.report("loading " + path.filename().string());
    model = std::make_shared<const Model>(load_model(path));
  }
  return model;
}

// Of every head; heads with the same rule share the work.
void ColumnMaker::add_costs(ColumnResult& result) {
  const ModelConfig& config = result.model->config;
  if (result.model->recorded) return;
  for (AttentionKind kind : config.kinds()) {
    for (int layer = 0; layer < config.layers_of(kind); ++layer) {
      for (int head = 0; head < config.heads_of(kind); ++head) {
        const HeadId id{layer, head, kind};
        const HeadRule rule = head_rule(*result.model, result.run->edits(), id);
        const std::string key = (rule.mask ? to_string(*rule.mask) : "") + "|" +
                                (rule.built_in ? to_string(*rule.built_in) : "") + "|" +
                                std::to_string(rule.window) + "|" + std::to_string(rule.pool) + "|" +
                                std::to_string(rule.causal) + "|" +
                                std::to_string(config.d_head_of(kind));
        std::vector<MaskCost>& costs = costs_[key];
        if (costs.empty()) costs = mask_costs(*result.model, result.run->edits(), id);
        result.costs[id] = costs;
      }
    }
  }
}

void ColumnMaker::add_prediction(ColumnResult& result, const Trace& first) {
  // The mean takes every position's logits: not where that would be felt.
  constexpr double most = 2e8;
  const ModelConfig& config = result.model->config;
  const double work = static_cast<double>(result.run->size()) * config.vocabulary * config.d_model;
  result.prediction = measure_prediction(*result.run, first, {.mean = work <= most});
}

void ColumnMaker::clear() {
  models_.clear();
  costs_.clear();
}

}  // namespace headlight
