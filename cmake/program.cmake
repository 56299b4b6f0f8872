# SPDX-License-Identifier: Apache-2.0
# The program in two parts: libroulade_app.so does the work; the launcher `roulade` answers help, version and completion
# by itself, from texts written at build time, and loads the other only when there is work.

find_path(CLI11_INCLUDE CLI/CLI.hpp REQUIRED)

file(GLOB _sources CONFIGURE_DEPENDS "${PROJECT_SOURCE_DIR}/app/*.cpp")
list(FILTER _sources EXCLUDE REGEX "/app/(launcher|generate_texts)\\.cpp$")
add_library(roulade_app SHARED ${_sources})
target_include_directories(roulade_app PUBLIC "${PROJECT_SOURCE_DIR}")
target_include_directories(roulade_app SYSTEM PRIVATE "${CLI11_INCLUDE}")
target_link_libraries(roulade_app PUBLIC roulade PRIVATE roulade_settings nlohmann_json::nlohmann_json)
target_compile_options(roulade_app PRIVATE -O1)  # it parses and prints: nothing is gained by more than compiling longer
if(TARGET roulade_pch)
  # What every file here includes by way of command_line.hpp, with the same note for ccache as roulade_pch has.
  target_precompile_headers(roulade_app PRIVATE <CLI/CLI.hpp> <ATen/core/Tensor.h> <fmt/format.h>)
  target_compile_options(roulade_app PRIVATE -fpch-preprocess -Winvalid-pch)
  file(WRITE "${PROJECT_BINARY_DIR}/CMakeFiles/roulade_app.dir/cmake_pch.hxx.gch.sum"
    "${CMAKE_CXX_COMPILER_VERSION} ${ROULADE_LIBTORCH_VERSION} ${fmt_VERSION} ${CMAKE_BUILD_TYPE} ${ROULADE_SANITIZE} CLI Tensor format")
endif()
if(NOT ROULADE_SANITIZE)
  target_link_options(roulade_app PRIVATE -Wl,--no-undefined)
endif()

add_executable(roulade_generate_texts app/generate_texts.cpp)
target_link_libraries(roulade_generate_texts PRIVATE roulade_app roulade_settings)
set(_texts "${PROJECT_BINARY_DIR}/generated/texts.cpp")
add_custom_command(OUTPUT "${_texts}"
  COMMAND "${CMAKE_COMMAND}" -E make_directory "${PROJECT_BINARY_DIR}/generated"
  COMMAND "${CMAKE_COMMAND}" -E env ASAN_OPTIONS=detect_leaks=0 $<TARGET_FILE:roulade_generate_texts> "${_texts}"
  DEPENDS roulade_generate_texts roulade_app COMMENT "Writing help and completion texts" VERBATIM)

add_executable(roulade_launcher app/launcher.cpp "${_texts}")
set_target_properties(roulade_launcher PROPERTIES OUTPUT_NAME roulade)
target_include_directories(roulade_launcher PRIVATE "${PROJECT_SOURCE_DIR}")
target_link_libraries(roulade_launcher PRIVATE roulade_settings ${CMAKE_DL_LIBS})
add_dependencies(roulade_launcher roulade_app)
