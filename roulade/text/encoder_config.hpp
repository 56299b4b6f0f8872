// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "roulade/text/bert.hpp"
#include "roulade/text/clip_text.hpp"
#include "roulade/text/small_text.hpp"
#include "roulade/text/t5.hpp"

#include <string>

namespace roulade {

/// Whose config.json a text is: "CLIPTextModel", "CLIPTextModelWithProjection", "BertModel", "T5EncoderModel" or
/// "SmallText". BERT and T5 with heads of other tasks count as these. Told by `architectures`, else by `model_type`.
/// Throws Error(input) when it is no JSON object, Error(usage) for other networks; `where` names the file.
std::string text_encoder_kind(const std::string& text, const std::string& where);

/// The config.json of transformers' CLIPTextModel or CLIPTextModelWithProjection. Keys that dropout, starting values,
/// generation and tokenizers go by are passed over. Throws Error(input) when it is no JSON object, Error(usage) for a
/// key or value that this network does not know.
ClipTextConfig parse_clip_text_config(const std::string& text, const std::string& where);
/// The same of its BertModel.
BertConfig parse_bert_config(const std::string& text, const std::string& where);
/// The same of its T5EncoderModel.
T5Config parse_t5_config(const std::string& text, const std::string& where);
/// What small_text_config_text writes; unknown keys are refused.
SmallTextConfig parse_small_text_config(const std::string& text, const std::string& where);
std::string small_text_config_text(const SmallTextConfig& config);

}  // namespace roulade
