#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# Each kind of mistake: its exit code and its one sentence.
source "$(dirname "${BASH_SOURCE[0]}")/check.bash"

# Words that do not fit.
refuses 2 "[roulade] unknown subcommand 'trian': did you mean 'train'? (known: demo, train, sample, replay, eval, judge, obey, average, likelihood, doctor, report, compare, list, inspect, export, new, data, tokenize, help, completion, version)" trian
refuses 2 "[roulade] a subcommand is needed (roulade help)"
refuses 2 "[roulade train] unknown option '--stpes' (roulade help train)" train x --stpes 3
refuses 2 "[roulade train] unknown option '--resmue': did you mean '--resume'? (roulade help train)" train x --resmue
refuses 2 "[roulade list] unexpected word 'more' (roulade help list)" list samplers more
refuses 2 "[roulade sample] RUN is required (roulade help sample)" sample
refuses 2 "[help] unknown subcommand 'trian': did you mean 'train'? (known: demo, train, sample, replay, eval, judge, obey, average, likelihood, doctor, report, compare, list, inspect, export, new, data, tokenize, help, completion, version)" help trian
refuses 2 "[completion] unknown shell 'fish' (known: bash, zsh)" completion fish
refuses 2 "[train] nothing to train: expected RECIPE, --data PATH, or --resume with --out RUN" train
refuses 2 "[--set] form of an override: expected table.key=value, got steps" train swiss_roll_article --set steps
refuses 2 "[--set] unknown table 'trian': did you mean 'train'? (known: run, data, schedule, text, autoencoder, latent, model, denoiser, objective, train, sample, guidance, eval)" \
  train swiss_roll_article --set trian.steps=3

# Names.
ends 2 list sampler_s
says err "[list] unknown kind 'sampler_s': did you mean 'samplers'?"
ends 2 train swiss_roll_articel
says err "[train] unknown recipe 'swiss_roll_articel': did you mean 'swiss_roll_article'?"
ends 2 new moon
says err "[new] unknown kind or recipe 'moon': did you mean 'moons'?"
for command in demo compare train; do
  ends 2 $command nosuch
  says err "[$command] unknown recipe 'nosuch'"
done
ends 2 train swiss_roll_article --set sample.sampler=ddmp
says err "--set"
says err "'ddmp'"
says err "ddpm"
ends 2 train swiss_roll_article --set "sample.sampler=DPM++ 2M Karas"
says err "[--set sample] unknown sampler 'DPM++ 2M Karas': did you mean 'DPM++ 2M Karras'?"

# Recipes: file and line, and the nearest name.
printf '[train]\nsteps = 10\nbacth = 8\n' >key.toml
ends 2 train key.toml
says err "[key.toml:3 train]"
says err "'bacth'"
says err "did you mean 'batch'"
printf '[train]\nsteps = 10\n\n[trainn]\n' >table.toml
ends 2 train table.toml
says err "[table.toml:4] unknown table 'trainn': did you mean 'train'?"
printf '[train]\nsteps = = 10\n' >broken.toml
ends 2 train broken.toml
says err "[broken.toml:2] not TOML"
printf '[train]\nsteps = "ten"\n' >type.toml
ends 2 train type.toml
says err "[type.toml:2 train.steps]"
printf '[train]\nlr = -1\n' >range.toml
ends 2 train range.toml
says err "[range.toml:2 train.lr]"
printf '[train]\nbeta2 = 1\n' >range.toml
ends 2 train range.toml
says err "[range.toml:2 train.beta2]"
refuses 6 "[nothing.toml] no such file" train nothing.toml
[[ ! -e runs ]] || fail "a refused recipe left a folder: $(ls runs)"

# Runs and files.
refuses 6 "[nothing] no such run folder" sample nothing
mkdir empty
refuses 6 "[empty] not a run folder: it has no recipe.toml" eval empty
refuses 6 "[nothing] no such run folder" doctor nothing
refuses 6 "[empty] not a run folder: it has no recipe.toml" doctor empty
refuses 6 "[nothing.csv] no such file or folder" inspect nothing.csv
printf 'x,y\n1,2\n3,nan\n' >bad.csv
ends 3 train --data bad.csv
says err "bad.csv:3"
printf 'x,y\n1,2\n3\n' >short.csv
ends 3 train --data short.csv
says err "short.csv:3"
printf 'Gr\366\337e,y\n1,2\n' >latin.csv
ends 3 train --data latin.csv
says err "[latin.csv:1] this is not UTF-8 text"
: >nothing.csv
ends 3 train --data nothing.csv
printf 'text' >thing.xyz
ends 3 inspect thing.xyz
ends 2 data moons --out . --set data.niose=1
says err "did you mean 'noise'"

# Numbers, said as what they should be.
mkdir one && printf 'x,y\n1,2\n1,3\n1,5\n1,4\n' >one/flat.csv
refuses 2 "[roulade data] --count: expected a whole number from 1 on, got 0 (roulade help data)" data moons --out . -n 0
refuses 2 "[roulade data] --count: expected a whole number from 1 on, got 2x (roulade help data)" data moons --out . -n 2x
refuses 2 "[roulade data] --count: expected a whole number from 1 on, got 9999999999999999999999, which is beyond 64 bits (roulade \
help data)" data moons --out . -n 9999999999999999999999
refuses 2 "[roulade data] --seed: expected a whole number from 0 on, got -1 (roulade help data)" data moons --out . --seed -1
refuses 2 "[roulade train] --processes: expected a whole number from 1 to 1024, got 2000 (roulade help train)" train moons --processes 2000
refuses 2 "[roulade docs] PAGE is required (roulade docs --help)" docs
ends 3 train --data one/flat.csv --out none --set data.validation=0
says err "[data.scale] values of column 1: expected two or more that differ (leave the column out, or set data.scale = \"none\"), got all the same"
printf 'text' >text.png
refuses 2 "[text.png] what to train on: expected a folder of pictures, an archive of them (.zip, .tar), or a table (.csv, .npy), got .png" \
  train --data text.png
ends 2 demo nothing
says err nothing
grep -q training err && fail "a demo of nothing is announced: $(cat err)"

# Places that cannot be written are told before the work.
ends 0 train moons --out tiny --quiet --set train.steps=2 --set data.count=200
ends 6 sample tiny -n 10 --out one/flat.csv/out.csv
says err "[one/flat.csv/out.csv] $PWD/one/flat.csv is no folder"
grep -q "samples/s" err && fail "sampled before the place was looked at"
refuses 2 "[train] --out beside a run that goes on: expected none, or tiny, got other" train tiny --resume --out other
for words in "--sampler heun --set sample.sampler=ddim" "--steps 2 --set sample.steps=3" "-n 2 --set sample.count=3" "--guidance 2 --set guidance.scale=3"; do
  # shellcheck disable=SC2086
  ends 2 sample tiny --out none.csv $words
  says err "the value: expected one of --"
done
refuses 2 "[--set guidance.scale] bad value: expected a finite number, got inf" sample tiny --out none.csv --guidance inf
refuses 2 "[roulade compare] --seconds: expected a finite number > 0, got inf (roulade help compare)" compare moons --seconds inf
(ulimit -f 20 && "$ROULADE" sample tiny -n 20000 --steps 1 --out large.csv >out 2>err)
[[ $? == 6 ]] || fail "a file that may not grow: $(cat err)"
[[ $(ls | grep -c large) == 0 ]] || fail "a file that may not grow leaves $(ls | grep large)"

# Standard output that cannot be written.
"$ROULADE" list >/dev/full 2>err
[[ $? == 6 ]] || fail "list >/dev/full: expected exit code 6"
"$ROULADE" --help >/dev/full 2>err
[[ $? == 6 ]] || fail "--help >/dev/full: expected exit code 6"

# Memory: 10^12 points do not fit anywhere; a batch of 10^7 not into 2.5 GB, which LibTorch's own allocator finds.
if [[ $sanitized == no ]]; then
  for count in 1000000000000 600000000000000000 9000000000000000000; do
    ends 5 data moons --out . --count $count
    says err "not enough memory"
  done
  ulimit -v 2500000
  ends 5 train swiss_roll_article --out big --set train.batch=10000000 --set objective.fused=false
  says err "[memory] not enough memory: you tried to allocate"
fi

finish
