#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# tokenize: ids and pieces of texts from the command line, a file and standard input, and what a limit leaves out.
source "$(dirname "${BASH_SOURCE[0]}")/check.bash"

files="$tree/tests/golden/text"
ends 0 tokenize "$files/wordpiece" "a [MASK]" "" --json
python3 - out <<'PYTHON' || fail "tokenize --json"
import json, sys
answer = json.load(open(sys.argv[1]))
first, second = answer["texts"]
assert answer["tokenizer"] == "wordpiece" and answer["limit"] == 32
assert first["pieces"] == "[CLS] a [MASK] [SEP]" and first["ids"][0] == 2 and first["ids"][2:] == [4, 3] and first["tokens"] == 4
assert second["ids"] == [2, 3] and second["cut_tokens"] == 0 and second["cut_text"] is None
PYTHON

ends 0 tokenize "$files/clip_bpe" "a photograph of a horse on the moon" --limit 5
says out "on the moon"
printf 'one\ntwo\n' >texts
ends 0 tokenize "$files/unigram" --file texts --json
cp out from_file
"$ROULADE" tokenize "$files/unigram" --file - --json <texts >out || fail "tokenize --file -"
cmp -s out from_file || fail "tokenize: a file and standard input differ"

refuses 2 "[tokenize] what to cut: expected TEXT or --file, one of them" tokenize "$files/unigram"
refuses 2 "[tokenize] what to cut: expected TEXT or --file, one of them" tokenize "$files/unigram" a --file texts
ends 6 tokenize . a
says err "no tokenizer"
ends 6 tokenize "$files/unigram" --file none
says err "none] cannot open"
printf 'caf\xc3' >texts
ends 3 tokenize "$files/unigram" --file texts
says err "not UTF-8 (byte 3)"
finish
