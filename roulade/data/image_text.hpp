// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace roulade {

/// What a file says of one picture.
struct ImageText {
  std::optional<std::string> caption;
  std::optional<std::string> label;   ///< as it is written
  std::vector<std::string> wordings;  ///< of the caption, which is the first; empty: no others are listed
};

/// By the picture's name, as the file has it.
using ImageTexts = std::map<std::string, ImageText>;

/// Reads metadata.jsonl: an object a line, with file_name, and if they are there text or caption, texts (a list of all
/// wordings; the first is the caption where no text says otherwise; empty and equal ones are dropped), and the class
/// under `label_key` (a number or a text); other keys are passed over. Throws Error(input) with `where` and line.
ImageTexts parse_metadata_jsonl(std::string_view content, const std::string& where,
                                const std::string& label_key = "label");

/// Reads metadata.csv, whose header has file_name, and text or caption, and `label_key` if they are there.
ImageTexts parse_metadata_csv(std::string content, const std::string& where, const std::string& label_key = "label");

/// Reads EDM's dataset.json: {"labels": [["name", class], ...]}, or null in place of the list: no classes, an empty
/// map. Source: Karras et al. 2022, https://github.com/NVlabs/edm, README, "Preparing datasets".
std::map<std::string, int64_t> parse_dataset_json(std::string_view content, const std::string& where);

/// The caption and its wordings of a JSON file beside a picture, as WebDataset's shards have it: an object with caption
/// or text, and texts as above, if they are there. Throws Error(input) for what is no object.
ImageText parse_caption_json(std::string_view content, const std::string& where);

/// The text of a caption file on one line, without blanks around it and byte order mark. Throws Error(input) when it is
/// not UTF-8.
std::string parse_caption(std::string_view content, const std::string& where);

}  // namespace roulade
