#include "run_command.h"

#include <algorithm>
#include <cctype>
#include <cstdio>
#include <new>
#include <stdexcept>

#include "session.h"

namespace headlight {
namespace {

int fail(int exit_code, const std::string& sentence) {
  std::fprintf(stderr, "headlight: %s\n", sentence.c_str());
  return exit_code;
}

int dispatch(const Command& command) {
  switch (command.kind) {
    case Command::Kind::export_:
      return run_export(command.export_);
    case Command::Kind::generate:
      return run_generate(command.generate);
    case Command::Kind::info:
      return run_info(command.info);
    case Command::Kind::bench:
      return run_bench(command.bench);
    case Command::Kind::roles:
      return run_roles(command.roles);
    case Command::Kind::importance:
      return run_importance(command.importance);
    case Command::Kind::prune:
      return run_prune(command.prune);
    case Command::Kind::compare:
      return run_compare(command.compare);
    case Command::Kind::variants:
      return run_variants(command.variants);
    case Command::Kind::walk:
      return run_walk(command.walk);
    case Command::Kind::lesson:
      return run_lesson(command.lesson);
    case Command::Kind::done:
      std::fputs(command.output.c_str(), command.exit_code == 0 ? stdout : stderr);
      return command.exit_code;
    case Command::Kind::window:
      break;
  }
  throw std::logic_error("the window is not a subcommand");
}

void clear_target(Request& request) {
  request.target.reset();
  request.target_ids.clear();
}

}  // namespace

std::string plain_sentence(const std::exception& error) {
  std::string text = error.what();
  if (text.starts_with('['))
    if (const std::size_t end = text.find("] "); end != std::string::npos) text.erase(0, end + 2);
  std::replace(text.begin(), text.end(), '\n', ' ');
  return text;
}

std::string as_sentence(std::string text) {
  if (text.empty()) return text;
  text[0] = static_cast<char>(std::toupper(static_cast<unsigned char>(text[0])));
  return text + ".";
}

int run_command(const Command& command) {
  try {
    const int exit_code = dispatch(command);
    if (std::fflush(stdout) != 0) return fail(1, "cannot write to the standard output");
    return exit_code;
  } catch (const std::bad_alloc&) {
    return fail(1, "there is not enough memory for this");
  } catch (const std::invalid_argument& error) {
    return fail(2, plain_sentence(error));
  } catch (const std::exception& error) {
    return fail(1, plain_sentence(error));
  }
}

State opening_state(const WindowOptions& options, const State& last) {
  State state = options.session ? load_session(*options.session) : last;
  if (options.model && *options.model != state.request.model) change_model(state, *options.model);
  if (options.text) {
    state.request.text = *options.text;
    state.request.ids.clear();
    clear_target(state.request);
    state.selection.query.reset();
    state.selection.key.reset();
  }
  if (options.target) {
    clear_target(state.request);
    state.request.target = *options.target;
  }
  return state;
}

}  // namespace headlight
