# SPDX-License-Identifier: Apache-2.0
# recipes/*.toml and the files that they learn from, recipes/data/*, inside the library: `roulade demo` and
# `roulade train NAME` need no file.

# roulade_embed(OUT HEADER FUNCTION TYPE ENTRIES): a source file with a function that returns a map of names to contents.
function(roulade_embed out header function type entries)
  file(CONFIGURE OUTPUT "${PROJECT_BINARY_DIR}/generated/${out}" CONTENT
"// SPDX-License-Identifier: Apache-2.0
#include \"${header}\"

namespace roulade {

const std::map<std::string, ${type}>& ${function}() {
  static const std::map<std::string, ${type}> all = {
@entries@  };
  return all;
}

}  // namespace roulade
" @ONLY)
  set(ROULADE_SOURCES ${ROULADE_SOURCES} "${PROJECT_BINARY_DIR}/generated/${out}" PARENT_SCOPE)
endfunction()

if(NOT ROULADE_FOLDERS OR "run" IN_LIST ROULADE_FOLDERS)
  file(GLOB _recipes CONFIGURE_DEPENDS "${PROJECT_SOURCE_DIR}/recipes/*.toml")
  set(_entries "")
  foreach(_recipe ${_recipes})
    set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS "${_recipe}")
    get_filename_component(_name "${_recipe}" NAME_WE)
    file(READ "${_recipe}" _text)
    string(APPEND _entries "      {\"${_name}\", R\"toml(${_text})toml\"},\n")
  endforeach()
  roulade_embed(embedded_recipes.cpp roulade/run/recipe.hpp embedded_recipes std::string "${_entries}")
endif()

if(NOT ROULADE_FOLDERS OR "data" IN_LIST ROULADE_FOLDERS)
  file(GLOB _files CONFIGURE_DEPENDS "${PROJECT_SOURCE_DIR}/recipes/data/*.csv" "${PROJECT_SOURCE_DIR}/recipes/data/*.png")
  set(_entries "")
  foreach(_file ${_files})
    set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS "${_file}")
    file(SIZE "${_file}" _size)
    get_filename_component(_name "${_file}" NAME)
    if(_name MATCHES "\\.csv$")
      file(READ "${_file}" _text)
      set(_literal "R\"csv(${_text})csv\"")
    else()
      file(READ "${_file}" _text HEX)
      string(REGEX REPLACE "(..)" "\\\\x\\1" _text "${_text}")
      set(_literal "\"${_text}\"")
    endif()
    string(APPEND _entries "      {\"data/${_name}\", std::string_view(${_literal}, ${_size})},\n")
  endforeach()
  roulade_embed(builtin_files.cpp roulade/data/builtin.hpp builtin_files std::string_view "${_entries}")
endif()
