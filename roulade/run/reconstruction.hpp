// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "roulade/report/content.hpp"
#include "roulade/run/evaluation.hpp"
#include "roulade/run/sampling.hpp"

#include <cstdint>
#include <string>
#include <vector>

namespace roulade {

// What a run that trained an autoencoder does with pictures. All pictures are in the data's units, [rows, C H W].

/// Pictures encoded, and the mean of their latents decoded, cut to what lies between black and white; a few at once.
Points reconstruct(const TrainedRun& run, const Points& pictures);

/// The rows of request.editing, reconstructed: what sampling is to an autoencoder. Throws Error(usage) where no whole
/// rows are given, or something that only noise can begin with.
PointSamples reconstruct_given(const TrainedRun& run, const SampleRequest& request);

/// Rows of `across` pictures and below each those that are made of them.
Points beside_reconstructions(const TrainedRun& run, const Points& pictures, int64_t across);

/// Over the test part, with standard errors over pictures: mean_absolute_error of a pixel's number in levels of 0 to
/// 255; psnr = 10 log10(255^2 / mean squared error) in dB, the mean over pictures; latent_mean and latent_deviation of
/// scaled draws; divergence KL(q || N(0, I)) of a picture in nats. Each picture counts as a pair with its
/// reconstruction. Throws Error(input) where there is no test part.
Evaluation evaluate_reconstruction(const TrainedRun& run, const ProgressFn& progress, const Cancel& cancel);

/// The figures above, by name.
const std::vector<std::string>& reconstruction_figures();

/// A sheet of pictures beside their reconstructions.
void add_reconstructions(ReportContent& content, const TrainedRun& run, const Points& pictures);

}  // namespace roulade
