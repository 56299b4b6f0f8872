// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "roulade/core/options.hpp"

#include <optional>
#include <string>
#include <vector>

namespace roulade {

/// What another program's name of a sampler means here.
struct Spelling {
  std::string sampler;
  Table options{};
  std::string grid{};  ///< empty: the name says none
  Table grid_options{};
};

/// The meaning of a name of
///   A1111:       "Euler a", "DPM++ 2M Karras", "DPM++ 2M SDE SGM Uniform", ...: a label, behind it the schedule's; a
///                bare label has the schedule that A1111 takes by itself ("Automatic")
///   ComfyUI:     "dpm_2_ancestral", "uni_pc", ...
///   k-diffusion: "sample_euler_ancestral", ...
///   diffusers:   a class, "DPMSolverMultistepScheduler", with its default options (diffusers_names.hpp)
/// Upper and lower case are one. None where the name is unknown or its sampler is not on the list.
std::optional<Spelling> find_spelling(const std::string& name);

/// The meaning of another program's name of a grid: "Karras", "SGM Uniform", "ddim_uniform", "normal". Its sampler is
/// empty. None where the name is unknown.
std::optional<Spelling> find_grid_spelling(const std::string& name);

/// Names that find_spelling() knows and whose sampler is on the list; of one sampler, or of all. A1111's labels stand
/// without and with " Karras".
std::vector<std::string> spellings(const std::string& sampler = "");

/// Names that find_grid_spelling() knows; of one grid, or of all.
std::vector<std::string> grid_spellings(const std::string& grid = "");

/// The other way: A1111's label of a sampler with these options, and of a grid, as its texts name them ("DPM++ 2M" and
/// "Karras"). Empty where A1111 has none that means the same.   options: those of [sample], all that are in force.
std::string a1111_sampler(const std::string& sampler, const Table& options);
std::string a1111_schedule(const std::string& grid, const Table& options);

}  // namespace roulade
