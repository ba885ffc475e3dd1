#include "role_report.h"

#include <charconv>
#include <cmath>
#include <nlohmann/json.hpp>

#include "head_detector.h"
#include "json_file.h"
#include "json_node.h"

namespace headlight {
namespace {

constexpr int largest_layer = 1 << 16;  // Far above any model; HeadId takes ints.

// The shortest decimal that is this float, so that 0.3f is written 0.3.
double short_double(float value) {
  char digits[32];
  const auto end = std::to_chars(digits, digits + sizeof digits, value).ptr;
  double number = 0.0;
  std::from_chars(digits, end, number);
  return number;
}

std::string direction_name(LinkDirection direction) {
  return direction == LinkDirection::dependent_looks ? "dependent looks" : "governor looks";
}

nlohmann::ordered_json json_of(const RoleScore& score, bool pruned) {
  nlohmann::ordered_json json = {{"role", role_name(score)}};
  if (score.kind == RoleKind::syntactic) {
    json["relation"] = relation_name(*score.relation);
    json["direction"] = direction_name(score.direction);
  }
  if (score.kind == RoleKind::positional) json["offset"] = score.offset;
  if (score.kind == RoleKind::sink) json["at"] = score.offset == 1 ? "separator" : "first token";
  json["score"] = score.score;
  json["threshold"] = score.threshold;
  json["baseline"] = score.baseline;
  json["n"] = score.n;
  json["interval"] = {score.interval.low, score.interval.high};
  json["sink_share"] = score.sink_share;
  json["measured"] = measured(score) + (pruned ? " " + std::string(pruned_note) : "");
  return json;
}

double number_of(const JsonNode& node) {
  if (!node.json().is_number()) node.refuse("expected a number");
  const double value = node.json().get<double>();
  if (!std::isfinite(value)) node.refuse("expected a finite number");
  return value;
}

float float_of(const JsonNode& node) {
  const double value = number_of(node);
  if (std::abs(value) > 1e30) node.refuse("expected a smaller number");
  return static_cast<float>(value);
}

int whole_of(const JsonNode& node, int least, int most) {
  const auto refuse = [&] {
    node.refuse("expected a whole number from " + std::to_string(least) + " to " +
                std::to_string(most));
  };
  if (!node.json().is_number_integer()) refuse();
  // An unsigned number beyond 2^63 would become a negative one.
  const double value = node.json().get<double>();
  if (value < least || value > most) refuse();
  return static_cast<int>(value);
}

std::int64_t cases_of(const JsonNode& n) {
  if (!n.json().is_number_unsigned() || n.json().get<std::uint64_t>() > (1ull << 53)) {
    n.refuse("expected a number of cases");
  }
  return n.json().get<std::int64_t>();
}

std::optional<Relation> relation_of(const std::string& name) {
  for (const Relation relation : relations) {
    if (relation_name(relation) == name) return relation;
  }
  return std::nullopt;
}

RoleScore score_of(const JsonNode& node, bool holds) {
  RoleScore score;
  score.holds = holds;
  const std::string role = node.text("role");
  if (node.has("relation")) {
    score.kind = RoleKind::syntactic;
    score.relation = relation_of(node.text("relation"));
    if (!score.relation) node.at("relation").refuse("no such relation");
    const std::string direction = node.text("direction");
    if (direction == direction_name(LinkDirection::governor_looks)) {
      score.direction = LinkDirection::governor_looks;
    } else if (direction != direction_name(LinkDirection::dependent_looks)) {
      node.at("direction").refuse("no such direction");
    }
  } else if (node.has("offset")) {
    score.kind = RoleKind::positional;
    score.offset = whole_of(node.at("offset"), -largest_layer, largest_layer);
  } else {
    constexpr RoleKind plain[] = {
        RoleKind::local,       RoleKind::long_range,      RoleKind::broad,
        RoleKind::sink,        RoleKind::duplicate_token, RoleKind::induction,
        RoleKind::coreference, RoleKind::rare_token,      RoleKind::semantic};
    bool known = false;
    for (const RoleKind kind : plain) {
      score.kind = kind;
      if ((known = role_name(score) == role)) break;
    }
    if (!known) node.at("role").refuse("no such role");
    if (score.kind == RoleKind::sink && node.text("at", "first token") == "separator") {
      score.offset = 1;
    }
  }
  if (role_name(score) != role) node.at("role").refuse("does not agree with what stands beside it");
  score.score = number_of(node.at("score"));
  score.threshold = number_of(node.at("threshold"));
  score.baseline = number_of(node.at("baseline"));
  score.n = cases_of(node.at("n"));
  const std::vector<JsonNode> interval = node.list("interval");
  if (interval.size() != 2) node.at("interval").refuse("expected two numbers");
  score.interval = {number_of(interval[0]), number_of(interval[1])};
  score.sink_share = number_of(node.at("sink_share"));
  return score;
}

Shape shape_of(const JsonNode& node) {
  for (const Shape shape :
       {Shape::vertical, Shape::diagonal, Shape::vertical_diagonal, Shape::block, Shape::mixed}) {
    if (shape_name(shape) == node.text()) return shape;
  }
  node.refuse("no such shape");
}

HeadRoles head_of(const JsonNode& node) {
  HeadRoles roles;
  roles.head.layer = whole_of(node.at("layer"), 0, largest_layer);
  roles.head.head = whole_of(node.at("head"), 0, largest_layer);
  if (node.has("kind")) {
    try {
      roles.head.kind = parse_attention_kind(node.text("kind"));
    } catch (const std::invalid_argument&) {
      node.at("kind").refuse("no such kind of attention");
    }
  }
  for (const JsonNode& score : node.list("roles")) roles.scores.push_back(score_of(score, true));
  for (const JsonNode& score : node.list("measured")) {
    roles.scores.push_back(score_of(score, false));
  }
  roles.shape = shape_of(node.at("shape"));
  roles.stats.entropy = float_of(node.at("entropy"));
  roles.stats.distance = float_of(node.at("mean_distance"));
  roles.stats.maximum = float_of(node.at("confidence"));
  roles.stats.sink_share = float_of(node.at("sink_share"));
  if (node.has("output")) {
    if (node.text("output") != "zero") node.at("output").refuse("expected \"zero\"");
    roles.pruned = true;
  }
  if (node.has("head_detector")) {
    const JsonNode detector = node.at("head_detector");
    roles.detector = {number_of(detector.at("previous_token_head")),
                      number_of(detector.at("duplicate_token_head")),
                      number_of(detector.at("induction_head")), cases_of(detector.at("n"))};
  }
  return roles;
}

}  // namespace

std::string role_report_json(const RoleReport& report) {
  nlohmann::ordered_json heads = nlohmann::ordered_json::array();
  for (const HeadRoles& roles : report.heads) {
    nlohmann::ordered_json head = {{"layer", roles.head.layer}, {"head", roles.head.head}};
    if (roles.head.kind != AttentionKind::self) head["kind"] = to_string(roles.head.kind);
    head["roles"] = nlohmann::ordered_json::array();
    head["measured"] = nlohmann::ordered_json::array();
    for (const RoleScore& score : roles.scores) {
      head[score.holds ? "roles" : "measured"].push_back(json_of(score, roles.pruned));
    }
    head["shape"] = shape_name(roles.shape);
    head["entropy"] = short_double(roles.stats.entropy);
    head["mean_distance"] = short_double(roles.stats.distance);
    head["confidence"] = short_double(roles.stats.maximum);
    head["sink_share"] = short_double(roles.stats.sink_share);
    if (roles.pruned) head["output"] = "zero";
    if (roles.detector) {
      head["head_detector"] = {{"previous_token_head", roles.detector->previous_token},
                               {"duplicate_token_head", roles.detector->duplicate_token},
                               {"induction_head", roles.detector->induction},
                               {"n", roles.detector->n}};
    }
    heads.push_back(std::move(head));
  }
  const DetectionOptions detection;
  const nlohmann::ordered_json json = {
      {"model_hash", report.model_hash},
      {"battery", report.battery},
      {"head_detector",
       {{"source", "TransformerLens, detect_head"},
        {"error_measure", measure_name(detection.measure)},
        {"exclude_bos", detection.exclude_first},
        {"exclude_current_token", detection.exclude_current},
        {"texts", "random tokens said twice"}}},
      {"heads", std::move(heads)}};
  return json.dump(1) + "\n";
}

RoleReport read_role_report(const std::filesystem::path& file) {
  const nlohmann::json json = read_json(file);
  const JsonNode root(file, json);
  RoleReport report;
  report.model_hash = root.text("model_hash");
  report.battery = root.integer("battery");
  for (const JsonNode& head : root.list("heads")) report.heads.push_back(head_of(head));
  return report;
}

}  // namespace headlight
