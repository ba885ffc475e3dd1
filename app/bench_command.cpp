#include "bench_command.h"

#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <nlohmann/json.hpp>
#include <optional>

#include "assets_path.h"
#include "bench_frame.h"
#include "bench_masks.h"
#include "bench_opening.h"
#include "bench_sweep.h"
#include "bench_timing.h"
#include "bench_variants.h"
#include "free_memory.h"
#include "model_list.h"

namespace headlight {
namespace {

void print_json(const BenchReport& report, const std::optional<FrameTime>& frame) {
  std::printf("{\"results\":[");
  const char* separator = "";
  for (const RunTime& row : report.runs) {
    std::printf(
        "%s\n  {\"case\":\"%s\",\"tokens\":%d,\"threads\":%d,\"median_ms\":%.4f,\"min_ms\":%.4f,"
        "\"repeats\":%d}",
        separator, row.name.c_str(), row.tokens, row.threads, row.time.median, row.time.least,
        row.time.repeats);
    separator = ",";
  }
  std::printf("],\n \"typing\":[");
  separator = "";
  for (const PartTime& row : report.typing) {
    std::printf(
        "%s\n  {\"case\":\"%s\",\"tokens\":%d,\"threads\":%d,\"median_ms\":%.4f,\"ratio\":%.4f}",
        separator, row.name.c_str(), row.tokens, row.threads, row.median, row.ratio);
    separator = ",";
  }
  std::printf("],\n \"edits\":[");
  separator = "";
  for (const PartTime& row : report.edits) {
    std::printf(
        "%s\n  {\"case\":\"%s\",\"tokens\":%d,\"threads\":%d,\"layer\":%d,\"median_ms\":%.4f,"
        "\"ratio\":%.4f}",
        separator, row.name.c_str(), row.tokens, row.threads, row.layer, row.median, row.ratio);
    separator = ",";
  }
  std::printf("],\n \"frames\":[");
  if (frame) {
    std::printf("\n  {\"heads\":%d,\"tokens\":%d,\"still_ms\":%.4f,\"fresh_ms\":%.4f}",
                frame->heads, frame->tokens, frame->still_ms, frame->fresh_ms);
  }
  std::printf("]}\n");
}

void print_table(const BenchReport& report, const std::optional<FrameTime>& frame) {
  std::printf("Runs with every head's weights\n");
  std::printf("  %-12s %6s %8s %12s %12s\n", "model", "tokens", "threads", "median ms", "least ms");
  for (const RunTime& row : report.runs)
    std::printf("  %-12s %6d %8d %12.3f %12.3f\n", row.name.c_str(), row.tokens, row.threads,
                row.time.median, row.time.least);
  std::printf("\nOne token more, from the run before it: share of a whole run\n");
  std::printf("  %-12s %6s %8s %12s %12s\n", "model", "tokens", "threads", "median ms", "share");
  for (const PartTime& row : report.typing)
    std::printf("  %-12s %6d %8d %12.3f %12.3f\n", row.name.c_str(), row.tokens, row.threads,
                row.median, row.ratio);
  std::printf("\nOne head edited, from the run before it: share of a whole run\n");
  std::printf("  %-12s %6s %8s %6s %12s %12s\n", "model", "tokens", "threads", "layer", "median ms",
              "share");
  for (const PartTime& row : report.edits)
    std::printf("  %-12s %6d %8d %6d %12.3f %12.3f\n", row.name.c_str(), row.tokens, row.threads,
                row.layer, row.median, row.ratio);
  if (frame) {
    std::printf(
        "\nA frame of the window with %d heads at %d tokens, main thread's processor time\n",
        frame->heads, frame->tokens);
    std::printf("  nothing changed %10.3f ms\n  all maps new    %10.3f ms\n", frame->still_ms,
                frame->fresh_ms);
  }
}

void print_json(const std::vector<OpeningTime>& openings) {
  nlohmann::ordered_json list = nlohmann::ordered_json::array();
  for (const OpeningTime& row : openings) {
    list.push_back({{"model", row.name},
                    {"tokens", row.tokens},
                    {"load_ms", row.load_ms},
                    {"run_ms", row.run_ms},
                    {"summarize_ms", row.summarize_ms},
                    {"whole_ms", row.whole_ms()},
                    {"weights_bytes", row.weights},
                    {"peak_bytes", row.peak},
                    {"before_bytes", row.before}});
  }
  const nlohmann::ordered_json json = {{"openings", list}};
  const auto replace = nlohmann::ordered_json::error_handler_t::replace;
  std::printf("%s\n", json.dump(1, ' ', false, replace).c_str());
}

void print_table(const std::vector<OpeningTime>& openings) {
  std::printf("Opening %s to its first picture of %d tokens\n", openings.front().name.c_str(),
              openings.front().tokens);
  std::printf("  %10s %10s %13s %10s %10s %12s\n", "load ms", "run ms", "thumbnails ms", "whole ms",
              "weights", "peak memory");
  for (const OpeningTime& row : openings)
    std::printf("  %10.1f %10.1f %13.1f %10.1f %10s %12s\n", row.load_ms, row.run_ms,
                row.summarize_ms, row.whole_ms(), byte_size(row.weights).c_str(),
                row.peak > 0 ? byte_size(row.peak).c_str() : "not known");
}

int bench_opening(const std::string& model, int repeat, bool json) {
  std::vector<OpeningTime> openings;
  for (int i = 0; i < std::max(repeat, 1); ++i) openings.push_back(time_opening(model_path(model)));
  if (json)
    print_json(openings);
  else
    print_table(openings);
  return 0;
}

int bench_variants(const BenchOptions& options) {
  std::vector<std::pair<std::string, Model>> models;
  for (const ModelInfo& info : list_models().variants) {
    models.emplace_back(info.name, load_model(info.path));
  }
  if (models.empty()) models.emplace_back("mini-gpt", load_model(model_path("")));
  std::vector<VariantTime> times;
  for (int threads : options.threads) {
    ThreadPool pool(threads);
    for (int tokens : options.tokens.empty() ? std::vector{32, 128} : options.tokens) {
      for (const auto& [name, model] : models) {
        if (tokens > model.config.context) continue;
        times.push_back(time_variant(name, model, tokens, pool, options.repeat));
      }
    }
  }
  print_variants(times, options.json);
  return 0;
}

int bench_masks(const BenchOptions& options) {
  const std::vector<int> lengths =
      options.tokens.empty() ? std::vector{1024, 2048, 4096, 8192} : options.tokens;
  print_masks(time_masks({"none", "local:64", "dilated:16:4", "local:64+global:1"}, lengths,
                         options.repeat),
              options.json);
  return 0;
}

}  // namespace

int run_bench(const BenchOptions& options) {
  if (options.what == BenchOptions::What::variants) return bench_variants(options);
  if (options.what == BenchOptions::What::masks) return bench_masks(options);
  if (options.open) return bench_opening(*options.open, options.repeat, options.json);
  using Case = BenchOptions::Case;
  const bool progress = !options.quiet && ::isatty(STDERR_FILENO);
  std::vector<int> lengths = options.tokens;
  if (lengths.empty())
    lengths = options.sweep ? std::vector{32} : std::vector{8, 16, 32, 64, 128, 256, 512};
  BenchReport report;
  std::vector<SweepTime> sweeps;
  const auto measure = [&](const std::string& name, const Model& model) {
    for (int threads : options.threads) {
      ThreadPool pool(threads);
      for (int tokens : lengths) {
        if (tokens > model.config.context) continue;
        if (progress) {
          std::fprintf(stderr, "\r\033[K%s: %d tokens, %d threads ", name.c_str(), tokens, threads);
          std::fflush(stderr);
        }
        if (options.sweep)
          sweeps.push_back(time_sweep(name, model, tokens, pool, options.repeat));
        else
          time_runs(name, model, tokens, pool, options.repeat, report);
      }
    }
  };
  if (options.which != Case::gpt2_small) measure("mini-gpt", load_model(model_path("")));
  std::optional<FrameTime> frame;
  if (options.which != Case::mini_gpt) {
    const auto model = std::make_shared<const Model>(random_model(gpt2_small_config(), 1));
    measure("gpt2-small", *model);
    if (options.which == Case::all && !options.sweep) frame = time_frames(model, 128);
  }
  if (progress) std::fprintf(stderr, "\r\033[K");
  if (options.sweep)
    print_sweeps(sweeps, options.json);
  else if (options.json)
    print_json(report, frame);
  else
    print_table(report, frame);
  return 0;
}

}  // namespace headlight
