// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "roulade/io/png_text.hpp"
#include "roulade/run/given_start.hpp"
#include "roulade/run/infotext.hpp"
#include "roulade/run/sampling.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace roulade {

/// The PNG keyword of our own text: all that makes a picture again.
inline constexpr const char* kProvenanceKeyword = "roulade";

/// How a picture, or a sheet of pictures, was sampled.
struct Provenance {
  std::string run;                      ///< folder, as it was given
  std::string weights_sha256;           ///< see weights_sha256()
  std::string weak_sha256;              ///< of the weak network of autoguidance; empty: none, or not known
  std::string encoder_sha256;           ///< of the text encoder in a folder; empty: none, or not known
  std::string formulation;              ///< [schedule] and the prediction, see formulation_of(); empty: not known
  int64_t step = 0;                     ///< of the checkpoint; of a diffusers folder 0
  Table sample, guidance;               ///< every key in force
  uint64_t run_seed = 0;                ///< run.seed, which a fitted grid depends on
  std::string prompt, negative_prompt;  ///< of the one picture, or of all; prompt is empty where they differ
  /// As they were given: picture prompts_first + i has prompt i, in turn; empty: by sample.prompt. A picture of a
  /// folder keeps those alone that passed through the network with its own.
  std::vector<std::string> prompts;
  int64_t prompts_first = 0;
  std::optional<std::string> to_prompt;  ///< that the pictures go to, in even shares
  uint64_t seed = 0;
  std::optional<uint64_t> to_seed;
  int64_t count = 0;                ///< pictures of the set; sample.chunk is how many are made at once
  std::optional<int64_t> index;     ///< of the picture in the set; none: a sheet of all
  bool captions = false;            ///< of the sheet
  int64_t shown = 0;                ///< pictures on the sheet, the first of the set; 0: all
  int64_t across = 0;               ///< pictures in a row of the sheet; 0: as picture_sheet has them
  std::string attention;            ///< the word that they read where the sheet is red; empty: it shows the samples
  bool prompts_as_text = false;     ///< prompts are not read by the grammar of sample.weighted
  std::optional<GivenStart> given;  ///< files that the samples were made from, and how
  std::string class_name;           ///< of the one picture, or of all; empty: none, or several
  int64_t width = 0, height = 0;    ///< pixels of a picture

  /// What the numbers are made by.
  int64_t threads = 0;
  bool exact = false;
  std::vector<std::string> convolutions;  ///< methods that were measured (model/conv_choices.hpp); else empty
  std::string version, build, instruction_set, processor;
  std::string trained_precision;  ///< chosen by measurement when the run was trained; empty: not measured
};

/// The prompts of the pictures 0, 1, ...: in front of prompts_first they are empty.
std::vector<std::string> prompts_from_first(const Provenance& made);

/// Of this process and run; seed, count, index, captions and prompts are the caller's. run: as it was given.
Provenance provenance_of(const TrainedRun& run, const std::string& given_run);

/// The same with the run and the weak network named from the current folder where they lie below it (path_from_here).
Provenance from_here(Provenance made);

/// The SHA-256 of the files that the weights in force come from: a checkpoint's averaged weights, its training state
/// for the raw ones, the snapshots too for an average of another width; of a run on latents the autoencoder's, too; one
/// behind the other in the order of their names.
std::string weights_sha256(const TrainedRun& run);

/// "schedule.kind = ..., denoiser.prediction = ...": what the network's numbers mean, every key in force of [schedule]
/// and [denoiser]; of a schedule by given betas, what they are is told by a SHA-256 of its states' log_snr.
std::string formulation_of(const Recipe& resolved, const Schedule& schedule);

/// "AMD EPYC 9R14": the processor's own name; empty where the system does not say.
std::string processor_name();

/// As JSON, on one line, and back. Throws Error(input) naming `where` for text that is not such JSON: a key is missing,
/// of another kind or out of range, or a later version wrote it.
std::string to_json(const Provenance& made);
Provenance parse_provenance(const std::string& json, const std::string& where);

/// The same for other programs' eyes. Samplers and schedules have the web UI's names where it has them; a class stands
/// under "Class", the place in the set under "Batch size" and "Batch pos", the prompt that pictures go to under "To
/// prompt" and a picture's share of it under "Share", a word whose attention is shown under "Attention". A sheet of
/// several prompts has the first as its prompt, as the web UI's grids do, and the others under "Prompt 2", "Prompt 3",
/// ...: its pictures have them in turn. texts: of each picture of a sheet; empty: made.prompts in turn.
Infotext infotext_of(const Provenance& made, const std::vector<std::string>& texts = {});

/// Both as texts of a PNG file.   texts: as above.
std::vector<PngText> png_texts(const Provenance& made, const std::vector<std::string>& texts = {});

/// One thing that is not as it was. Empty: it was not known.
struct ProvenanceChange {
  std::string what, then, now;
};
/// What differs of all that can change pixels from the outside: weights, given files, text encoder, formulation,
/// version, build, instruction set, processor, threads, exact.
std::vector<ProvenanceChange> changes(const Provenance& then, const Provenance& now);

}  // namespace roulade
