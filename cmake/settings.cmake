# SPDX-License-Identifier: Apache-2.0
# Compilers, flags, the compiler cache and where files go.

if(NOT CMAKE_BUILD_TYPE)
  set(CMAKE_BUILD_TYPE Release CACHE STRING "Release or Debug" FORCE)
endif()
set(CMAKE_CXX_STANDARD 20)
set(CMAKE_CXX_STANDARD_REQUIRED ON)
set(CMAKE_CXX_EXTENSIONS OFF)
set(CMAKE_CXX_VISIBILITY_PRESET default)
set(CMAKE_POSITION_INDEPENDENT_CODE ON)
set(CMAKE_CXX_COMPILE_OPTIONS_PIE -fPIC)  # as in the libraries: one precompiled header serves both
set(CMAKE_EXPORT_COMPILE_COMMANDS ON)
set(CMAKE_CXX_FLAGS_RELEASE "-O2")
set(CMAKE_CXX_FLAGS_DEBUG "-O1 -g1")

set(CMAKE_RUNTIME_OUTPUT_DIRECTORY "${PROJECT_BINARY_DIR}/bin")
set(CMAKE_LIBRARY_OUTPUT_DIRECTORY "${PROJECT_BINARY_DIR}/lib")

add_library(roulade_settings INTERFACE)
target_compile_options(roulade_settings INTERFACE -Wall -Wextra -Werror -Wmissing-declarations)
if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
  # g++ 12's optimiser reports impossible overflows inside std::string and fmt (GCC bugs 105329, 105651): not errors here.
  target_compile_options(roulade_settings INTERFACE -Wno-array-bounds -Wno-restrict -Wno-stringop-overflow -Wno-stringop-overread)
  target_compile_options(roulade_settings INTERFACE "SHELL:--param ggc-min-heapsize=1000000")  # its own garbage takes longer to find
endif()
if(CMAKE_SYSTEM_PROCESSOR MATCHES "x86_64|AMD64")
  # Any x86-64 of the last fifteen years; faster instructions are chosen at run time.
  target_compile_options(roulade_settings INTERFACE -march=x86-64-v2)
endif()
if(ROULADE_SANITIZE)
  target_compile_options(roulade_settings INTERFACE -fsanitize=address,undefined -fno-sanitize-recover=undefined -fno-omit-frame-pointer)
  target_link_options(roulade_settings INTERFACE -fsanitize=address,undefined)
  if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
    target_compile_options(roulade_settings INTERFACE -Wno-maybe-uninitialized)  # false in std::regex (GCC bug 105562)
  endif()
endif()

# ccache, in the user's cache folder. Paths below the tree count as relative, so another clone finds the same objects.
find_program(ROULADE_CCACHE ccache)
if(ROULADE_CCACHE AND NOT DEFINED CMAKE_CXX_COMPILER_LAUNCHER)
  if(DEFINED ENV{XDG_CACHE_HOME} AND NOT "$ENV{XDG_CACHE_HOME}" STREQUAL "")
    set(_ccache_dir "$ENV{XDG_CACHE_HOME}/roulade/ccache")
  else()
    set(_ccache_dir "$ENV{HOME}/.cache/roulade/ccache")
  endif()
  set(CMAKE_CXX_COMPILER_LAUNCHER "${CMAKE_COMMAND}" -E env
      "CCACHE_DIR=${_ccache_dir}" "CCACHE_BASEDIR=${PROJECT_SOURCE_DIR}" CCACHE_NOHASHDIR=1 CCACHE_MAXSIZE=5G CCACHE_PCH_EXTSUM=1
      CCACHE_SLOPPINESS=pch_defines,time_macros,include_file_mtime,include_file_ctime "${ROULADE_CCACHE}")
endif()
