# SPDX-License-Identifier: Apache-2.0
# cmake --install: a prefix that can be moved anywhere.
#   bin/roulade   lib/libroulade.so, libroulade_app.so   lib/roulade/ LibTorch's CPU libraries   lib/cmake/roulade/
#   include/roulade/ the public headers                  include/roulade-libtorch/ LibTorch's headers

set_target_properties(roulade roulade_app PROPERTIES INSTALL_RPATH "$ORIGIN:$ORIGIN/roulade")
install(TARGETS roulade roulade_libtorch EXPORT roulade LIBRARY DESTINATION lib)
install(TARGETS roulade_app LIBRARY DESTINATION lib)
install(TARGETS roulade_launcher RUNTIME DESTINATION bin)

# Not public: the kernels and what names them, the report's brushes behind report.hpp and content.hpp, and what
# names nlohmann's JSON.
install(DIRECTORY roulade DESTINATION include FILES_MATCHING PATTERN "*.hpp"
  PATTERN kernel EXCLUDE PATTERN point_network.hpp EXCLUDE PATTERN report EXCLUDE
  PATTERN tokenizer_files.hpp EXCLUDE PATTERN io/json.hpp EXCLUDE)
install(FILES roulade/report/report.hpp roulade/report/content.hpp DESTINATION include/roulade/report)

foreach(_folder ${ROULADE_LIBTORCH_FOLDERS})
  if(EXISTS "${ROULADE_LIBTORCH_INCLUDE}/${_folder}")
    get_filename_component(_real "${ROULADE_LIBTORCH_INCLUDE}/${_folder}" REALPATH)
    install(DIRECTORY "${_real}" DESTINATION include/roulade-libtorch)
  endif()
endforeach()
foreach(_library ${ROULADE_LIBTORCH_LIBRARIES} ${ROULADE_LIBTORCH_EXTRA})
  get_filename_component(_real "${_library}" REALPATH)
  get_filename_component(_name "${_library}" NAME)
  install(PROGRAMS "${_real}" DESTINATION lib/roulade RENAME "${_name}")
endforeach()

install(EXPORT roulade NAMESPACE roulade:: FILE roulade-targets.cmake DESTINATION lib/cmake/roulade)
include(CMakePackageConfigHelpers)
write_basic_package_version_file("${PROJECT_BINARY_DIR}/roulade-config-version.cmake" COMPATIBILITY SameMinorVersion)
install(FILES cmake/roulade-config.cmake "${PROJECT_BINARY_DIR}/roulade-config-version.cmake" DESTINATION lib/cmake/roulade)

install(CODE "
  foreach(_shell bash zsh)
    execute_process(COMMAND \"$<TARGET_FILE:roulade_launcher>\" completion \${_shell} COMMAND_ERROR_IS_FATAL ANY
                    OUTPUT_FILE \"${PROJECT_BINARY_DIR}/generated/completion.\${_shell}\")
  endforeach()")
install(FILES "${PROJECT_BINARY_DIR}/generated/completion.bash" DESTINATION share/bash-completion/completions RENAME roulade)
install(FILES "${PROJECT_BINARY_DIR}/generated/completion.zsh" DESTINATION share/zsh/site-functions RENAME _roulade)
install(FILES LICENSE DESTINATION share/doc/roulade)
if(EXISTS "${ROULADE_LIBTORCH_LIB}/../licenses")
  install(DIRECTORY "${ROULADE_LIBTORCH_LIB}/../licenses/" DESTINATION share/doc/roulade/libtorch)
endif()
