#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# docs/extending.md does what it says: its four entries are copied out of the page and added to a copy of their folders;
# those are built with the flags of this build, take the place of the library's lists, and are used by the program and
# by the tests that run over every entry.
source "$(dirname "${BASH_SOURCE[0]}")/../cli/check.bash"
page="$tree/docs/extending.md"
build="$(cd "$(dirname "$ROULADE")/.." && pwd)"
# AddressSanitizer wants to be the first library of a process, and the new lists have to be.
grep -q 'ROULADE_SANITIZE:.*=ON' "$build/CMakeCache.txt" 2>/dev/null && { echo "passed over: sanitizers"; finish; }
block() { python3 "$tree/tests/docs/blocks.py" "$page" "$@"; }

# Each folder's list and table, the new line, the new file.
for list in $(block line); do
  mkdir -p "$(dirname "$list")"
  cp "$tree/$list" "$(dirname "$tree/$list")/registry.cpp" "$(dirname "$list")/"
  block line "$list" >>"$list"
done
for file in $(block file); do
  [[ ! -e "$tree/$file" ]] || fail "$file is in the tree already"
  block file "$file" >"$file"
done
clang_format="$(command -v clang-format)" && for file in roulade/*/*.cpp; do
  "$clang_format" --style="file:$tree/.clang-format" --dry-run --Werror "$file" 2>>format || { fail "$file: clang-format"; head -n 5 format; }
done

# compile SOURCE OBJECT [FOLDER]: as the build compiles the registry beside it, FOLDER's headers before the tree's.
compile() {
  local command
  command="$(python3 - "$build/compile_commands.json" "$tree/$(dirname "$1")/registry.cpp" "$@" <<'P'
import json, shlex, sys
database, like, source, target, *front = sys.argv[1:]
words = next(shlex.split(c["command"]) for c in json.load(open(database)) if c["file"] == like)
words[words.index("-o") + 1] = target
words[words.index("-c") + 1] = source
words[1:1] = ["-I" + folder for folder in front]
print(shlex.join(words))
P
)"
  (cd "$folder" && eval "$command") 2>"$2.log"
}
link() { "${CXX:-c++}" -shared -fPIC -o "$@" -L"$build/lib" -lroulade -Wl,-rpath,"$build/lib" 2>link.log; }

objects=()
for source in roulade/*/*.cpp; do
  object="$folder/${source//\//-}.o"
  compile "$source" "$object" "$folder" || { fail "$source does not compile"; head -n 10 "$object.log"; }
  objects+=("$object")
done
link "$folder/added.so" "${objects[@]}" || { fail "the four entries do not link"; head -n 5 link.log; }

# What keeps list and files together.
if [[ "$("${CXX:-c++}" --version)" == *"Free Software Foundation"* ]]; then
  compile roulade/schedule/simple_linear.cpp "$folder/unlisted.o" && fail "an entry that is not listed compiles"
  says unlisted.o.log "missing-declarations"
fi
link "$folder/half.so" "$folder/roulade-schedule-registry.cpp.o" -Wl,--no-undefined && fail "a listed name without a file links"
says link.log "simple_linear"

# The program with them.
mkdir bin
printf '#!/bin/sh\nLD_PRELOAD=%q exec %q "$@"\n' "$folder/added.so" "$ROULADE" >bin/roulade
chmod +x bin/roulade
ROULADE="$folder/bin/roulade"
for pair in schedules:simple_linear samplers:ralston models:gated_mlp data:star; do
  ends 0 list "${pair%:*}"
  says out "${pair#*:}"
done
block run "" >commands.sh
PATH="$folder/bin:$PATH" bash -e commands.sh >out 2>err || { fail "the commands of the page"; tail -n 5 err; }
for choice in 'kind = "star"' 'kind = "simple_linear"' 'kind = "gated_mlp"' 'sampler = "ralston"' 'space = "auto"'; do
  says runs/star/recipe.toml "$choice"
done
[[ $(wc -l <ray.csv) == 501 && $(grep -c ',1$' ray.csv) == 500 ]] || fail "ray.csv: expected 500 points of class 1"
ends 0 new star
says out "arms = 5"
refuses 2 "[--set data] unknown key 'arm': did you mean 'arms'? (known: kind, arms, length, thickness, count, validation_count, scale)" train star.toml --set data.arm=3 --quiet

# The tests that run over every entry, where they are built.
conforms() {
  [[ -x "$build/bin/$1" ]] || return 0
  LD_PRELOAD="$2" "$build/bin/$1" --gtest_brief=1 --gtest_filter="$3" >tested 2>&1
}
conforms conformance_test "$folder/added.so" 'ScheduleConformance.*:SamplerConformance.*:SamplerOrder.*' || { fail "conformance"; head -n 20 tested; }
conforms model_test "$folder/added.so" 'Models.*' || { fail "the tests of networks"; head -n 20 tested; }
conforms data_test "$folder/added.so" '*DataConformance*/star' || { fail "the tests of data sets"; head -n 20 tested; }
if [[ -x "$build/bin/conformance_test" ]]; then
  sed -i 's/global_order = 2/global_order = 3/' roulade/sampler/ralston.cpp
  compile roulade/sampler/ralston.cpp "$folder/roulade-sampler-ralston.cpp.o" "$folder" && link "$folder/boast.so" "${objects[@]}" || fail "the wrong claim does not build"
  conforms conformance_test "$folder/boast.so" 'SamplerOrder.Global*' && fail "an order of 3 that is 2 passes"
  says tested "ralston"
fi
finish
