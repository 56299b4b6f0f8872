// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace roulade {

/// What a pickle of torch.save holds, as data: nothing is imported, constructed or called. Objects refer to each other
/// by their place in `objects`, so one that holds itself, or is held a million times, costs nothing.
struct Pickle {
  enum class Kind { none, boolean, integer, real, text, tuple, list, dict, global, storage, tensor };
  using Ref = uint32_t;
  struct Object {
    Kind kind = Kind::none;
    int64_t integer = 0;  ///< integer; boolean: 0 or 1
    double real = 0;
    std::string text{};        ///< text; global: "module.name"
    std::vector<Ref> items{};  ///< tuple, list; dict: key, value, key, value, ...; tensor, storage: see parse_pickle
  };

  std::vector<Object> objects;
  Ref root = 0;

  const Object& operator[](Ref i) const { return objects[i]; }
};

std::string_view to_text(Pickle::Kind kind);

/// Reads one pickle of protocol 2 that begins at file[at], and sets `at` behind it. Known globals:
/// collections.OrderedDict (called without arguments or with a list of pairs: a dict), torch.FloatStorage and its
/// sisters (named only), torch._utils._rebuild_tensor_v2 (a tensor, whose items are its arguments: storage, offset,
/// size, stride, requires_grad, hooks and perhaps metadata) and torch._utils._rebuild_parameter (its first argument).
/// A persistent id, a tuple, becomes a storage with the tuple's items. The attributes of an OrderedDict are read over.
/// Throws Error(input) for any other global, which it names, another opcode, a pickle that is cut short, takes from an
/// empty stack, reads a memo that nobody wrote, or has more than 2^22 objects.
/// Source: Python's pickletools.py (protocol 2); PyTorch 2.15, torch/serialization.py.
Pickle parse_pickle(std::string_view file, size_t& at, const std::string& where);

}  // namespace roulade
