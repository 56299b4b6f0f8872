// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string_view>

namespace roulade {

/// The cyclic redundancy check CRC-32C: polynomial 0x1EDC6F41, bits reflected, begun with and finished by ones.
/// Source: Castagnoli et al. 1993; check values in RFC 3720, B.4.
uint32_t crc32c(std::string_view bytes);

}  // namespace roulade
