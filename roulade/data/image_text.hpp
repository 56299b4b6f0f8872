// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>

namespace roulade {

/// What a file says of one picture.
struct ImageText {
  std::optional<std::string> caption;
  std::optional<std::string> label;  ///< as it is written
};

/// By the picture's name, as the file has it.
using ImageTexts = std::map<std::string, ImageText>;

/// Reads metadata.jsonl: an object a line, with file_name, and text or caption, and label (a number or a text) if they
/// are there; other keys are passed over. Throws Error(input) with `where` and line.
ImageTexts parse_metadata_jsonl(std::string_view content, const std::string& where);

/// Reads metadata.csv, whose header has file_name, and text or caption, and label if they are there.
ImageTexts parse_metadata_csv(std::string content, const std::string& where);

/// Reads EDM's dataset.json: {"labels": [["name", class], ...]}, or null in place of the list: no classes, an empty
/// map. Source: Karras et al. 2022, https://github.com/NVlabs/edm, README, "Preparing datasets".
std::map<std::string, int64_t> parse_dataset_json(std::string_view content, const std::string& where);

/// The caption of a JSON file beside a picture, as WebDataset's shards have it: an object whose caption or text is a
/// text or, if neither is there, an empty one. Throws Error(input) for what is no object.
std::string parse_caption_json(std::string_view content, const std::string& where);

/// The text of a caption file on one line, without blanks around it and byte order mark. Throws Error(input) when it is
/// not UTF-8.
std::string parse_caption(std::string_view content, const std::string& where);

}  // namespace roulade
