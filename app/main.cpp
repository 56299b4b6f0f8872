// SPDX-License-Identifier: Apache-2.0
#include "app/command_line.hpp"
#include "app/signals.hpp"
#include "roulade/core/error.hpp"

#include <csignal>
#include <exception>
#include <filesystem>
#include <iostream>
#include <new>
#include <stdexcept>
#include <string>

#include <c10/util/Exception.h>

extern "C" int roulade_main(int argc, char** argv);

namespace {

using roulade::Code;

int say(Code code, const std::string& sentence) {
  std::cerr << "roulade: " << sentence << "\n";
  return static_cast<int>(code);
}

// LibTorch's sentence without its stack trace; its allocator has no exception type of its own.
int say(const c10::Error& error) {
  const std::string text = error.what_without_backtrace();
  const std::string line = text.substr(0, text.find('\n'));
  if (const size_t at = line.find("you tried to allocate"); at != std::string::npos)
    return say(Code::device, "[memory] not enough memory: " + line.substr(at, line.find(". ", at) - at));
  return say(Code::internal, "[LibTorch] " + line);
}

}  // namespace

int roulade_main(int argc, char** argv) {
  CLI::App root;
  std::signal(SIGXFSZ, SIG_IGN);  // a file that may not grow is an error as a full disk is
  int exit_code = 0;
  try {
    roulade::app::build_command_line(root, exit_code);
    roulade::app::check_subcommand(root, argc, argv);
    root.parse(argc, argv);
    if (!std::cout.flush()) {
      if (const int number = roulade::app::caught_signal(); number != 0) return 128 + number;  // nobody reads any more
      return say(Code::io, "[standard output] cannot write");
    }
    return exit_code;
  } catch (const CLI::Success& error) {
    return root.exit(error);
  } catch (const CLI::ParseError& error) {
    return say(Code::usage, roulade::app::explain(root, error));
  } catch (const roulade::Error& error) {
    const int code = say(error.code(), error.what());
    const int number = roulade::app::caught_signal();
    return error.code() == Code::stopped && number != 0 ? 128 + number : code;
  } catch (const c10::Error& error) {
    return say(error);
  } catch (const std::bad_alloc&) {
    return say(Code::device, "[memory] not enough memory");
  } catch (const std::length_error&) {
    return say(Code::device, "[memory] not enough memory");
  } catch (const std::filesystem::filesystem_error& error) {
    return say(Code::io, "[" + error.path1().string() + "] " + error.code().message());
  } catch (const std::exception& error) {
    return say(Code::internal, error.what());
  }
}
