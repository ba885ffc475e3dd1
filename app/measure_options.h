#pragma once

#include "compare_command.h"
#include "importance_command.h"
#include "prune_command.h"

namespace CLI {
class App;
}

namespace headlight {

// The subcommands that measure what heads do to the loss. Like the groups of command_options.h,
// they fill what has to outlive the parsing.

CLI::App* add_importance(CLI::App& app, ImportanceCommand& options);
CLI::App* add_prune(CLI::App& app, PruneCommand& options);
CLI::App* add_compare(CLI::App& app, CompareCommand& options);

}  // namespace headlight
