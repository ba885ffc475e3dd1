#include "compare_command.h"

#include <algorithm>
#include <cstdio>
#include <map>
#include <stdexcept>

#include "assets_path.h"
#include "command_values.h"
#include "comparison_table.h"
#include "figure_columns.h"
#include "file_io.h"
#include "loss.h"
#include "loss_sets.h"
#include "pass.h"
#include "run_command.h"

namespace headlight {
namespace {

// A mask as a column puts it on: on heads, or as a split of each layer.
struct Choice {
  Mask mask;
  bool split = false;
  int window = 0, gap = 0;
};

Choice choice_of(const std::string& text) {
  const std::vector<std::string> fields = split(text, ':');
  if (fields[0] != "split") return {.mask = parse_mask(text)};
  if (fields.size() == 1) return {.split = true, .window = 4, .gap = 2};
  if (fields.size() != 3)
    throw std::invalid_argument("\"" + text + "\": split takes a window and a gap, as in "
                                "split:4:2");
  // The same numbers, and errors, as those of a dilated mask.
  const Mask dilated = parse_mask("dilated:" + fields[1] + ":" + fields[2]);
  return {.split = true, .window = dilated.parts[0].a, .gap = dilated.parts[0].b};
}

std::vector<std::string> masks_of(const CompareCommand& options) {
  if (!options.masks.empty()) return split(options.masks, ',');
  const bool others = options.texts.size() > 1 || !options.with.empty() ||
                      options.head.find_first_of(",*") != std::string::npos;
  return others ? std::vector<std::string>{"none"} : split(default_masks, ',');
}

// A model, its runs without edits, and the battery's texts where their loss is asked for.
struct Loaded {
  std::shared_ptr<const Model> model;
  std::vector<HeadId> heads;  // A column for each
  std::vector<LossText> battery;
};

Loaded load(const std::string& name, const CompareCommand& options) {
  Loaded loaded;
  loaded.model = std::make_shared<const Model>(load_model(model_path(name)));
  const ModelConfig& config = loaded.model->config;
  loaded.heads = parse_heads(options.head, config,
                             config.encoder_decoder() ? AttentionKind::cross : AttentionKind::self);
  if (loaded.heads.empty() || loaded.heads.size() > most_columns)
    throw std::invalid_argument("--head: give one head, as in 2.3, or as many as columns fit");
  if (options.loss) {
    std::string notice;
    loaded.battery = deciding_set(*loaded.model, {}, notice).texts;
  }
  return loaded;
}

Edits edits_of(const Choice& choice, const ModelConfig& config, HeadId head, MaskPlace on) {
  if (choice.split)
    return with_resolutions({}, config, head.kind, choice.window, choice.gap);
  return with_mask({}, heads_at(config, on, head), choice.mask);
}

// With its head, where columns have several.
std::string name_of(const ComparedColumn& column, const ComparedColumn& first) {
  const std::string title = column_title(*column.run, column.head);
  const bool several = column.head != first.head;
  return several ? to_string(column.head) + " " + title : title;
}

void print_table(const std::vector<ComparedColumn>& columns) {
  std::printf("%s  %s\n", columns[0].model->name.c_str(),
              head_name(columns[0].model->config, columns[0].head).c_str());
  std::printf("%-26s", "");
  for (const ComparedColumn& column : columns)
    std::printf(" %16s", name_of(column, columns[0]).c_str());
  std::printf("\n");
  for (const ComparisonRow& row : comparison_rows(columns)) {
    std::string name = row.name;
    if (const std::size_t square = name.find("\u00B2"); square != std::string::npos)
      name.replace(square, 2, "^2");
    std::printf("%-26s", name.c_str());
    for (const std::string& value : row.values) std::printf(" %16s", value.c_str());
    std::printf("\n");
  }
  for (const ComparedColumn& column : columns) {
    if (column.prediction.position < 0) continue;
    std::printf("%s:", name_of(column, columns[0]).c_str());
    for (const auto& [word, probability] : predicted_words(column, 5))
      std::printf("  %s %.2f", word.c_str(), static_cast<double>(probability));
    std::printf("\n");
  }
}

void check_count(std::size_t columns) {
  if (columns > most_columns)
    throw std::invalid_argument("compare: that makes " + std::to_string(columns) +
                                " columns, at most " + std::to_string(most_columns) +
                                " stand side by side");
}

void tell(const CompareCommand& options, const std::string& notice) {
  if (!notice.empty() && !options.quiet) std::fprintf(stderr, "headlight: %s\n", notice.c_str());
}

}  // namespace

void check_compare(const CompareCommand& options) {
  if (!options.ids.empty() && !options.texts.empty())
    throw std::invalid_argument("compare: give only one of --text and --ids");
  if (!options.masks.empty()) {
    for (const std::string& mask : split(options.masks, ',')) {
      try {
        choice_of(mask);
      } catch (const std::invalid_argument& error) {
        throw std::invalid_argument("--masks: " + plain_sentence(error));
      }
    }
  }
  const std::size_t columns = masks_of(options).size() * (1 + options.with.size()) *
                              std::max<std::size_t>(options.texts.size(), 1);
  check_count(columns);
  if (options.json && options.output)
    throw std::invalid_argument("compare: give either --json or -o");
  if (!options.output) return;
  const std::string ending = lower_ending(*options.output);
  for (const char* known : {".png", ".svg", ".pdf", ".csv", ".json"})
    if (ending == known) return;
  throw std::invalid_argument("-o: \"" + options.output->string() +
                              "\" does not end in .png, .svg, .pdf, .csv or .json");
}

int run_compare(const CompareCommand& options) {
  std::vector<std::string> names{options.model.value_or("")};
  names.insert(names.end(), options.with.begin(), options.with.end());
  std::vector<Loaded> models;
  std::size_t heads = 0;
  for (const std::string& name : names) heads += models.emplace_back(load(name, options)).heads.size();
  check_count(heads * masks_of(options).size() * std::max<std::size_t>(options.texts.size(), 1));

  std::vector<InputOptions> given;
  for (const std::string& text : options.texts)
    given.push_back({.text = text, .target = options.target});
  if (given.empty()) given.push_back({.ids = options.ids, .target = options.target});

  std::vector<ComparedColumn> columns;
  for (const Loaded& loaded : models) {
    const bool recorded = loaded.model->recorded != nullptr;
    for (const InputOptions& source : given) {
      std::string notice;
      const Input input = whole_input(*loaded.model, recorded ? InputOptions{} : source, notice);
      tell(options, notice);
      if (options.position && *options.position >= static_cast<int>(input.tokens.size()))
        throw std::invalid_argument("--position: there is no token " +
                                    std::to_string(*options.position) + ": the text has " +
                                    std::to_string(input.tokens.size()) + ", counted from 0");
      const auto baseline = std::make_shared<const Trace>(run(*loaded.model, input));
      for (const std::string& mask : masks_of(options)) {
        for (HeadId head : loaded.heads) {
          const Edits edits = edits_of(choice_of(mask), loaded.model->config, head, options.on);
          if (recorded && !edits.empty())
            throw std::invalid_argument(
                "this attention was computed elsewhere: masks need the model (give --masks none)");
          auto edited = baseline;
          if (!edits.empty())
            edited = std::make_shared<const Trace>(
                run(*loaded.model, input, edits, {.earlier = baseline.get()}));
          const Trace& first = columns.empty() ? *edited : *columns.front().run;
          columns.push_back(compared_column(loaded.model, baseline, edited, head, first,
                                            {.position = options.position}));
          if (options.loss) columns.back().loss = mean_loss(*loaded.model, loaded.battery, edits);
          tell(options, mask_notice(columns.back()));
        }
      }
    }
  }

  if (options.output) {
    const ComparisonFigure figure{display_of(options.display, {}), options.scale, options.title};
    write_file(*options.output, comparison_file(columns, figure, lower_ending(*options.output)));
  } else if (options.json) {
    std::fputs(comparison_json(columns).c_str(), stdout);
  } else {
    print_table(columns);
  }
  return 0;
}

}  // namespace headlight
