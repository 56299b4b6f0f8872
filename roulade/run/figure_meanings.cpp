// SPDX-License-Identifier: Apache-2.0
#include "roulade/run/figure_meanings.hpp"

#include <string_view>

namespace roulade {
namespace {

using Aim = ReportFigure::Aim;

constexpr FigureMeaning kMeanings[] = {
    {"sliced_wasserstein", "sliced W1", "mean distance between sorted projections", Aim::lower},
    {"energy", "energy distance", "0 when both sets have one law", Aim::lower},
    {"precision", "precision", "share of samples that lie among the data", Aim::higher},
    {"recall", "recall", "share of the data that the samples reach", Aim::higher},
    {"curve_distance", "distance from the curve", "mean, relative to real data: 1 = as real", Aim::floor},
    {"off_curve", "over 4 sigma off", "share of samples that far from the curve", Aim::lower},
    {"modes", "modes", "components of the mixture that hold at least a tenth of their share", Aim::higher},
    {"off_modes", "off all modes", "share of samples over 4 sigma from every component", Aim::lower},
    {"mode_kl", "mode shares", "divergence of the components' shares from the data's", Aim::lower},
    {"arc_coverage", "arc coverage", "share of the curve's arcs that hold samples", Aim::higher},
    {"recognised", "recognised", "share whose nearest training points have the class", Aim::higher},
    {"frechet", "Fréchet distance", "between Gaussians fitted to features", Aim::lower},
    {"kid", "KID", "kernel distance of features; 0 when both sets have one law", Aim::lower},
    {"kid_deviation", "KID's deviation", "over subsets", Aim::floor},
    {"density", "density", "real balls that hold a sample, 1 = as real", Aim::floor},
    {"knn_coverage", "coverage", "share of real points with a sample near", Aim::higher},
    {"class_accuracy", "class accuracy", "share that the judge takes for the class asked for", Aim::higher},
    {"class_spread", "spread within classes", "variance of a class's samples beside real ones'", Aim::floor},
    {"least_class_spread", "least spread in a class", "of the class where it is least", Aim::floor},
    {"mmd2", "MMD²", "kernel distance; 0 when both sets have one law", Aim::lower},
    {"wasserstein2", "Wasserstein-2", "root mean square distance of the best pairing", Aim::lower},
    {"classifier_accuracy", "told apart", "share that a classifier gets right; 0.5 is guessing", Aim::lower},
    {"classifier_z", "told apart, z", "that share's distance from guessing in its deviations", Aim::lower},
    {"copied_share", "copied", "share of samples nearer to training points than real ones are", Aim::lower},
    {"copying_z", "copying, z", "above 3 copies of training points, below -3 off the data", Aim::floor},
    {"mean_absolute_error", "mean absolute error", "of a pixel's value, 0 to 255", Aim::lower},
    {"psnr", "PSNR", "peak signal-to-noise ratio in dB, mean over pictures", Aim::higher},
    {"latent_mean", "mean of the latents", "scaled as a denoiser meets them", Aim::floor},
    {"latent_deviation", "deviation of the latents", "scaled: 1 is wanted", Aim::floor},
    {"divergence", "divergence", "of a picture's latents from N(0, I), in nats", Aim::lower},
};

size_t length(const FigureMeaning* of) { return of == nullptr ? 0 : std::string_view(of->name).size(); }

}  // namespace

bool is_figure_of(const std::string& figure, const std::string& name) {
  return figure == name || figure.starts_with(name + "_");
}

const FigureMeaning* meaning_of(const std::string& figure) {
  const FigureMeaning* out = nullptr;
  for (const FigureMeaning& one : kMeanings)
    if (is_figure_of(figure, one.name) && length(&one) > length(out)) out = &one;
  return out;
}

}  // namespace roulade
