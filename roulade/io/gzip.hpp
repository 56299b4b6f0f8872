// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace roulade {

/// True when the bytes begin as gzip data do.
bool is_gzip(std::string_view bytes);

/// What gzip data (RFC 1952; several members one after the other are one content) hold, at most `limit` bytes.
/// Throws Error(input) when they are damaged, cut short, hold more or are followed by something else.
std::string gunzip(std::string_view bytes, const std::string& where, uint64_t limit);

/// The same for zlib's format (RFC 1950), which PNG packs with: one stream and nothing behind it.
std::string inflate_zlib(std::string_view bytes, const std::string& where, uint64_t limit);

}  // namespace roulade
