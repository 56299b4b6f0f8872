# SPDX-License-Identifier: Apache-2.0
# The library: every .cpp of roulade/*/. An entry that its folder's list.hpp does not list has no declaration, so it
# fails by -Wmissing-declarations; a listed one without a file fails to link.

find_package(PkgConfig REQUIRED)
find_package(fmt REQUIRED)
find_package(nlohmann_json REQUIRED)
find_package(PNG REQUIRED)
find_package(JPEG REQUIRED)
find_package(ZLIB REQUIRED)
pkg_check_modules(webp REQUIRED IMPORTED_TARGET libwebp libwebpmux)
pkg_check_modules(cairo REQUIRED IMPORTED_TARGET cairo)
pkg_check_modules(freetype REQUIRED IMPORTED_TARGET freetype2)
pkg_check_modules(harfbuzz REQUIRED harfbuzz)
pkg_check_modules(tomlplusplus REQUIRED IMPORTED_TARGET tomlplusplus)
pkg_check_modules(hwy REQUIRED IMPORTED_TARGET libhwy)
find_path(GLOO_INCLUDE gloo/context.h REQUIRED)  # c10d's headers name its types; the code is in LibTorch
find_path(CGIF_INCLUDE cgif.h REQUIRED)
find_library(CGIF_LIBRARY cgif REQUIRED)

# The dearest headers, compiled once. Each file that takes a precompiled header also instantiates what that header's inline
# functions leave pending: 0.7 s for tensors alone, 2.5 s where one operator's header, and with it the dispatcher's, is
# among them. So there are two, and a file takes the second only when it includes such a header. clang goes without, and
# so finds includes that this would hide.
set(_pch_headers <cmath> <functional> <map> <memory> <string> <vector> <ATen/core/Tensor.h> <fmt/format.h>)
if(ROULADE_PCH AND CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
  file(WRITE "${PROJECT_BINARY_DIR}/generated/pch.cpp.in" "")
  configure_file("${PROJECT_BINARY_DIR}/generated/pch.cpp.in" "${PROJECT_BINARY_DIR}/generated/pch.cpp" COPYONLY)
  foreach(_pch roulade_pch roulade_operators_pch)
    add_library(${_pch} OBJECT "${PROJECT_BINARY_DIR}/generated/pch.cpp")
    target_link_libraries(${_pch} PRIVATE roulade_settings roulade_libtorch fmt::fmt)
    target_compile_options(${_pch} PRIVATE -fpch-preprocess)
    # ccache reads this line in place of 150 MB and more for each file; whatever changes the header must be in it.
    file(WRITE "${PROJECT_BINARY_DIR}/CMakeFiles/${_pch}.dir/cmake_pch.hxx.gch.sum"
      "${CMAKE_CXX_COMPILER_VERSION} ${ROULADE_LIBTORCH_VERSION} ${fmt_VERSION} ${CMAKE_BUILD_TYPE} ${ROULADE_SANITIZE} ${_pch} ${_pch_headers}")
  endforeach()
  target_precompile_headers(roulade_pch PRIVATE ${_pch_headers})
  target_precompile_headers(roulade_operators_pch PRIVATE ${_pch_headers} <ATen/ops/empty.h>)
endif()

# roulade_use_pch(TARGET): TARGET must be compiled with LibTorch's and fmt's flags, and all its sources be on the disk.
function(roulade_use_pch target)
  if(NOT TARGET roulade_pch)
    return()
  endif()
  target_precompile_headers(${target} REUSE_FROM roulade_pch)
  target_compile_options(${target} PRIVATE -fpch-preprocess -Winvalid-pch)
  set(_header "${PROJECT_BINARY_DIR}/CMakeFiles/roulade_operators_pch.dir/cmake_pch.hxx")
  get_target_property(_sources ${target} SOURCES)
  foreach(_source ${_sources})
    file(STRINGS "${_source}" _operators REGEX "^#include <(ATen/ops/|ATen/TensorOperators|torch/)" LIMIT_COUNT 1)
    if(_operators)
      set_source_files_properties("${_source}" PROPERTIES SKIP_PRECOMPILE_HEADERS ON
        COMPILE_OPTIONS "-include;${_header}" OBJECT_DEPENDS "${_header}.gch")
    endif()
  endforeach()
endfunction()

if(ROULADE_FOLDERS)
  foreach(_folder ${ROULADE_FOLDERS})
    list(APPEND _globs "${PROJECT_SOURCE_DIR}/roulade/${_folder}/*.cpp")
  endforeach()
else()
  set(_globs "${PROJECT_SOURCE_DIR}/roulade/*/*.cpp")
endif()
file(GLOB ROULADE_SOURCES CONFIGURE_DEPENDS ${_globs})

include(cmake/recipes.cmake)

add_library(roulade SHARED ${ROULADE_SOURCES})
target_include_directories(roulade PUBLIC "$<BUILD_INTERFACE:${PROJECT_SOURCE_DIR}>" "$<INSTALL_INTERFACE:include>")
target_compile_features(roulade PUBLIC cxx_std_20)
target_link_libraries(roulade
  PUBLIC roulade_libtorch "$<BUILD_INTERFACE:fmt::fmt>"
  PRIVATE "$<BUILD_INTERFACE:roulade_settings>" nlohmann_json::nlohmann_json PNG::PNG JPEG::JPEG
          ZLIB::ZLIB PkgConfig::webp PkgConfig::cairo PkgConfig::freetype PkgConfig::tomlplusplus PkgConfig::hwy "${CGIF_LIBRARY}" "${harfbuzz_LINK_LIBRARIES}")
target_include_directories(roulade SYSTEM PRIVATE "${CGIF_INCLUDE}" "${GLOO_INCLUDE}")
roulade_use_pch(roulade)
# run/ reads recipes and hands on what the other folders compute: nothing is gained by more than compiling longer.
foreach(_source ${ROULADE_SOURCES})
  if(_source MATCHES "/roulade/run/" AND CMAKE_BUILD_TYPE STREQUAL "Release")
    set_property(SOURCE "${_source}" APPEND PROPERTY COMPILE_OPTIONS -O1)
  endif()
endforeach()
set_property(SOURCE "${PROJECT_SOURCE_DIR}/roulade/data/packaged_emoji.cpp" APPEND PROPERTY INCLUDE_DIRECTORIES
  "${harfbuzz_INCLUDE_DIRS}")
if(ROULADE_SANITIZE)
  # At -O1 a product's sums stay in memory, with a check for each: training then takes twice as long. AVX-512 is left out,
  # for which the compiler would need minutes.
  set_source_files_properties("${PROJECT_SOURCE_DIR}/roulade/kernel/matrix_product.cpp"
    "${PROJECT_SOURCE_DIR}/roulade/kernel/point_network.cpp"
    "${PROJECT_SOURCE_DIR}/roulade/kernel/winograd.cpp" "${PROJECT_SOURCE_DIR}/roulade/kernel/winograd_gradient.cpp" PROPERTIES
    COMPILE_OPTIONS "-O2;-DHWY_DISABLED_TARGETS=(HWY_AVX3|HWY_AVX3_DL)" SKIP_PRECOMPILE_HEADERS ON)
endif()
if(NOT ROULADE_SANITIZE AND NOT ROULADE_FOLDERS)
  target_link_options(roulade PRIVATE -Wl,--no-undefined)
endif()
set_source_files_properties("${PROJECT_SOURCE_DIR}/roulade/core/version.cpp" PROPERTIES COMPILE_DEFINITIONS
  "ROULADE_VERSION=\"${PROJECT_VERSION}\";ROULADE_LIBTORCH_VERSION=\"${ROULADE_LIBTORCH_VERSION}\";ROULADE_BUILD=\"${CMAKE_BUILD_TYPE}\"")
