# SPDX-License-Identifier: Apache-2.0
# Finds LibTorch and defines the imported target roulade_libtorch (torch_cpu, c10 and LibTorch's own OpenMP runtime).
#
# ROULADE_LIBTORCH (cache variable or environment) names a folder with include/ and lib/, version 2.7 or later;
# without it, the copy that `./dev` unpacked from packages/libtorch.txt is used.
# LibTorch's own find_package(Torch) wants a CUDA toolkit, so it is not used.

set(ROULADE_LIBTORCH "$ENV{ROULADE_LIBTORCH}" CACHE PATH "An existing LibTorch (include/, lib/), 2.7 or later")
set(ROULADE_LIBTORCH_FOLDERS ATen c10 torch caffe2)  # the headers that are used; include/ also holds others' (fmt, ...)

if(DEFINED ENV{XDG_CACHE_HOME} AND NOT "$ENV{XDG_CACHE_HOME}" STREQUAL "")
  set(ROULADE_CACHE "$ENV{XDG_CACHE_HOME}/roulade")
else()
  set(ROULADE_CACHE "$ENV{HOME}/.cache/roulade")
endif()

if(ROULADE_LIBTORCH)
  get_filename_component(_libtorch "${ROULADE_LIBTORCH}" ABSOLUTE)
  set(_hint "check ROULADE_LIBTORCH")
else()
  set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS "${CMAKE_CURRENT_LIST_DIR}/../packages/libtorch.txt")
  file(SHA256 "${CMAKE_CURRENT_LIST_DIR}/../packages/libtorch.txt" _key)
  string(SUBSTRING "${_key}" 0 12 _key)
  set(_libtorch "${ROULADE_CACHE}/libtorch-${_key}")
  set(_hint "run ./dev setup")
endif()

set(_version_file "${_libtorch}/include/torch/headeronly/version.h")  # 2.9 and later
if(NOT EXISTS "${_version_file}")
  set(_version_file "${_libtorch}/include/torch/csrc/api/include/torch/version.h")
endif()
foreach(_file "${_version_file}" "${_libtorch}/lib/libtorch_cpu.so" "${_libtorch}/lib/libc10.so")
  if(NOT EXISTS "${_file}")
    message(FATAL_ERROR "LibTorch: expected ${_file}, got no such file: ${_hint}")
  endif()
endforeach()

file(STRINGS "${_version_file}" _lines REGEX "define TORCH_VERSION_(MAJOR|MINOR|PATCH) ")
string(REGEX REPLACE ".*MAJOR ([0-9]+).*MINOR ([0-9]+).*PATCH ([0-9]+).*" "\\1.\\2.\\3" ROULADE_LIBTORCH_VERSION "${_lines}")
if(NOT ROULADE_LIBTORCH_VERSION VERSION_GREATER_EQUAL 2.7)
  message(FATAL_ERROR "LibTorch: expected version 2.7 or later, got '${ROULADE_LIBTORCH_VERSION}' in ${_libtorch}")
endif()

# Only the folders in use are put on the include path: include/fmt there would shadow the system's fmt.
set(_include "${_libtorch}/include")
if(ROULADE_LIBTORCH)
  set(_include "${PROJECT_BINARY_DIR}/libtorch-include")
  file(MAKE_DIRECTORY "${_include}")
  foreach(_folder ${ROULADE_LIBTORCH_FOLDERS})
    if(EXISTS "${_libtorch}/include/${_folder}")
      file(CREATE_LINK "${_libtorch}/include/${_folder}" "${_include}/${_folder}" SYMBOLIC)
    endif()
  endforeach()
endif()

# What LibTorch's CPU library needs beside it: its OpenMP runtime (named libgomp.so.1 or libgomp-<hash>.so.1) and, in a
# CUDA build, libcudart and libcupti. They lie in lib/, or where pip puts them.
file(GLOB ROULADE_LIBTORCH_OPENMP "${_libtorch}/lib/libgomp*.so*" "${_libtorch}/../torch.libs/libgomp*.so*")
list(LENGTH ROULADE_LIBTORCH_OPENMP _count)
if(NOT _count EQUAL 1)
  message(FATAL_ERROR "LibTorch: expected one libgomp in ${_libtorch}/lib, got '${ROULADE_LIBTORCH_OPENMP}'")
endif()
file(GLOB ROULADE_LIBTORCH_EXTRA
     "${_libtorch}/lib/libcudart*.so*" "${_libtorch}/lib/libcupti*.so*"
     "${_libtorch}/../nvidia/cu13/lib/libcudart.so*" "${_libtorch}/../nvidia/cu13/lib/libcupti.so*"
     "${_libtorch}/../nvidia/cuda_runtime/lib/libcudart.so*" "${_libtorch}/../nvidia/cuda_cupti/lib/libcupti.so*")
set(ROULADE_LIBTORCH_LIBRARIES
    "${_libtorch}/lib/libtorch_cpu.so" "${_libtorch}/lib/libc10.so" ${ROULADE_LIBTORCH_OPENMP})
set(ROULADE_LIBTORCH_INCLUDE "${_include}")
set(ROULADE_LIBTORCH_LIB "${_libtorch}/lib")

add_library(roulade_libtorch INTERFACE)
target_include_directories(roulade_libtorch SYSTEM INTERFACE
  "$<BUILD_INTERFACE:${_include};${_include}/torch/csrc/api/include>" "$<INSTALL_INTERFACE:include/roulade-libtorch>")
target_compile_definitions(roulade_libtorch INTERFACE AT_PER_OPERATOR_HEADERS)
foreach(_library ${ROULADE_LIBTORCH_LIBRARIES})
  get_filename_component(_name "${_library}" NAME)
  target_link_libraries(roulade_libtorch INTERFACE
    "$<BUILD_INTERFACE:${_library}>" "$<INSTALL_INTERFACE:$<INSTALL_PREFIX>/lib/roulade/${_name}>")
endforeach()
# at::parallel_for is a serial loop in files compiled without -fopenmp. clang's OpenMP would bring a second runtime, so
# clang, a checking compiler here, builds serial loops.
if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
  target_compile_options(roulade_libtorch INTERFACE "$<BUILD_INTERFACE:-fopenmp>")
endif()

# The C++ ABI: std::string must be the C++11 one on both sides. One link, repeated only for another LibTorch.
if(NOT "${ROULADE_LIBTORCH_ABI_CHECKED}" STREQUAL "${_libtorch} ${CMAKE_CXX_COMPILER}")
  set(_probe "${PROJECT_BINARY_DIR}/libtorch-abi.cpp")
  file(WRITE "${_probe}" "#include <string>\nnamespace c10 { struct Device { explicit Device(const std::string&); char space[16]; }; }\n"
                         "int main() { c10::Device device(std::string(\"cpu\")); return 0; }\n")
  try_compile(_abi "${PROJECT_BINARY_DIR}/libtorch-abi" "${_probe}" LINK_LIBRARIES "${_libtorch}/lib/libc10.so" OUTPUT_VARIABLE _log)
  if(NOT _abi)
    message(FATAL_ERROR "LibTorch: expected the C++11 ABI (_GLIBCXX_USE_CXX11_ABI=1) in ${_libtorch}, got a failed link:\n${_log}")
  endif()
  set(ROULADE_LIBTORCH_ABI_CHECKED "${_libtorch} ${CMAKE_CXX_COMPILER}" CACHE INTERNAL "")
endif()
message(STATUS "LibTorch ${ROULADE_LIBTORCH_VERSION}: ${_libtorch}")
