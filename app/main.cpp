// SPDX-License-Identifier: Apache-2.0
#include "app/command_line.hpp"
#include "roulade/core/error.hpp"

#include <exception>
#include <iostream>

extern "C" int roulade_main(int argc, char** argv);

int roulade_main(int argc, char** argv) {
  CLI::App root;
  try {
    roulade::app::build_command_line(root);
    root.parse(argc, argv);
    return 0;
  } catch (const CLI::ParseError& error) {
    const int code = root.exit(error, std::cout, std::cerr);
    return code == 0 ? 0 : static_cast<int>(roulade::Code::usage);
  } catch (const roulade::Error& error) {
    std::cerr << "roulade: " << error.what() << "\n";
    return static_cast<int>(error.code());
  } catch (const std::exception& error) {
    std::cerr << "roulade: " << error.what() << "\n";
    return static_cast<int>(roulade::Code::internal);
  }
}
