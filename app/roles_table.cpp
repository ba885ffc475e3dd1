#include "roles_table.h"

#include <algorithm>
#include <charconv>
#include <cstdio>
#include <map>
#include <nlohmann/json.hpp>
#include <vector>

#include "role_measures.h"

namespace headlight {
namespace {

using Json = nlohmann::ordered_json;
using Row = std::vector<std::string>;

constexpr std::size_t heads_shown = 5;  // Of each relation of dumps.
constexpr std::int64_t enough_links = 20;  // Fewer leave an interval of half of all scores.

// Columns as wide as their widest cell, the first `left` of them flush left.
std::string table(const std::vector<Row>& rows, std::size_t left) {
  std::vector<std::size_t> widths;
  for (const Row& row : rows) {
    widths.resize(std::max(widths.size(), row.size()));
    for (std::size_t i = 0; i < row.size(); ++i) widths[i] = std::max(widths[i], row[i].size());
  }
  std::string text;
  for (const Row& row : rows) {
    std::string line;
    for (std::size_t i = 0; i < row.size(); ++i) {
      const std::string spaces(widths[i] - row[i].size(), ' ');
      line += (i == 0 ? "" : "  ") + (i < left ? row[i] + spaces : spaces + row[i]);
    }
    line.erase(line.find_last_not_of(' ') + 1);
    text += line + '\n';
  }
  return text;
}

std::string two_decimals(double value) {
  char digits[32];
  std::snprintf(digits, sizeof digits, "%.2f", value);
  return std::string_view(digits) == "-0.00" ? "0.00" : digits;
}

std::string range(const Interval& interval) {
  return two_decimals(interval.low) + " - " + two_decimals(interval.high);
}

// The shortest digits that read back as the same number.
std::string shortest(double value) {
  char digits[32];
  return {digits, std::to_chars(digits, digits + sizeof digits, value).ptr};
}

std::string csv_line(const Row& fields) {
  std::string line;
  for (std::size_t i = 0; i < fields.size(); ++i) line += (i == 0 ? "" : ",") + fields[i];
  return line + "\r\n";
}

const char* looker(LinkDirection direction) {
  return direction == LinkDirection::dependent_looks ? "dependent looks" : "governor looks";
}

std::string direction_of(const RoleScore& score) {
  return score.kind == RoleKind::syntactic ? looker(score.direction) : "";
}

// TransformerLens' three, as `format` writes numbers.
template <typename Format>
Row detector_cells(const HeadRoles& head, Format format) {
  if (!head.detector) return {"", "", ""};
  return {format(head.detector->previous_token), format(head.detector->duplicate_token),
          format(head.detector->induction)};
}

// What a head's margin over the best offset is worth.
std::string margin_note(const LinkScore& figures) {
  if (figures.n < enough_links) return "few links";
  return figures.score - figures.baseline < margin ? "near the offset" : "";
}

}  // namespace

std::string roles_text(const RoleReport& report, const Model& model, const std::string& texts) {
  std::vector<Row> rows = {
      {"head", "role", "", "shape", "score", "needed", "baseline", "n", "95 % interval", "sink",
       "prev", "dupl", "induct"}};
  std::size_t classified = 0, detected = 0, pruned = 0;
  for (const HeadRoles& head : report.heads) {
    std::string name = to_string(head.head);
    std::string shape(shape_name(head.shape));
    const std::size_t before = rows.size();
    Row detector = detector_cells(head, two_decimals);
    detected += head.detector.has_value();
    pruned += head.pruned;
    const char* gone = head.pruned ? " (pruned)" : "";
    for (const RoleScore& score : head.scores) {
      if (!score.holds) continue;
      rows.push_back({name, role_name(score) + gone, direction_of(score), shape,
                      two_decimals(score.score),
                      (score.kind == RoleKind::local ? "<= " : ">= ") + two_decimals(score.threshold),
                      two_decimals(score.baseline), std::to_string(score.n), range(score.interval),
                      two_decimals(score.sink_share)});
      rows.back().insert(rows.back().end(), detector.begin(), detector.end());
      detector.clear();  // Of the head, not of the role
      name.clear();
      shape.clear();
    }
    if (rows.size() != before) {
      ++classified;
      continue;
    }
    rows.push_back({name, std::string("unclassified") + gone, "", shape, "", "", "", "", "",
                    two_decimals(head.stats.sink_share)});
    rows.back().insert(rows.back().end(), detector.begin(), detector.end());
  }
  std::string notes;
  if (detected > 0)
    notes += "\nprev, dupl, induct: TransformerLens' head detector for previous, duplicate and "
             "induction heads (error_measure mul, nothing\nexcluded) on random tokens said twice\n";
  else
    for (Row& row : rows) row.resize(std::min<std::size_t>(row.size(), 10));
  if (pruned > 0)
    notes += "\npruned: the head's rows of W_O are all 0, so nothing comes of what it looks at\n";
  return model.name + ": " + std::to_string(classified) + " of " +
         std::to_string(report.heads.size()) + " heads have a role (battery " +
         std::to_string(report.battery) + texts + ")\n\n" + table(rows, 4) + notes;
}

std::string roles_csv(const RoleReport& report) {
  std::string csv = csv_line({"kind", "layer", "head", "role", "holds", "direction", "score",
                              "threshold", "baseline", "n", "low", "high", "sink_share",
                              "previous_token_head", "duplicate_token_head", "induction_head",
                              "output"});
  for (const HeadRoles& head : report.heads) {
    const Row detector = detector_cells(head, shortest);
    for (const RoleScore& score : head.scores)
      csv += csv_line({to_string(head.head.kind), std::to_string(head.head.layer),
                       std::to_string(head.head.head), role_name(score),
                       score.holds ? "true" : "false", direction_of(score), shortest(score.score),
                       shortest(score.threshold), shortest(score.baseline), std::to_string(score.n),
                       shortest(score.interval.low), shortest(score.interval.high),
                       shortest(score.sink_share), detector[0], detector[1], detector[2],
                       head.pruned ? "zero" : ""});
  }
  return csv;
}

std::string dumps_text(const DumpScoring& dumps) {
  std::vector<RelationScore> relations = dumps.relations();
  std::stable_sort(
      relations.begin(), relations.end(), [](const RelationScore& a, const RelationScore& b) {
        if (a.relation != b.relation) return a.relation < b.relation;
        return a.figures.score - a.figures.baseline > b.figures.score - b.figures.baseline;
      });
  std::vector<Row> rows = {
      {"relation", "head", "direction", "score", "best offset", "n", "95 % interval", "sink", ""}};
  std::map<Relation, std::size_t> shown;
  for (const RelationScore& one : relations) {
    const bool above = one.figures.score > one.figures.baseline;
    if (!above && shown[one.relation] > 0) continue;
    if (++shown[one.relation] > heads_shown) continue;
    const std::string offset =
        (one.figures.baseline_offset > 0 ? "+" : "") + std::to_string(one.figures.baseline_offset);
    rows.push_back({shown[one.relation] == 1 ? std::string(relation_name(one.relation)) : "",
                    to_string(one.head), looker(one.direction), two_decimals(one.figures.score),
                    two_decimals(one.figures.baseline) + " at " + offset,
                    std::to_string(one.figures.n), range(one.figures.interval),
                    two_decimals(one.figures.sink_share),
                    above ? margin_note(one.figures) : "none is above the offset"});
  }
  return std::to_string(dumps.sentences()) + " sentences, " + std::to_string(dumps.layers()) +
         " x " + std::to_string(dumps.heads()) + " heads; of each relation the heads farthest above the best fixed offset, " +
         std::to_string(heads_shown) + " at most\n(near the offset: less than " +
         two_decimals(margin) + " above it; few links: fewer than " +
         std::to_string(enough_links) + "; neither is taken for a role)\n\n" + table(rows, 3);
}

std::string dumps_csv(const DumpScoring& dumps) {
  std::string csv = csv_line({"relation", "layer", "head", "direction", "score", "baseline",
                              "baseline_offset", "n", "low", "high", "sink_share"});
  for (const RelationScore& one : dumps.relations())
    csv +=
        csv_line({std::string(relation_name(one.relation)), std::to_string(one.head.layer),
                  std::to_string(one.head.head), looker(one.direction), shortest(one.figures.score),
                  shortest(one.figures.baseline), std::to_string(one.figures.baseline_offset),
                  std::to_string(one.figures.n), shortest(one.figures.interval.low),
                  shortest(one.figures.interval.high), shortest(one.figures.sink_share)});
  return csv;
}

std::string dumps_json(const DumpScoring& dumps) {
  Json relations = Json::array(), skipped = Json::array();
  for (const RelationScore& one : dumps.relations())
    relations.push_back({{"relation", relation_name(one.relation)},
                         {"layer", one.head.layer},
                         {"head", one.head.head},
                         {"direction", looker(one.direction)},
                         {"score", one.figures.score},
                         {"baseline", one.figures.baseline},
                         {"baseline_offset", one.figures.baseline_offset},
                         {"n", one.figures.n},
                         {"interval", {one.figures.interval.low, one.figures.interval.high}},
                         {"sink_share", one.figures.sink_share}});
  for (const DumpScoring::Skipped& one : dumps.skipped())
    skipped.push_back({{"file", one.file}, {"why", one.why}});
  const Json json = {{"sentences", dumps.sentences()},   {"layers", dumps.layers()},
                     {"heads_per_layer", dumps.heads()}, {"minimum_mass", minimum_word_mass},
                     {"relations", relations},           {"skipped", skipped}};
  return json.dump(1, ' ', false, Json::error_handler_t::replace) + '\n';
}

}  // namespace headlight
