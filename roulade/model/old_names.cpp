// SPDX-License-Identifier: Apache-2.0
#include "roulade/model/old_names.hpp"

#include <array>
#include <utility>

namespace roulade {
namespace {

constexpr std::array<std::pair<const char*, const char*>, 4> kOldNames{
    {{".query.", ".to_q."}, {".key.", ".to_k."}, {".value.", ".to_v."}, {".proj_attn.", ".to_out.0."}}};

}  // namespace

std::string name_of_today(std::string name) {
  if (name.find(".attentions.") == std::string::npos) return name;
  for (const auto& [old, now] : kOldNames)
    if (const size_t at = name.find(old); at != std::string::npos)
      return name.replace(at, std::string(old).size(), now);
  return name;
}

}  // namespace roulade
