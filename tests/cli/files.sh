#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# A recipe names files relative to itself; a run goes on working from any folder; built-in recipes bring their files.
source "$(dirname "${BASH_SOURCE[0]}")/check.bash"

mkdir recipes elsewhere
awk 'BEGIN { srand(2); print "a,b"; for (i = 0; i < 400; ++i) printf "%.4f,%.4f\n", rand(), 10 * rand() }' >recipes/t.csv
cp "$tree/recipes/data/snail.png" recipes/
printf '[data]\nkind = "table"\nfile = "t.csv"\nscale = "column"\n' >recipes/table.toml
printf '[data]\nkind = "picture"\nfile = "snail.png"\n' >recipes/picture.toml
judged=(--set eval.pairs=1 --set eval.count=100)
for name in table picture; do
  ends 0 train "recipes/$name.toml" "${small[@]}" --set train.steps=6 --out "run-$name"
  cd elsewhere || exit 1
  ends 0 eval "../run-$name" "${judged[@]}" --quiet
  ends 0 train "../run-$name" --resume --quiet
  cd .. || exit 1
done
says run-table/recipe.toml "file = \"$folder/recipes/t.csv\""

# --set names a file as the command line does; what is kept does not depend on the folder.
ends 0 train recipes/table.toml --set data.file=recipes/t.csv "${small[@]}" --set train.steps=1 --out set
says set/recipe.toml "file = \"$folder/recipes/t.csv\""
ends 6 train recipes/table.toml --set data.file=t.csv "${small[@]}" --out none
says err "t.csv] cannot open: No such file"

# Built in: no file is needed, and none is written into the recipe.
ends 0 train picture "${small[@]}" --set train.steps=6 --out builtin
says builtin/recipe.toml 'file = "builtin:data/snail.png"'
ends 0 eval builtin "${judged[@]}" --quiet

# A picture that is none, and one that is cut short.
head -c 1000 recipes/snail.png >recipes/cut.png
ends 3 train recipes/picture.toml --set data.file=recipes/cut.png --out cut
says err "recipes/cut.png] cut short"
ends 3 data picture --set data.file=recipes/t.csv --out x
says err "recipes/t.csv] not a PNG file"
ends 0 new picture
says out 'file = "picture.png"'
finish
