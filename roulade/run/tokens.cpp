// SPDX-License-Identifier: Apache-2.0
#include "roulade/run/tokens.hpp"

#include "roulade/core/lines.hpp"
#include "roulade/io/file.hpp"
#include "roulade/text/tokenizer.hpp"

namespace roulade {

Description describe_tokens(const std::filesystem::path& folder, const std::vector<std::string>& texts,
                            std::optional<int64_t> limit) {
  const auto tokenizer = open_tokenizer(tokenizer_folder(folder));
  const int64_t most = limit.value_or(tokenizer->limit());
  Description out;
  out.add("tokenizer", tokenizer->family());
  out.add("vocabulary", tokenizer->size());
  out.add("limit", most == 0 ? Cell() : Cell(most));
  Sheet sheet{"texts", {"tokens", "ids", "pieces", "cut_tokens", "cut_text"}, {}};
  for (const std::string& text : texts) {
    const Encoded encoded = tokenizer->encode(text, most);
    std::string pieces;
    for (const int64_t id : encoded.ids) pieces += (pieces.empty() ? "" : " ") + tokenizer->piece(id);
    sheet.rows.push_back({static_cast<int64_t>(encoded.ids.size()), encoded.ids, std::move(pieces), encoded.cut_tokens,
                          encoded.cut_tokens == 0 ? Cell() : Cell(encoded.cut_text)});
  }
  out.sheets.push_back(std::move(sheet));
  return out;
}

std::vector<std::string> read_texts(const std::filesystem::path& path) {
  const std::string content = read_file(path == "-" ? "/dev/stdin" : path, uint64_t{1} << 30);
  const std::vector<std::string_view> lines = lines_of(without_mark(content));
  return {lines.begin(), lines.end()};
}

}  // namespace roulade
