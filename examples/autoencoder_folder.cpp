// SPDX-License-Identifier: Apache-2.0
// Pictures to latents and back: opens an autoencoder's folder, or writes one with drawn weights into vae/ first. What
// it answers lies in answers.safetensors, for tools/autoencoder_check.py to compare with diffusers.
#include "roulade/core/error.hpp"
#include "roulade/core/process.hpp"
#include "roulade/io/tensor_file.hpp"
#include "roulade/latent/autoencoder_files.hpp"
#include "roulade/latent/tiling.hpp"

#include <cstdio>

#include <ATen/TensorOperators.h>
#include <ATen/core/grad_mode.h>
#include <ATen/ops/arange.h>
#include <ATen/ops/sin.h>

namespace {

void write_drawn(const std::string& folder) {
  roulade::AutoencoderConfig config;
  config.block_out_channels = {32, 64, 64};
  config.down_block_types = {3, "DownEncoderBlock2D"};
  config.up_block_types = {3, "UpDecoderBlock2D"};
  config.norm_num_groups = 16;
  config.latent_channels = 16;
  config.shift_factor = 0.1;
  config.scaling_factor = 0.4;
  roulade::write_autoencoder(folder, roulade::AutoencoderKl(config, 5));
}

/// Waves in -1 to 1.   [2, channels, 72, 104]
at::Tensor picture(int64_t channels) {
  const auto at = [](int64_t n) { return at::arange(n, at::kFloat); };
  return at::sin(0.13 * at(72).view({1, 1, 72, 1}) * (1 + at(2).view({2, 1, 1, 1})) +
                 0.07 * at(104).view({1, 1, 1, 104}) + at(channels).view({1, channels, 1, 1}));
}

}  // namespace

int main(int argc, char** argv) try {
  const std::string folder = argc > 1 ? argv[1] : "vae";
  if (argc < 2) write_drawn(folder);
  const auto autoencoder = roulade::open_autoencoder(folder);
  const at::NoGradGuard no_grad;
  roulade::set_exact(true);  // sums as they are written, to compare
  const at::Tensor x = picture(autoencoder->config().in_channels);
  const roulade::LatentGaussian q = autoencoder->encode(x);
  const at::Tensor scaled = autoencoder->scaled(q.mode());  // what a denoiser would see
  const at::Tensor whole = autoencoder->decode(q.mode());
  const at::Tensor tiled = roulade::tiled_decode(*autoencoder, q.mode(), {.tile = 12, .overlap = 6, .margin = 1});
  roulade::write_tensors(
      "answers.safetensors",
      {{"x", x}, {"mean", q.mean}, {"log_variance", q.log_variance}, {"scaled", scaled}, {"picture", whole}});
  std::printf("latents of deviation %.3f; by tiles %.3f from the whole picture at most\n", scaled.std().item<double>(),
              (tiled - whole).abs().max().item<double>());
  return tiled.sizes() == whole.sizes() ? 0 : 1;
} catch (const roulade::Error& error) {
  std::fprintf(stderr, "autoencoder_folder: %s\n", error.what());
  return static_cast<int>(error.code());
}
