// SPDX-License-Identifier: Apache-2.0
#include "roulade/model/inception.hpp"

#include <initializer_list>

#include <ATen/ops/avg_pool2d.h>
#include <ATen/ops/cat.h>
#include <ATen/ops/max_pool2d.h>
#include <ATen/ops/relu.h>

namespace roulade {
namespace {

constexpr double kEps = 1e-3;

struct Layer {
  const char* name;
  int64_t in, out, height, width;
  int64_t stride = 1;
  bool padded = true;  ///< so that stride 1 keeps the size
};

using Layers = std::initializer_list<Layer>;

constexpr Layer kStem[] = {{"Conv2d_1a_3x3", 3, 32, 3, 3, 2, false},
                           {"Conv2d_2a_3x3", 32, 32, 3, 3, 1, false},
                           {"Conv2d_2b_3x3", 32, 64, 3, 3},
                           {"Conv2d_3b_1x1", 64, 80, 1, 1},
                           {"Conv2d_4a_3x3", 80, 192, 3, 3, 1, false}};

/// Calls add(block, layer) for each layer of the blocks.
template <class Add>
void list_blocks(Add add) {
  const auto block = [&](const std::string& name, Layers layers) {
    for (const Layer& layer : layers) add(name + ".", layer);
  };
  const auto a = [&](const std::string& name, int64_t in, int64_t pool) {
    block(name, {{"branch1x1", in, 64, 1, 1},
                 {"branch5x5_1", in, 48, 1, 1},
                 {"branch5x5_2", 48, 64, 5, 5},
                 {"branch3x3dbl_1", in, 64, 1, 1},
                 {"branch3x3dbl_2", 64, 96, 3, 3},
                 {"branch3x3dbl_3", 96, 96, 3, 3},
                 {"branch_pool", in, pool, 1, 1}});
  };
  const auto c = [&](const std::string& name, int64_t mid) {
    block(name, {{"branch1x1", 768, 192, 1, 1},
                 {"branch7x7_1", 768, mid, 1, 1},
                 {"branch7x7_2", mid, mid, 1, 7},
                 {"branch7x7_3", mid, 192, 7, 1},
                 {"branch7x7dbl_1", 768, mid, 1, 1},
                 {"branch7x7dbl_2", mid, mid, 7, 1},
                 {"branch7x7dbl_3", mid, mid, 1, 7},
                 {"branch7x7dbl_4", mid, mid, 7, 1},
                 {"branch7x7dbl_5", mid, 192, 1, 7},
                 {"branch_pool", 768, 192, 1, 1}});
  };
  const auto e = [&](const std::string& name, int64_t in) {
    block(name, {{"branch1x1", in, 320, 1, 1},
                 {"branch3x3_1", in, 384, 1, 1},
                 {"branch3x3_2a", 384, 384, 1, 3},
                 {"branch3x3_2b", 384, 384, 3, 1},
                 {"branch3x3dbl_1", in, 448, 1, 1},
                 {"branch3x3dbl_2", 448, 384, 3, 3},
                 {"branch3x3dbl_3a", 384, 384, 1, 3},
                 {"branch3x3dbl_3b", 384, 384, 3, 1},
                 {"branch_pool", in, 192, 1, 1}});
  };
  a("Mixed_5b", 192, 32);
  a("Mixed_5c", 256, 64);
  a("Mixed_5d", 288, 64);
  block("Mixed_6a", {{"branch3x3", 288, 384, 3, 3, 2, false},
                     {"branch3x3dbl_1", 288, 64, 1, 1},
                     {"branch3x3dbl_2", 64, 96, 3, 3},
                     {"branch3x3dbl_3", 96, 96, 3, 3, 2, false}});
  c("Mixed_6b", 128);
  c("Mixed_6c", 160);
  c("Mixed_6d", 160);
  c("Mixed_6e", 192);
  block("Mixed_7a", {{"branch3x3_1", 768, 192, 1, 1},
                     {"branch3x3_2", 192, 320, 3, 3, 2, false},
                     {"branch7x7x3_1", 768, 192, 1, 1},
                     {"branch7x7x3_2", 192, 192, 1, 7},
                     {"branch7x7x3_3", 192, 192, 7, 1},
                     {"branch7x7x3_4", 192, 192, 3, 3, 2, false}});
  e("Mixed_7b", 1280);
  e("Mixed_7c", 2048);
}

Tensor mean_around(const Tensor& x) { return at::avg_pool2d(x, {3, 3}, {1, 1}, {1, 1}, false, false); }

Tensor largest_around(const Tensor& x) { return at::max_pool2d(x, {3, 3}, {1, 1}, {1, 1}); }

Tensor halved(const Tensor& x) { return at::max_pool2d(x, {3, 3}, {2, 2}); }

}  // namespace

FidInception::FidInception(const NamedTensors& weights) {
  const auto add = [&](const std::string& block, const Layer& layer) {
    const std::string name = block + layer.name;
    FoldedConv conv(weights, name + ".conv", name + ".bn", {layer.out, layer.in, layer.height, layer.width}, kEps);
    conv.stride = layer.stride;
    if (layer.padded) conv.padding = {layer.height / 2, layer.width / 2};
    layers_.emplace(name, std::move(conv));
  };
  for (const Layer& layer : kStem) add("", layer);
  list_blocks(add);
}

Tensor FidInception::layer(const std::string& name, const Tensor& x) const {
  Tensor y = layers_.at(name).forward(x);
  return at::relu_(y);
}

Tensor FidInception::chain(const std::string& block, std::initializer_list<const char*> names, Tensor x) const {
  for (const char* name : names) x = layer(block + "." + name, x);
  return x;
}

Tensor FidInception::block_a(const std::string& name, const Tensor& x) const {
  return at::cat({chain(name, {"branch1x1"}, x), chain(name, {"branch5x5_1", "branch5x5_2"}, x),
                  chain(name, {"branch3x3dbl_1", "branch3x3dbl_2", "branch3x3dbl_3"}, x),
                  chain(name, {"branch_pool"}, mean_around(x))},
                 1);
}

Tensor FidInception::block_b(const std::string& name, const Tensor& x) const {
  return at::cat({chain(name, {"branch3x3"}, x), chain(name, {"branch3x3dbl_1", "branch3x3dbl_2", "branch3x3dbl_3"}, x),
                  halved(x)},
                 1);
}

Tensor FidInception::block_c(const std::string& name, const Tensor& x) const {
  return at::cat(
      {chain(name, {"branch1x1"}, x), chain(name, {"branch7x7_1", "branch7x7_2", "branch7x7_3"}, x),
       chain(name, {"branch7x7dbl_1", "branch7x7dbl_2", "branch7x7dbl_3", "branch7x7dbl_4", "branch7x7dbl_5"}, x),
       chain(name, {"branch_pool"}, mean_around(x))},
      1);
}

Tensor FidInception::block_d(const std::string& name, const Tensor& x) const {
  return at::cat({chain(name, {"branch3x3_1", "branch3x3_2"}, x),
                  chain(name, {"branch7x7x3_1", "branch7x7x3_2", "branch7x7x3_3", "branch7x7x3_4"}, x), halved(x)},
                 1);
}

Tensor FidInception::block_e(const std::string& name, const Tensor& x, bool maximum) const {
  const Tensor single = chain(name, {"branch3x3_1"}, x);
  const Tensor twofold = chain(name, {"branch3x3dbl_1", "branch3x3dbl_2"}, x);
  return at::cat(
      {chain(name, {"branch1x1"}, x), chain(name, {"branch3x3_2a"}, single), chain(name, {"branch3x3_2b"}, single),
       chain(name, {"branch3x3dbl_3a"}, twofold), chain(name, {"branch3x3dbl_3b"}, twofold),
       chain(name, {"branch_pool"}, maximum ? largest_around(x) : mean_around(x))},
      1);
}

Tensor FidInception::features(const Tensor& x) const {
  Tensor h = x.contiguous(at::MemoryFormat::ChannelsLast);
  for (const char* name : {"Conv2d_1a_3x3", "Conv2d_2a_3x3", "Conv2d_2b_3x3"}) h = layer(name, h);
  h = halved(h);
  for (const char* name : {"Conv2d_3b_1x1", "Conv2d_4a_3x3"}) h = layer(name, h);
  h = halved(h);
  for (const char* name : {"Mixed_5b", "Mixed_5c", "Mixed_5d"}) h = block_a(name, h);
  h = block_b("Mixed_6a", h);
  for (const char* name : {"Mixed_6b", "Mixed_6c", "Mixed_6d", "Mixed_6e"}) h = block_c(name, h);
  h = block_d("Mixed_7a", h);
  h = block_e("Mixed_7b", h, false);
  return block_e("Mixed_7c", h, true).mean({2, 3});
}

}  // namespace roulade
