#include "comparison_table.h"

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <functional>

#include "figure_metadata.h"
#include "figure_words.h"
#include "session.h"
#include "table.h"
#include "token_label.h"

namespace headlight {
namespace {

std::string printed(const char* format, double value) {
  char digits[48];
  std::snprintf(digits, sizeof digits, format, value);
  return digits;
}

// Three digits, and a power that keeps small numbers apart from zero.
std::string nats(double value) {
  if (value == 0.0) return "0";
  if (value != 0.0 && std::fabs(value) < 0.0005) return printed("%.0e", value);
  return printed(std::fabs(value) < 0.1 ? "%.4f" : "%.3f", value);
}

std::string scaled(double number, const char* unit) {
  static constexpr const char* powers[] = {"", "k", "M", "G", "T", "P"};
  int power = 0;
  while (number >= 999.5 && power < 5) {
    number /= 1000.0;
    ++power;
  }
  const char* format = number >= 99.95 || (power == 0 && number == std::floor(number)) ? "%.0f"
                       : number >= 9.995                                               ? "%.0f"
                                                                                       : "%.1f";
  const std::string ending = std::string(powers[power]) + unit;
  return printed(format, number) + (ending.empty() ? "" : " " + ending);
}

std::string thousands(int tokens) { return std::to_string(tokens / 1024) + "k"; }

std::string exact(double value) { return printed("%.9g", value); }

std::string csv_field(const std::string& text) {
  std::string quoted = "\"";
  for (char c : text) quoted += c == '"' ? "\"\"" : std::string(1, c);
  return quoted + "\"";
}

std::string costs_json(const std::vector<MaskCost>& costs) {
  std::string json;
  for (const MaskCost& cost : costs) {
    json += (json.empty() ? "" : ",") + std::string("{\"tokens\":") + std::to_string(cost.tokens) +
            ",\"cells\":" + std::to_string(cost.cells) +
            ",\"full_cells\":" + std::to_string(cost.full_cells) +
            ",\"multiplications\":" + printed("%.17g", cost.multiplications) +
            ",\"full_multiplications\":" + printed("%.17g", cost.full_multiplications) +
            ",\"bytes\":" + printed("%.17g", cost.bytes) +
            ",\"dense_bytes\":" + printed("%.17g", cost.dense_bytes) + "}";
  }
  return "[" + json + "]";
}

std::string prediction_json(const ComparedColumn& column) {
  const PredictionMeasures& said = column.prediction;
  std::string top;
  const auto words = predicted_words(column, said.top.size());
  for (std::size_t i = 0; i < said.top.size(); ++i) {
    top += (i ? "," : "") + std::string("{\"id\":") + std::to_string(said.top[i].id) +
           ",\"token\":" + json_string(words[i].first) +
           ",\"probability\":" + exact(said.top[i].probability) + "}";
  }
  return "{\"position\":" + std::to_string(said.position) +
         (said.kl ? ",\"kl\":" + exact(*said.kl) : "") + ",\"top\":[" + top + "]}";
}

std::string weights_json(const ComparedColumn& column) {
  const auto keys = static_cast<std::size_t>(column.run->keys(column.head.kind));
  const MapValues map = column_map(column, {});
  std::string json;
  for (std::size_t i = 0; i < map.values.size(); ++i) {
    json += i % keys == 0 ? (i ? "],[" : "[") : ",";
    append_number(json, map.values[i]);
  }
  return "[" + json + "]]";
}

std::string field_json(const ReceptiveField& field) {
  std::string depth;
  for (int layers : field.depth) depth += (depth.empty() ? "" : ",") + std::to_string(layers);
  return "{\"position\":" + std::to_string(field.position) +
         ",\"layers\":" + std::to_string(field.layers) +
         ",\"reached\":" + std::to_string(field.reached()) + ",\"depth\":[" + depth + "]}";
}

std::string column_json(const ComparedColumn& column) {
  const HeadMeasures& of = column.of_head;
  const std::string title = column_title(*column.run, column.head);
  std::string json = "{\"mask\":" + json_string(title == "no mask" ? "none" : title) +
                     ",\"model\":" + json_string(column.model->name) +
                     ",\"text\":" + json_string(text_of(*column.run, column.head.kind)) +
                     ",\"tokens\":" + json_texts(column.run->query_tokens(column.head.kind)) +
                     ",\"head\":" + json_string(head_name(column.model->config, column.head)) +
                     ",\"edits\":" + edits_json(column.run->edits());
  const auto number = [&](const char* name, double value) {
    json += std::string(",\n  \"") + name + "\":" + exact(value);
  };
  if (column.prediction.mean_kl) number("kl", *column.prediction.mean_kl);
  number("weight_removed", of.weight_removed);
  number("entropy", of.stats.entropy);
  number("mean_distance", of.stats.distance);
  number("maximum", of.stats.maximum);
  number("sink_share", of.stats.sink_share);
  json += ",\n  \"cells\":" + std::to_string(of.cells) +
          ",\"full_cells\":" + std::to_string(of.full_cells) +
          ",\"all_cells\":" + std::to_string(of.all_cells);
  if (column.loss) number("loss", *column.loss);
  if (column.prediction.position >= 0) json += ",\n  \"prediction\":" + prediction_json(column);
  return json + ",\n  \"costs\":" + costs_json(column.costs) +
         ",\n  \"receptive_field\":" + field_json(column.field) +
         ",\n  \"weights\":" + weights_json(column) + "}";
}

}  // namespace

std::string short_count(double number) { return scaled(number, ""); }
std::string short_bytes(double bytes) { return scaled(bytes, "B"); }

std::vector<std::pair<std::string, float>> predicted_words(const ComparedColumn& column,
                                                           std::size_t most) {
  std::vector<std::pair<std::string, float>> words;
  const Tokenizer* tokenizer = column.model->tokenizer_of(AttentionKind::self);
  for (const Candidate& candidate : column.prediction.top) {
    if (words.size() == most) break;
    const bool named = tokenizer != nullptr && candidate.id < tokenizer->size();
    words.emplace_back(
        named ? tokenizer->token(candidate.id).text : std::to_string(candidate.id),
        candidate.probability);
  }
  return words;
}

std::vector<ComparisonRow> comparison_rows(const std::vector<ComparedColumn>& columns) {
  std::vector<ComparisonRow> rows;
  const auto add = [&](std::string name, std::string meaning,
                       const std::function<std::string(const ComparedColumn&)>& value) {
    ComparisonRow row{std::move(name), {}, std::move(meaning)};
    bool any = false;
    for (const ComparedColumn& column : columns) {
      row.values.push_back(value(column));
      any = any || !row.values.back().empty();
    }
    if (any) rows.push_back(std::move(row));
  };
  add("weight taken away",
      "Weight that the head, without edits, puts on the cells that are masked here; mean over the "
      "queries.",
      [](const ComparedColumn& c) { return printed("%.1f %%", 100.0 * c.of_head.weight_removed); });
  add("entropy, nats", "Of a row's weights, mean over the queries: 0 looks at one token only.",
      [](const ComparedColumn& c) { return printed("%.2f", c.of_head.stats.entropy); });
  add("mean distance, tokens", "Weighted mean of |query - key|.",
      [](const ComparedColumn& c) { return printed("%.2f", c.of_head.stats.distance); });
  add("largest weight", "Of a row, mean over the queries.",
      [](const ComparedColumn& c) { return printed("%.2f", c.of_head.stats.maximum); });
  add("KL here, nats",
      "KL(first column || this one) of the prediction shown. 0: the mask changes nothing.",
      [](const ComparedColumn& c) { return c.prediction.kl ? nats(*c.prediction.kl) : ""; });
  add("KL, mean, nats", "The same as a mean over all positions of the text.",
      [](const ComparedColumn& c) {
        return c.prediction.mean_kl ? nats(*c.prediction.mean_kl) : "";
      });
  add("loss on the battery", "Nats per predicted token on the built-in texts.",
      [](const ComparedColumn& c) { return c.loss ? printed("%.3f", *c.loss) : ""; });
  add("cells computed", "Pairs that this head scores, of those without a mask, on this text.",
      [](const ComparedColumn& c) {
        return std::to_string(c.of_head.cells) + " of " + std::to_string(c.of_head.full_cells);
      });
  add("of n\u00B2", "The same as a share of all pairs of tokens.", [](const ComparedColumn& c) {
    return printed("%.0f %%", 100.0 * static_cast<double>(c.of_head.cells) /
                                  static_cast<double>(std::max<std::int64_t>(c.of_head.all_cells, 1)));
  });
  for (std::size_t i = 0; i < comparison_lengths.size(); ++i) {
    add("weights at " + thousands(comparison_lengths[i]) + " tokens",
        "Memory of one head's weights, 4 bytes for each cell that is computed.",
        [i](const ComparedColumn& c) {
          return c.costs.size() > i ? short_bytes(c.costs[i].bytes) : "";
        });
  }
  for (std::size_t i = 0; i < comparison_lengths.size(); ++i) {
    add("multiplications at " + thousands(comparison_lengths[i]),
        "Of one head: 2 \u00D7 cells \u00D7 d_head, for the scores and for the sum of the values.",
        [i](const ComparedColumn& c) {
          return c.costs.size() > i ? short_count(c.costs[i].multiplications) : "";
        });
  }
  add("receptive field", "Tokens that can reach this one at all through the masks of all layers.",
      [](const ComparedColumn& c) {
        if (c.field.depth.empty()) return std::string();
        return std::to_string(c.field.reached()) + " of " + std::to_string(c.field.depth.size());
      });
  return rows;
}

std::string comparison_csv(const std::vector<ComparedColumn>& columns) {
  std::string csv =
      "column,mask,model,text,head,kl,kl_here,weight_removed,entropy,mean_distance,maximum,"
      "sink_share,cells,full_cells,all_cells,loss,reached";
  for (int tokens : comparison_lengths) {
    const std::string at = "_" + std::to_string(tokens);
    csv += ",cells" + at + ",bytes" + at + ",multiplications" + at;
  }
  csv += "\r\n";
  const auto optional = [](const std::optional<double>& value) {
    return value ? exact(*value) : std::string();
  };
  for (std::size_t i = 0; i < columns.size(); ++i) {
    const ComparedColumn& c = columns[i];
    const HeadMeasures& of = c.of_head;
    const std::string title = column_title(*c.run, c.head);
    std::vector<std::string> fields = {
        std::to_string(i), csv_field(title == "no mask" ? "none" : title),
        csv_field(c.model->name), csv_field(text_of(*c.run, c.head.kind)),
        csv_field(head_name(c.model->config, c.head)), optional(c.prediction.mean_kl),
        optional(c.prediction.kl), exact(of.weight_removed), exact(of.stats.entropy),
        exact(of.stats.distance), exact(of.stats.maximum), exact(of.stats.sink_share),
        std::to_string(of.cells), std::to_string(of.full_cells), std::to_string(of.all_cells),
        optional(c.loss), std::to_string(c.field.reached())};
    for (std::size_t n = 0; n < comparison_lengths.size(); ++n) {
      const bool has = n < c.costs.size();
      fields.push_back(has ? std::to_string(c.costs[n].cells) : "");
      fields.push_back(has ? printed("%.17g", c.costs[n].bytes) : "");
      fields.push_back(has ? printed("%.17g", c.costs[n].multiplications) : "");
    }
    for (std::size_t field = 0; field < fields.size(); ++field)
      csv += (field ? "," : "") + fields[field];
    csv += "\r\n";
  }
  return csv;
}

std::string comparison_json(const std::vector<ComparedColumn>& columns) {
  std::string json = "{\"columns\":[";
  for (std::size_t i = 0; i < columns.size(); ++i)
    json += (i ? ",\n " : "\n ") + column_json(columns[i]);
  return json + "]}\n";
}

}  // namespace headlight
