#pragma once

#include <string>

#include "export_command.h"

namespace CLI {
class App;
}

namespace headlight {

// Groups of options that subcommands have. They call back while the arguments are read, so what
// they fill must outlive the parsing; a wrong value is a std::invalid_argument then.

/// --text and --ids.
void add_source_options(CLI::App& app, InputOptions& input, const std::string& help);

/// These with --texts, --target, --target-ids and --session.
void add_text_options(CLI::App& app, ExportOptions& options);

/// --maps, --head, --layer and --all.
void add_head_options(CLI::App& app, ExportOptions& options);

/// --prune, --gain, --temperature, --mask, --mask-cell and --replace.
void add_edit_options(CLI::App& app, EditOptions& edits);

/// How to draw: --shown, --theme, --color-map and so on.
void add_display_options(CLI::App& app, ExportOptions& options);

/// These without --shown.
void add_drawing_options(CLI::App& app, DisplayOptions& display, double& scale, std::string& title);

}  // namespace headlight
