// SPDX-License-Identifier: Apache-2.0
#include "roulade/core/error.hpp"
#include "roulade/io/atomic.hpp"
#include "roulade/io/file.hpp"
#include "roulade/latent/autoencoder_files.hpp"
#include "small.hpp"
#include "tests/io/scratch.hpp"

#include <ATen/ops/zeros.h>
#include <gtest/gtest.h>

namespace roulade {
namespace {

namespace fs = std::filesystem;
using namespace test;

constexpr const char* kFile = "diffusion_pytorch_model.safetensors";

std::map<std::string, Tensor> weights_of(const AutoencoderKl& autoencoder) {
  std::map<std::string, Tensor> out;
  for (const auto& [name, weight] : autoencoder.parameters()) out[name] = weight.stored().detach();
  return out;
}

struct Saved {
  Scratch scratch;
  fs::path folder = scratch / "vae";
  AutoencoderKl autoencoder{small_autoencoder(), 3};
  Tensor x = rule("x", {1, 3, 8, 8}).to(at::kFloat);

  Saved() {
    fill(autoencoder, at::kFloat);
    for (const auto& [name, weight] : autoencoder.parameters()) weight.stored().requires_grad_(false);
    write_autoencoder(folder, autoencoder);
  }
  void expect_refused(const std::string& part) const {
    try {
      open_autoencoder(folder);
      ADD_FAILURE() << part;
    } catch (const Error& e) {
      EXPECT_NE(std::string(e.what()).find(part), std::string::npos) << e.what();
    }
  }
};

TEST(AutoencoderFiles, ComeBackAsTheyWere) {
  const Saved saved;
  const auto again = open_autoencoder(saved.folder);
  EXPECT_EQ(autoencoder_config_text(again->config()), autoencoder_config_text(saved.autoencoder.config()));
  const Tensor z = again->encode(saved.x).mode();
  EXPECT_TRUE(z.equal(saved.autoencoder.encode(saved.x).mode()));
  EXPECT_TRUE(again->decode(z).equal(saved.autoencoder.decode(z)));
  EXPECT_FALSE(z.requires_grad());
  EXPECT_TRUE(open_autoencoder(saved.folder, true)->decode(z).requires_grad());
  const TensorFile file = read_tensors(saved.folder / kFile);
  EXPECT_EQ(file.metadata.at("format"), "pt");
  EXPECT_TRUE(file.tensors.contains("encoder.down_blocks.0.downsamplers.0.conv.weight"));
  EXPECT_TRUE(file.tensors.contains("decoder.mid_block.attentions.0.to_out.0.bias"));
}

TEST(AutoencoderFiles, OtherWeightsAreWrittenInPlaceOfItsOwn) {
  const Saved saved;
  std::map<std::string, Tensor> halved = weights_of(saved.autoencoder);
  for (auto& [name, tensor] : halved) tensor = tensor / 2;
  write_autoencoder(saved.folder, saved.autoencoder, halved);
  const auto again = open_autoencoder(saved.folder);
  for (const auto& [name, tensor] : weights_of(*again)) EXPECT_TRUE(tensor.equal(halved.at(name))) << name;
  halved.erase("quant_conv.bias");
  EXPECT_THROW(write_autoencoder(saved.folder, saved.autoencoder, halved), Error);
  EXPECT_TRUE(weights_of(*open_autoencoder(saved.folder)).contains("quant_conv.bias"));
}

TEST(AutoencoderFiles, OldNamesAndHalvesAreRead) {
  const Saved saved;
  std::map<std::string, Tensor> old;
  for (const auto& [name, tensor] : weights_of(saved.autoencoder)) {
    std::string was = name;
    for (const auto& [now, before] : std::map<std::string, std::string>{
             {".to_q.", ".query."}, {".to_k.", ".key."}, {".to_v.", ".value."}, {".to_out.0.", ".proj_attn."}})
      if (const size_t at = was.find(now); at != std::string::npos) was.replace(at, now.size(), before);
    old[was] = tensor.to(at::kHalf);
  }
  EXPECT_TRUE(old.contains("encoder.mid_block.attentions.0.proj_attn.weight"));
  write_tensors(saved.folder / kFile, old);
  const auto read = weights_of(*open_autoencoder(saved.folder));
  for (const auto& [name, tensor] : weights_of(saved.autoencoder))
    EXPECT_TRUE(read.at(name).equal(tensor.to(at::kHalf).to(at::kFloat))) << name;
}

TEST(AutoencoderFiles, WhatDoesNotFitIsRefusedByName) {
  const Saved saved;
  const std::map<std::string, Tensor> whole = weights_of(saved.autoencoder);
  const auto with = [&](const std::function<void(std::map<std::string, Tensor>&)>& change) {
    std::map<std::string, Tensor> changed = whole;
    change(changed);
    write_tensors(saved.folder / kFile, changed);
  };
  with([](auto& w) { w.erase("decoder.conv_in.bias"); });
  saved.expect_refused("decoder.conv_in.bias");
  with([](auto& w) { w["decoder.conv_in.bias"] = at::zeros({31}); });
  saved.expect_refused("decoder.conv_in.bias");
  with([](auto& w) { w["decoder.conv_in.bias"] = at::zeros({32}, at::kLong); });
  saved.expect_refused("decoder.conv_in.bias");
  with([](auto& w) { w["loss.logvar"] = at::zeros({1}); });
  saved.expect_refused("loss.logvar");
  with([](auto&) {});
  write_file_atomically(saved.folder / "config.json", R"({"block_out_channels":[16,32],"norm_type":"spatial"})");
  saved.expect_refused("norm_type");
  fs::remove(saved.folder / "config.json");
  saved.expect_refused("config.json");
}

TEST(AutoencoderFiles, AMisfitChangesNoWeight) {
  const Saved saved;
  const std::map<std::string, Tensor> before = weights_of(saved.autoencoder);
  std::map<std::string, Tensor> other = before;
  for (auto& [name, tensor] : other) tensor = tensor + 1;
  other.erase("quant_conv.weight");  // near the end of the list
  EXPECT_THROW(adopt_weights(saved.autoencoder, other, false, "test"), Error);
  for (const auto& [name, tensor] : weights_of(saved.autoencoder)) EXPECT_TRUE(tensor.equal(before.at(name))) << name;
}

}  // namespace
}  // namespace roulade
