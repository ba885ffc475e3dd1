#include "lesson_measure.h"

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <xtensor/xtensor.hpp>

#include "role.h"

namespace headlight {
namespace {

Measured number(double value, const char* format = nullptr) {
  char text[48];
  std::snprintf(text, sizeof text, format != nullptr ? format : std::fabs(value) < 0.1 ? "%.3f" : "%.2f",
                value);
  return {text, value};
}

Measured count(std::size_t value) { return number(static_cast<double>(value), "%.0f"); }

bool has_role(const HeadRoles& head, const std::string& name) {
  return std::any_of(head.scores.begin(), head.scores.end(), [&](const RoleScore& score) {
    return score.holds && role_name(score) == name;
  });
}

std::vector<HeadId> heads_with(const Snapshot& snapshot, const std::string& role) {
  if (!snapshot.roles) throw NotYet();
  std::vector<HeadId> ids;
  for (const HeadRoles& head : snapshot.roles->heads) {
    if (has_role(head, role)) ids.push_back(head.head);
  }
  if (ids.empty()) throw std::invalid_argument("no head of the model has the role \"" + role + "\"");
  return ids;
}

const HeadStats& stats_of(const Snapshot& snapshot, bool baseline, HeadId id) {
  const SummariesByKind& all = baseline ? *snapshot.baseline_heads : *snapshot.edited_heads;
  const int heads = snapshot.model->config.heads_of(id.kind);
  return all.at(id.kind).stats.at(static_cast<std::size_t>(id.layer * heads + id.head));
}

}  // namespace

const Snapshot& answer_of(const Situation& situation) {
  if (situation.snapshot == nullptr || !situation.snapshot->has_pictures()) throw NotYet();
  return *situation.snapshot;
}

std::vector<HeadId> heads_of(const Situation& situation, const std::string& heads) {
  const ModelConfig& config = answer_of(situation).model->config;
  try {
    return parse_heads(heads, config);
  } catch (const std::invalid_argument& error) {
    const std::string what = error.what();  // "[parse_heads] why"
    const std::size_t end = what.find("] ");
    throw std::invalid_argument(end == what.npos ? what : what.substr(end + 2));
  }
}

Measure Measure::read(Phrase& phrase) {
  Measure m;
  m.baseline_ = phrase.take("baseline");
  const auto in_head = [&] {
    phrase.expect("in");
    m.head_ = phrase.head();
  };
  const auto pair = [&](Kind kind) {
    m.kind_ = kind;
    m.query_ = phrase.token();
    phrase.expect("to");
    m.key_ = phrase.token();
    in_head();
  };
  const auto of_head = [&](Kind kind) {
    m.kind_ = kind;
    m.head_ = phrase.head();
  };
  if (phrase.take("weight of")) {
    pair(Kind::weight);
  } else if (phrase.take("score of")) {
    pair(Kind::score);
  } else if (phrase.take("strongest key of")) {
    m.kind_ = Kind::strongest_key;
    m.query_ = phrase.token();
    in_head();
  } else if (phrase.take("strongest query of")) {
    m.kind_ = Kind::strongest_query;
    m.key_ = phrase.token();
    in_head();
  } else if (phrase.take("entropy of")) {
    of_head(Kind::entropy);
  } else if (phrase.take("distance of")) {
    of_head(Kind::distance);
  } else if (phrase.take("maximum of")) {
    of_head(Kind::maximum);
  } else if (phrase.take("sink share of")) {
    of_head(Kind::sink_share);
  } else if (phrase.take("probability of")) {
    m.kind_ = Kind::probability;
    m.name_ = phrase.quoted();
  } else if (phrase.take("prediction of column")) {
    m.kind_ = Kind::column_prediction;
    const int column = phrase.whole_number();
    if (column < 1 || column > 4) throw std::invalid_argument("columns are counted from 1 to 4");
    m.column_ = static_cast<std::size_t>(column - 1);
  } else if (phrase.take("prediction")) {
    m.kind_ = Kind::prediction;
  } else if (phrase.take("change of prediction")) {
    m.kind_ = Kind::change;
  } else if (phrase.take("token")) {
    m.kind_ = Kind::token;
    m.key_ = phrase.token();
  } else if (phrase.take("size of head")) {
    m.kind_ = Kind::head_size;
  } else if (phrase.take("size of model")) {
    m.kind_ = Kind::model_size;
  } else if (phrase.take("count of tokens")) {
    m.kind_ = Kind::tokens;
  } else if (phrase.take("count of layers")) {
    m.kind_ = Kind::layers;
  } else if (phrase.take("count of heads with role")) {
    m.kind_ = Kind::count_of;
    m.name_ = phrase.quoted();
  } else if (phrase.take("count of heads")) {
    m.kind_ = Kind::heads;
  } else if (phrase.take("heads with role")) {
    m.kind_ = Kind::heads_with;
    m.name_ = phrase.quoted();
  } else {
    throw std::invalid_argument("\"" + std::string(phrase.left().substr(0, 40)) +
                                "\" is nothing that can be measured (see assets/lessons/README.md)");
  }
  return m;
}

Measured Measure::of(const Situation& situation) const {
  const Snapshot& snapshot = answer_of(situation);
  const Trace& trace = baseline_ ? *snapshot.baseline : *snapshot.edited;
  const ModelConfig& config = snapshot.model->config;
  if (!config.has(head_)) throw std::invalid_argument("the model has no head " + to_string(head_));
  const std::vector<Token>& queries = trace.query_tokens(head_.kind);
  const std::vector<Token>& keys = trace.key_tokens(head_.kind);
  const auto text_of = [](const Token& token) { return Measured{plain_token(token), {}}; };
  switch (kind_) {
    case Kind::weight:
      return number(trace.weights(head_)(query_.among(queries), key_.among(keys)));
    case Kind::score:
      return number(trace.score(head_, {query_.among(queries), key_.among(keys)}), "%.2f");
    case Kind::strongest_key: {
      const xt::xtensor<float, 2> weights = trace.weights(head_);
      const int query = query_.among(queries);
      int best = 0;
      for (int key = 1; key < static_cast<int>(keys.size()); ++key) {
        if (weights(query, key) > weights(query, best)) best = key;
      }
      return text_of(keys[static_cast<std::size_t>(best)]);
    }
    case Kind::strongest_query: {
      const xt::xtensor<float, 2> weights = trace.weights(head_);
      const int key = key_.among(keys);
      int best = 0;
      for (int query = 1; query < static_cast<int>(queries.size()); ++query) {
        if (weights(query, key) > weights(best, key)) best = query;
      }
      return text_of(queries[static_cast<std::size_t>(best)]);
    }
    case Kind::entropy:
      return number(stats_of(snapshot, baseline_, head_).entropy, "%.2f");
    case Kind::distance:
      return number(stats_of(snapshot, baseline_, head_).distance, "%.1f");
    case Kind::maximum:
      return number(stats_of(snapshot, baseline_, head_).maximum, "%.2f");
    case Kind::sink_share:
      return number(stats_of(snapshot, baseline_, head_).sink_share, "%.2f");
    case Kind::prediction: {
      if (snapshot.prediction.rows.empty()) throw std::invalid_argument("the model predicts nothing");
      const auto probability = [&](const PredictionView::Row& row) {
        return baseline_ ? row.before : row.after;
      };
      const auto& best = *std::max_element(
          snapshot.prediction.rows.begin(), snapshot.prediction.rows.end(),
          [&](const auto& a, const auto& b) { return probability(a) < probability(b); });
      return {std::string(trimmed(best.text)), {}};
    }
    case Kind::column_prediction: {
      if (snapshot.columns.size() <= column_ || !snapshot.columns[column_]) throw NotYet();
      const ColumnResult& column = *snapshot.columns[column_];
      if (!column.run) throw std::invalid_argument("column " + std::to_string(column_ + 1) + ": " + column.error);
      const std::vector<float> logits = column.run->logits(column.run->size() - 1);
      const auto best = std::max_element(logits.begin(), logits.end());
      return text_of(column.model->tokenizer->token(static_cast<int>(best - logits.begin())));
    }
    case Kind::probability:
      for (const PredictionView::Row& row : snapshot.prediction.rows) {
        if (trimmed(row.text) == name_) return number(baseline_ ? row.before : row.after);
      }
      throw std::invalid_argument("\"" + name_ + "\" is not among the eight most probable next tokens");
    case Kind::change:
      return number(snapshot.prediction.kl);
    case Kind::token:
      return text_of(keys[static_cast<std::size_t>(key_.among(keys))]);
    case Kind::tokens:
      return count(trace.tokens().size());
    case Kind::layers:
      return number(config.layers_of(situation.state.selection.head.kind), "%.0f");
    case Kind::heads:
      return number(config.heads_of(situation.state.selection.head.kind), "%.0f");
    case Kind::head_size:
      return number(config.d_head, "%.0f");
    case Kind::model_size:
      return number(config.d_model, "%.0f");
    case Kind::count_of:
      return count(heads_with(snapshot, name_).size());
    case Kind::heads_with: {
      std::string names;
      for (HeadId id : heads_with(snapshot, name_)) names += (names.empty() ? "" : ", ") + to_string(id);
      return {names, {}};
    }
  }
  throw std::logic_error("[Measure] unknown kind");
}

}  // namespace headlight
