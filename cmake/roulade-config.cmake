# SPDX-License-Identifier: Apache-2.0
# find_package(roulade) defines roulade::roulade.
include("${CMAKE_CURRENT_LIST_DIR}/roulade-targets.cmake")
