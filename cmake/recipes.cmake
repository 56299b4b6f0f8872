# SPDX-License-Identifier: Apache-2.0
# recipes/*.toml inside the library, so that `roulade demo` and `roulade train NAME` need no file.

file(GLOB _recipes CONFIGURE_DEPENDS "${PROJECT_SOURCE_DIR}/recipes/*.toml")
set(_entries "")
foreach(_recipe ${_recipes})
  set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS "${_recipe}")
  get_filename_component(_name "${_recipe}" NAME_WE)
  file(READ "${_recipe}" _text)
  string(APPEND _entries "      {\"${_name}\", R\"toml(${_text})toml\"},\n")
endforeach()
file(CONFIGURE OUTPUT "${PROJECT_BINARY_DIR}/generated/embedded_recipes.cpp" CONTENT
"// SPDX-License-Identifier: Apache-2.0
#include \"roulade/run/recipe.hpp\"

namespace roulade {

const std::map<std::string, std::string>& embedded_recipes() {
  static const std::map<std::string, std::string> recipes = {
@_entries@  };
  return recipes;
}

}  // namespace roulade
" @ONLY)
