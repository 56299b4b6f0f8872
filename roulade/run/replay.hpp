// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "roulade/run/provenance.hpp"

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

namespace roulade {

/// What a PNG file says of how it was made.
struct PictureTexts {
  std::optional<Provenance> made;    ///< of roulade
  std::optional<Infotext> infotext;  ///< of the web UI's form
};
/// Throws Error(io), Error(input): no PNG file, damaged, or neither text in it.
PictureTexts read_picture_texts(const std::filesystem::path& picture);

/// The settings of [sample], [guidance] and run.seed as overrides for open_run_or_folder.
std::vector<std::string> overrides_of(const Provenance& made);

/// The run that a picture names: as it was given, else from the picture's folder on, else the picture's folder
/// (RUN/obedience-test.png) or the one that holds it (RUN/samples/NAME.png), else one of its name beside the picture.
/// Throws Error(io) naming where it looked.
std::filesystem::path find_replayed_run(const Provenance& made, const std::filesystem::path& picture);

/// A file that a picture was made from: as it was given, from the picture's folder on, or of that name beside the
/// picture; the first of these bytes, else the first of that path. Throws Error(io) naming where it looked.
std::filesystem::path find_given(const std::string& given, const std::string& sha256,
                                 const std::filesystem::path& picture);

/// The weak network that guided a picture's samples (a run's folder, or that of a checkpoint): as it was given, from
/// the picture's folder on, or from `run` on as it was from the run then; the first of these weights, else the first
/// that is there. Empty: none guided them. Throws Error(io) naming where it looked.
std::filesystem::path find_weak(const Provenance& made, const std::filesystem::path& picture,
                                const std::filesystem::path& run);

struct ReplayRequest {
  std::filesystem::path picture;
  std::filesystem::path run;        ///< empty: find_replayed_run
  std::filesystem::path text_path;  ///< where the run's text encoder lies now; empty: where the run says
  std::filesystem::path weak;       ///< where the weak network that guides it lies now; empty: find_weak
  std::filesystem::path given;      ///< where the file lies that the picture was made from; empty: find_given
  std::filesystem::path mask;       ///< the same of its mask
  std::filesystem::path out;        ///< where the new file goes; empty: nowhere
  ProgressFn progress;
  Cancel cancel;
};

/// A picture made again.
struct Replay {
  std::filesystem::path run;
  std::string png;                        ///< the new file's bytes; empty after a cancel
  int64_t pictures = 0;                   ///< on it
  int64_t different = 0;                  ///< values of pixels that are not the same
  int64_t largest = 0;                    ///< difference of them, of 255
  double mean = 0;                        ///< over all values
  std::vector<ProvenanceChange> changes;  ///< of what makes the numbers
  bool identical() const { return different == 0; }
};

/// Samples as the picture's text says, with this process's threads, and compares the pixels. Of a set, only the samples
/// that were made together with the picture are. Throws what opening, reading and sampling throw; Error(usage) for a
/// picture of an earlier version that was made from given files, of which it does not say how; Error(input) where the
/// new picture has another size, nothing is written then.
Replay replay(const Provenance& made, const ReplayRequest& request);

}  // namespace roulade
