// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "roulade/core/tensor.hpp"
#include "roulade/io/image.hpp"
#include "roulade/model/folded_conv.hpp"

#include <cstdint>
#include <functional>
#include <string>

namespace roulade::features {

/// The vectors of all pictures (see Features::of), one after the other in each thread, so that none depends on those
/// beside it. vector: of a picture of 1 or 3 channels to float [1, width]; called from several threads.
Tensor each_picture(const Tensor& pictures, int64_t width, const std::string& where,
                    const std::function<Tensor(const Image&)>& vector);

/// The picture as float [1, 3, H, W], channels last, values 0 to 255; grey is in all three.
Tensor rgb_of(const Image& picture);

/// The weights in the file `path`; without one, Error(usage) says that `expected` was.
NamedTensors weights_for(const std::string& where, const std::string& path, const std::string& expected);

/// The file of EfficientNet-lite0's weights: the one that is given, or where ./dev data lite0 leaves it, or "".
std::string lite0_file(const std::string& given);
inline constexpr auto kLite0Expected = "datasets/lite0/efficientnet-lite0-57934424.pth, which ./dev data lite0 brings";

}  // namespace roulade::features
