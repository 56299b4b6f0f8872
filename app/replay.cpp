// SPDX-License-Identifier: Apache-2.0
#include "roulade/run/replay.hpp"

#include "app/command_line.hpp"
#include "app/output.hpp"
#include "app/work.hpp"
#include "roulade/core/error.hpp"
#include "roulade/run/sample_files.hpp"

#include <algorithm>
#include <filesystem>
#include <limits>
#include <memory>
#include <optional>

#include <fmt/format.h>

namespace roulade::app {
namespace {

struct Options {
  std::string picture, run, out, encoder, weak, given, mask;
  std::optional<int64_t> threads;
  bool quiet = false, json = false;
};

constexpr int64_t kMostThreads = 1024;
constexpr int kNotTheSame = static_cast<int>(Code::input);

/// Another program's picture: what it says, and why that does not make it again.
int show(const Options& o, const Infotext& infotext) {
  Description out;
  out.add("file", o.picture);
  out.add("prompt", infotext.prompt);
  out.add("negative_prompt", infotext.negative_prompt);
  Sheet parameters{"parameters", {"name", "value"}, {}};
  for (const auto& [name, value] : infotext.parameters) parameters.rows.push_back({name, value});
  out.sheets.push_back(std::move(parameters));
  out.add("missing", "the text roulade: run, every key of [sample] and [guidance], how many at once, processor");
  print(out, o.json);
  return kNotTheSame;
}

int replay_picture(const Options& o) {
  const PictureTexts texts = read_picture_texts(o.picture);
  if (!texts.made) return show(o, *texts.infotext);
  const Provenance& made = *texts.made;
  if (!o.out.empty()) {
    const std::filesystem::path out = o.out;
    const bool folder = std::filesystem::is_directory(out);
    const bool device = !folder && std::filesystem::exists(out) && !std::filesystem::is_regular_file(out);
    std::string kind = out.has_extension() ? out.extension().string() : "none";
    if (folder) kind = "a folder";
    if (folder || (kind != ".png" && !device)) fail(Code::usage, o.out, "kind of file", ".png", kind);
    check_output(out);
  }
  WorkOptions options;
  options.threads = o.threads.value_or(std::min(made.threads, kMostThreads));
  options.exact = made.exact;
  options.quiet = o.quiet;
  options.json = o.json;
  Work work(options);
  ReplayRequest request;
  request.picture = o.picture;
  request.run = o.run;
  request.out = o.out;
  request.text_path = o.encoder;
  request.weak = o.weak;
  request.given = o.given;
  request.mask = o.mask;
  request.progress = work.progress();
  request.cancel = work.cancel();
  const Replay made_again = replay(made, request);
  if (request.cancel.requested()) return work.stopped("stopped; nothing was written");
  Description out;
  const std::string count = fmt::format("{} picture{}", made_again.pictures, made_again.pictures == 1 ? "" : "s");
  out.add("result", fmt::format("{}: {}", made_again.identical() ? "identical" : "different", count));
  out.add("run", made_again.run.string());
  out.add("step", made.step);
  const bool fits = made.seed <= static_cast<uint64_t>(std::numeric_limits<int64_t>::max());
  out.add("seed", fits ? Cell(static_cast<int64_t>(made.seed)) : Cell(fmt::format("{}", made.seed)));
  if (made.index) out.add("index", *made.index);
  if (!o.out.empty()) out.add("file", o.out);
  if (!made_again.identical()) {
    out.add("different_values", made_again.different);
    out.add("largest_difference", made_again.largest, "of_255");
    out.add("mean_difference", made_again.mean, "of_255");
  }
  if (!made_again.changes.empty()) {
    Sheet changes{"changes", {"what", "then", "now"}, {}};
    for (const ProvenanceChange& one : made_again.changes) changes.rows.push_back({one.what, one.then, one.now});
    out.sheets.push_back(std::move(changes));
  }
  work.finish(out);
  return made_again.identical() ? 0 : kNotTheSame;
}

}  // namespace

void add_replay(CLI::App& root, int& exit_code) {
  const auto o = std::make_shared<Options>();
  CLI::App& command = *root.add_subcommand("replay", "Make a sampled picture again, by the text in it.");
  command.add_option("PICTURE", o->picture, "a .png file that roulade sample or obey wrote")
      ->required()
      ->option_text(" ");
  command.add_option("-o,--out", o->out, "write the new picture there")->option_text("FILE");
  command
      .add_option(
          "--run", o->run,
          "run folder, or one that diffusers saved; default: the\none that the picture names, here or beside it")
      ->option_text("DIR");
  command
      .add_option("--text-encoder", o->encoder,
                  "where the run's text encoder lies, if it has moved\n(text.path); default: where it was")
      ->option_text("DIR");
  command
      .add_option("--weak", o->weak,
                  "where the weak network lies, if it has moved\n(guidance.weak); default: where it was")
      ->option_text("DIR");
  command
      .add_option("--given", o->given,
                  "where the file or folder lies now that the picture was\nmade from (sample --from, --complete)")
      ->option_text("FILE");
  command.add_option("--mask", o->mask, "where the mask of --complete lies now")->option_text("FILE");
  command.add_option("--threads", o->threads, "default: as many as made the picture")
      ->option_text("N")
      ->check(whole(1, kMostThreads));
  command.add_flag("-q,--quiet", o->quiet, "no progress and no messages");
  add_json(command, o->json);
  command.footer(
      "Exit code 3 where the pixels are not the same, or the picture does not say how\n"
      "it was made.\n\n"
      "Example:\n"
      "  roulade replay sevens.png -o again.png");
  command.callback([o, &exit_code] { exit_code = replay_picture(*o); });
}

}  // namespace roulade::app
