#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# docs/tour.md: its programs print what the page quotes and write its pictures, and its commands run as they stand.
source "$(dirname "${BASH_SOURCE[0]}")/../cli/check.bash"
# Under sanitizers its trainings take over ten minutes, and run no code that other scripts do not.
[[ $sanitized == yes ]] && finish
page="$tree/docs/tour.md"
python3 "$tree/tests/docs/tour.py" "$tree" || fail "docs/tour.md"

for name in $(python3 "$tree/tests/docs/blocks.py" "$page" output); do
  "$(dirname "$ROULADE")/example_$name" >"$name.txt" 2>err || fail "$name: $(tail -n 2 err)"
  python3 "$tree/tests/docs/tour.py" "$tree" "$name.txt" "$name" || {
    fail "the page's output of $name; it prints"
    cat "$name.txt"
  }
  ls "$name".* | grep -vqx "$name.txt" || fail "$name draws nothing"
  for picture in "$name".png "$name".svg; do
    [[ ! -e $picture || -e $tree/docs/images/$picture ]] || fail "no docs/images/$picture"
  done
done

mkdir bin
# In one thread, since many tests share the machine.
printf '#!/bin/sh\ncase "$1" in demo | train | sample | eval | report) set -- "$@" --threads 1 ;; esac\nexec %q "$@"\n' "$ROULADE" >bin/roulade
chmod +x bin/roulade
ran=0
for name in $(python3 "$tree/tests/docs/blocks.py" "$page" try); do
  while IFS= read -r line; do
    ran=$((ran + 1))
    # The whole training at the end, shortened.
    [[ $line != "roulade demo"* ]] || line+=" --set train.steps=50 --set eval.pairs=1 --set eval.count=1000"
    PATH="$folder/bin:$PATH" bash -c "$line" >out 2>err || {
      fail "docs/tour.md: $line"
      tail -n 5 err
    }
  done < <(python3 "$tree/tests/docs/blocks.py" "$page" try "$name")
done
[[ $ran -ge 9 ]] || fail "docs/tour.md: expected at least 9 commands, got $ran"
finish
