// SPDX-License-Identifier: Apache-2.0
#include "roulade/run/tensorboard.hpp"

#include "roulade/core/error.hpp"
#include "roulade/io/image.hpp"

#include <algorithm>
#include <chrono>
#include <system_error>

#include <fmt/format.h>

namespace roulade {
namespace {

constexpr int64_t kPictures = 50;

double wall_time() {
  return std::chrono::duration<double>(std::chrono::system_clock::now().time_since_epoch()).count();
}

// TensorBoard reads the files of a folder in the order of their names. Two processes may start within one second.
std::filesystem::path fresh_file(const std::filesystem::path& folder, int64_t step) {
  std::error_code error;
  std::filesystem::create_directories(folder, error);
  if (error) fail(Code::io, folder.string(), "the folder cannot be made: " + error.message());
  const auto now = static_cast<int64_t>(wall_time());
  for (int64_t n = 0;; ++n) {
    const auto path = folder / fmt::format("events.out.tfevents.{:010}.{:08}.{}.roulade", now, step, n);
    if (!std::filesystem::exists(path)) return path;
  }
}

}  // namespace

TensorBoardLog::TensorBoardLog(const std::filesystem::path& folder, int64_t step, int64_t steps)
    : steps_(steps),
      every_(std::max<int64_t>(steps / kPictures, 1)),
      next_(0),
      file_(fresh_file(folder, step), wall_time()) {
  if (step > 0) file_.restarted(step, wall_time());
}

void TensorBoardLog::row(const MetricRow& row) {
  const double now = wall_time();
  if (row.loss) file_.scalar("loss", row.step, *row.loss, now);
  if (row.lr) file_.scalar("learning_rate", row.step, *row.lr, now);
  if (row.gradient_norm) file_.scalar("gradient_norm", row.step, *row.gradient_norm, now);
  if (row.validation) file_.scalar("validation_loss", row.step, *row.validation, now);
}

void TensorBoardLog::samples(const TrainPreview& preview, const DataFacts& facts) {
  if (preview.samples.rows == 0 || (preview.step < next_ && preview.step != steps_)) return;
  next_ = preview.step + every_;
  const std::string png = preview_png(preview, facts);
  const Image size = parse_png(png, "preview");
  file_.image("samples", preview.step, png, static_cast<int>(size.width), static_cast<int>(size.height), wall_time());
}

}  // namespace roulade
