#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# Installs into a prefix, moves the prefix, builds examples/consumer against it, and runs program and consumer, as another
# user where this one is root. BUILD: the build folder.
set -euo pipefail
tree="$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)"
folder="$(mktemp -d "${TMPDIR:-/tmp}/roulade-install.XXXXXX")"
trap 'rm -rf "$folder"' EXIT
chmod 755 "$folder"
fail() { printf 'FAILED: %s\n' "$1"; exit 1; }

cmake --install "$BUILD" --prefix "$folder/first" >"$folder/install.log" || { cat "$folder/install.log"; fail "install"; }
mv "$folder/first" "$folder/moved"
prefix="$folder/moved"
grep -rlE "$folder/first|$BUILD" "$prefix/lib/cmake" && fail "the package names the folder that it was installed or built in"

# The consumer, and every public header on its own terms: none may need a private one or another library's.
{ (cd "$prefix/include" && find roulade -name '*.hpp' ! -name '*list.hpp' | sort | sed 's/.*/#include "&"/'); echo 'int main() { return 0; }'; } >"$folder/headers.cpp"
cp -r "$tree/examples/consumer" "$folder/consumer"
cat >>"$folder/consumer/CMakeLists.txt" <<'C'
add_executable(headers ../headers.cpp)
target_link_libraries(headers PRIVATE roulade::roulade)
C
env -u ROULADE_LIBTORCH cmake -G Ninja -S "$folder/consumer" -B "$folder/build" -DCMAKE_PREFIX_PATH="$prefix" ${CXX:+-DCMAKE_CXX_COMPILER="$CXX"} >"$folder/log" 2>&1 &&
  cmake --build "$folder/build" >>"$folder/log" 2>&1 || { tail -n 30 "$folder/log"; fail "the consumer does not build"; }

# Nothing comes from outside of the prefix but the system's libraries.
for file in "$prefix/bin/roulade" "$prefix"/lib/*.so "$folder/build/consumer"; do
  env -u LD_LIBRARY_PATH ldd "$file" | awk -v file="$file" -v prefix="$prefix/" '
    /not found/ { print "FAILED: " file ": " $0; bad = 1 }
    $3 ~ /^\// { if (index($3, prefix) != 1 && $3 !~ /^(\/usr)?\/lib/) { print "FAILED: " file " uses " $3; bad = 1 } }
    END { exit bad }' || exit 1
done

# A clean environment, an empty folder, and another user.
mkdir "$folder/scratch"
as=(env -i PATH=/usr/bin:/bin HOME="$folder/scratch")
if [[ "$(id -u)" == 0 ]]; then
  chown 65534:65534 "$folder/scratch"
  as=(setpriv --reuid=65534 --regid=65534 --clear-groups "${as[@]}")
fi
cd "$folder/scratch"
"${as[@]}" "$prefix/bin/roulade" --version | grep -q '^roulade ' || fail "roulade --version"
"${as[@]}" "$prefix/bin/roulade" list schedules | grep -q cosine || fail "roulade list schedules"
"${as[@]}" "$folder/build/consumer" "$folder/scratch/run" | tee "$folder/out"
[[ $(wc -l <"$folder/out") == 4 ]] || fail "the consumer printed $(wc -l <"$folder/out") lines, expected 4"
ln -s "$prefix/bin/roulade" "$folder/scratch/linked"
"${as[@]}" "$folder/scratch/linked" list samplers | grep -q heun || fail "through a symbolic link"
echo "passed"
