// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <limits>
#include <string>
#include <vector>

namespace roulade {

/// (PlotPoints, not PointSet: that name is taken by the sets that are judged.)
/// Rows of points to draw, in the units of the axes, with an optional class each.
struct PlotPoints {
  int64_t width = 0;            ///< columns
  std::vector<double> values;   ///< [rows * width], row after row; values that are not finite are not drawn
  std::vector<int64_t> labels;  ///< [rows], or empty: no classes; below 0 = without a class

  int64_t rows() const { return width > 0 ? static_cast<int64_t>(values.size()) / width : 0; }
};

/// Points at one time of the forward or the reverse process.
struct ReportFrame {
  double t = 0;                ///< in [0, 1], 0 = data
  std::string label;           ///< what is shown, e.g. "t = 0.75"; empty = made from t
  std::vector<double> values;  ///< [rows * width] as in PlotPoints; row i is the same point in every frame
};

/// The noise schedule over t. Infinite log_snr is allowed and breaks the curve.
struct ScheduleCurves {
  std::vector<double> t, alpha, sigma, log_snr;  ///< of one length, t ascending
  std::vector<double> grid;                      ///< times that sampling visits; may be empty
};

struct LossCurves {
  std::vector<double> step, loss;                        ///< of one length
  std::vector<double> validation_step, validation_loss;  ///< of one length; may be empty
};

/// Where noise carries points at one noise level, in the data's units; two columns. Points are shrunk as in the frames
/// of sampling, so that all levels fit one picture.
struct FieldLevel {
  double t = 0;
  std::string label;            ///< "sigma/alpha = 0.40"
  std::vector<double> from;     ///< [arrows * 2]
  std::vector<double> towards;  ///< [arrows * 2] directions; only their lengths beside each other count
  std::vector<double> cloud;    ///< [rows * 2] noised data; may be empty
};

/// The field that a network makes of noise, and the ways of some samples through it.
struct VectorField {
  std::vector<FieldLevel> levels;          ///< noise first
  std::vector<double> path_times;          ///< falling
  std::vector<std::vector<double>> paths;  ///< of each sample [path_times * 2]
  std::string note;                        ///< e.g. which class; may be empty
};

/// How far the network's estimates are off on held-out points, by noise level.
struct LevelErrors {
  std::vector<double> log_snr;   ///< ascending
  std::vector<double> x0, eps;   ///< of one length: mean squared error of one coordinate, in the model's units
  std::vector<double> target;    ///< of what the network predicts, where that is neither; may be empty
  std::string target_name;       ///< "v"
  std::vector<double> least_x0;  ///< the least that any network can reach, where it is known; may be empty
  std::string note;              ///< which points
};

/// Numbers of points, or a density, in equal cells of a rectangle, each divided by what it would be if all mass were
/// evenly spread over it.
struct DensityMap {
  std::string name;            ///< "samples"
  int64_t across = 0, up = 0;  ///< cells
  double low_x = 0, high_x = 1, low_y = 0, high_y = 1;
  std::vector<double> density;  ///< [up * across], row after row from the bottom
};

/// Errors of samples against what they cost, for one way to make them.
struct CostCurve {
  std::string name;
  std::vector<double> cost;                        ///< network calls, or seconds; above 0
  std::vector<double> sliced_wasserstein, energy;  ///< of one length; energy may be empty; not finite = failed
  std::vector<double> distance;  ///< mean, from the exact solution; may be empty; not finite = failed, or there is none
};

/// Several ways side by side.
struct CostCurves {
  std::vector<CostCurve> curves;
  double floor = std::numeric_limits<double>::quiet_NaN();         ///< of sliced_wasserstein; not finite = unknown
  double energy_floor = std::numeric_limits<double>::quiet_NaN();  ///< spread of real data's energy distance
  std::string note;
};

/// A figure of merit: the mean over pairs of sets, beside the same for fresh data against fresh data.
struct ReportFigure {
  /// Where good values lie: below, above, or as near to the floor as can be.
  enum class Aim { lower, higher, floor };

  std::string name;     ///< "sliced W1"
  std::string meaning;  ///< one short sentence; may be empty
  Aim aim = Aim::lower;
  double generated = 0;                                               ///< NaN = unknown
  double generated_error = std::numeric_limits<double>::quiet_NaN();  ///< standard error; not finite = unknown
  double floor = std::numeric_limits<double>::quiet_NaN();            ///< not finite = unknown
  double floor_error = std::numeric_limits<double>::quiet_NaN();
};

struct ReportFact {
  std::string name, value;
};

/// Pictures that are there already.
struct ReportSheet {
  std::string name;  ///< of the file, without its ending
  std::string title, caption;
  std::string png;  ///< the bytes of the file
};

/// A picture, with words below it that a reader can select.
struct CaptionedPicture {
  std::string png;    ///< the bytes of the file
  int64_t width = 0;  ///< its pixels across; a small one is enlarged, each pixel a square
  std::string caption;
};

/// Pictures beside each other, below the text that they have in common.
struct PictureRow {
  std::string text;  ///< may be empty
  std::vector<CaptionedPicture> pictures;
};

/// Rows of pictures of a network that reads texts, with one heading.
struct ReportGallery {
  std::string name;  ///< of the element, for links to it; runs side by side are shown by galleries of one name
  std::string title, note;
  std::vector<PictureRow> rows;
};

/// Whether pictures show what their texts ask for: shares that judges find right, and some of the pictures.
struct ReportObedience {
  struct Figure {
    std::string name;  ///< "colour"
    double samples = 0, samples_error = 0;
    double real = 0, real_error = 0;  ///< the same of real pictures with these texts
    double chance = 0;
    bool rank() const { return name == "retrieval_median"; }     ///< lower is better; all others are shares
    bool pairs() const { return name.starts_with("kept_on_"); }  ///< of pairs whose first is right; else of pictures
  };
  std::string name;   ///< of the element: "obedience-test"
  std::string texts;  ///< which: "never trained on"
  std::string note;
  std::vector<Figure> figures;
  std::string png;                   ///< the bytes of a sheet of pictures; may be empty
  std::vector<std::string> prompts;  ///< theirs, row after row; may be empty
  std::string options{};             ///< of `roulade obey`, that ask for the same; empty where that is not known
};

/// Everything that a report shows. Whatever is empty is left out of it.
struct ReportContent {
  std::string title;
  std::string summary;               ///< one paragraph
  std::vector<std::string> columns;  ///< names, as many as data.width
  PlotPoints data, samples;          ///< in the data's units
  /// Samples on their way from noise to data, in the data's units, noise first (frames of the reverse process).
  std::vector<ReportFrame> frames;
  std::vector<int64_t> frame_labels;       ///< [rows of a frame] classes, or empty
  std::vector<ReportFrame> noising;        ///< data on their way to noise, in the model's units, data first
  std::vector<ReportGallery> galleries;    ///< in front of all else
  std::vector<ReportObedience> obedience;  ///< then these
  std::vector<ReportSheet> sheets;         ///< then these
  ScheduleCurves schedule;
  LossCurves loss;
  LevelErrors level_errors;
  VectorField field;
  std::vector<DensityMap> densities;  ///< drawn side by side on one scale, the first one's
  CostCurves samplers;                ///< cost: network calls a sample
  CostCurves training;                ///< cost: seconds of training
  std::vector<ReportFigure> figures;
  double sample_seconds = 0;            ///< for one picture; 0 = not measured
  std::string figures_note;             ///< e.g. "20 pairs of 10,000 points, test split"
  std::string recipe;                   ///< TOML text
  std::vector<std::string> commands;    ///< how to reproduce it, one line each
  std::vector<ReportFact> environment;  ///< version, instruction set, threads, seed, times, ...
};

}  // namespace roulade
