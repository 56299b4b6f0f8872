# SPDX-License-Identifier: Apache-2.0
# The library: every .cpp of roulade/*/. An entry that its folder's list.hpp does not list has no declaration, so it
# fails by -Wmissing-declarations; a listed one without a file fails to link.

find_package(PkgConfig REQUIRED)
find_package(fmt REQUIRED)
find_package(nlohmann_json REQUIRED)
find_package(PNG REQUIRED)
pkg_check_modules(cairo REQUIRED IMPORTED_TARGET cairo)
pkg_check_modules(tomlplusplus REQUIRED IMPORTED_TARGET tomlplusplus)
pkg_check_modules(hwy REQUIRED IMPORTED_TARGET libhwy)
find_path(CGIF_INCLUDE cgif.h REQUIRED)
find_library(CGIF_LIBRARY cgif REQUIRED)

if(ROULADE_FOLDERS)
  foreach(_folder ${ROULADE_FOLDERS})
    list(APPEND _globs "${PROJECT_SOURCE_DIR}/roulade/${_folder}/*.cpp")
  endforeach()
else()
  set(_globs "${PROJECT_SOURCE_DIR}/roulade/*/*.cpp")
endif()
file(GLOB ROULADE_SOURCES CONFIGURE_DEPENDS ${_globs})

add_library(roulade SHARED ${ROULADE_SOURCES})
target_include_directories(roulade PUBLIC "$<BUILD_INTERFACE:${PROJECT_SOURCE_DIR}>")
target_compile_features(roulade PUBLIC cxx_std_20)
target_link_libraries(roulade
  PUBLIC roulade_libtorch fmt::fmt
  PRIVATE "$<BUILD_INTERFACE:roulade_settings>" nlohmann_json::nlohmann_json PNG::PNG PkgConfig::cairo
          PkgConfig::tomlplusplus PkgConfig::hwy "${CGIF_LIBRARY}")
target_include_directories(roulade SYSTEM PRIVATE "${CGIF_INCLUDE}")
if(NOT ROULADE_SANITIZE AND NOT ROULADE_FOLDERS)
  target_link_options(roulade PRIVATE -Wl,--no-undefined)
endif()
set_source_files_properties("${PROJECT_SOURCE_DIR}/roulade/core/version.cpp" PROPERTIES COMPILE_DEFINITIONS
  "ROULADE_VERSION=\"${PROJECT_VERSION}\";ROULADE_LIBTORCH_VERSION=\"${ROULADE_LIBTORCH_VERSION}\";ROULADE_BUILD=\"${CMAKE_BUILD_TYPE}\"")
