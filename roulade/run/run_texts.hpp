// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "roulade/core/options.hpp"
#include "roulade/data/byte_rows.hpp"
#include "roulade/model/model.hpp"
#include "roulade/run/recipe.hpp"
#include "roulade/text/text_table.hpp"

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

namespace roulade {

/// [text]: what reads the captions.
struct TextSettings {
  static constexpr const char *kNone = "none", *kFolder = "folder", *kSmall = "small";
  std::string kind = kNone;
  std::string path;
  int64_t tokens = 0;
  int64_t clip_skip = 1;
  bool final_norm = true;
  std::string pooling;
  int64_t vocabulary = 8192, width = 128, layers = 2, heads = 4;
  double dropout = 0;

  void bind(Binder& b);
};

/// What a run keeps of its texts, so that data and training may be gone.
struct TextFacts {
  int64_t tokens = 0;                   ///< width of the token states; 0 = the run reads no text
  int64_t pooled = 0;                   ///< width of the pooled vector; 0 = none
  std::vector<std::string> vocabulary;  ///< of kind "small"
  std::string encoder_sha256;           ///< of a frozen encoder (text_encoder_sha256); empty = not known, or none
  std::vector<std::string> captions;    ///< some of the training data's, for samples without a prompt
  Table reading;                        ///< keys of [text] by which an exported folder reads them; empty in a run
};

/// The table of texts that a recipe's network reads; null where it reads none. Throws as open_tokenizer and
/// open_text_encoder do, Error(usage) for [text] kind "folder" without a path.
std::shared_ptr<TextTable> make_text_table(const Recipe& resolved, const TextFacts& facts);

/// The numbers of prompts in the table, read with weights where sample.weighted says so. Throws as TextTable::add does;
/// Error(usage) for weights where the network is told the pooled vector, which has none.
std::vector<int64_t> add_prompts(const Recipe& resolved, TextTable& texts, const std::vector<std::string>& prompts);

/// The numbers of `count` texts on the way from one prompt to another, of shares way_share(i, count), both read as
/// add_prompts does. Throws as it does.
std::vector<int64_t> add_way(const Recipe& resolved, TextTable& texts, const std::string& from, const std::string& to,
                             int64_t count);

/// i / (count - 1): where sample i stands on a way from 0 to 1; 0 of one alone.
double way_share(int64_t i, int64_t count);

/// Throws Error(input) where a recipe's folder holds another encoder than the one that these facts were trained with;
/// where it is not known, nothing is looked at.
void check_text_encoder(const Recipe& resolved, const TextFacts& facts);

/// What the recipe makes of the training data's texts. Throws Error(input) where it reads texts and the data have none.
/// texts: of all the data; training: of its training part, in its order.
TextFacts text_facts(const Recipe& resolved, const std::vector<std::string>& texts, const TrainingSet& training);

/// Makes the numbers of the points' texts, among those of their source, numbers in a table, to which these texts are
/// added; without a table the numbers go.   of_source: PointSource::texts().
void number_texts(Points& points, const std::vector<std::string>& of_source, TextTable* table);

/// The recipe's network, reading texts where `texts` is there.
std::shared_ptr<Model> make_network(const Recipe& resolved, const ModelShape& shape, uint64_t seed,
                                    const std::shared_ptr<const TextTable>& texts);

}  // namespace roulade
