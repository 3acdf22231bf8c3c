#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# Instructions that acquire + publish + retire of one 256-byte slice take on a coherent ring, counted by callgrind.
#   bench/hot_path.sh BUILD_FOLDER        (./run bench-hotpath builds and runs it)
set -euo pipefail
program="${1:?usage: bench/hot_path.sh BUILD_FOLDER}/bin/bench_hot_path"
[[ -x $program ]] || { echo "hot_path: $program is not built" >&2; exit 1; }
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT

# Sets `per_slice` to the instructions a slice of LIVE RINGS MODE [traditional|c|validate].
count() {
  local slices instructions
  slices=$(valgrind --tool=callgrind --collect-atstart=no --callgrind-out-file="$scratch/out" \
    "$program" "$1" "$2" "${total:-100000}" "$3" ${4:+"$4"} 2>"$scratch/log")
  instructions=$(sed -n 's/^totals: //p' "$scratch/out")
  per_slice=$(awk -v i="$instructions" -v n="$slices" 'BEGIN { printf "%.1f", i / n }')
}

# The loops and the switching of the counter, counted by themselves, are taken off.
net() { awk -v a="$1" -v b="$2" 'BEGIN { printf "%.1f", a - b }'; }

# rows LOOPS VARIANT SHAPE…: a line for each shape, "LIVE RINGS". LOOPS is the mode that is taken off.
rows() {
  local taken_off=$1 variant=$2 shape live rings loops all each
  shift 2
  for shape in "$@"; do
    read -r live rings <<<"$shape"
    count "$live" "$rings" "$taken_off" "$variant"
    loops=$per_slice
    count "$live" "$rings" all "$variant"
    all=$per_slice
    count "$live" "$rings" each "$variant"
    each=$per_slice
    printf '%11s %6s %23s %27s %18s\n' "$live" "$rings" "$(net "$all" "$loops")" "$(net "$each" "$loops")" "$loops"
  done
}

echo "Instructions that acquire + publish + retire of a 256-byte slice take, coherent ring, release build"
echo "live slices  rings  retire(ticket) for all  retire(slice, ticket) each  loops (taken off)"
rows none "" "1 1" "100 1" "10000 1" "100 100" "10000 10000"

echo
echo "The same on private memory (traditional path), without the driver's glBufferSubData of each slice"
echo "live slices  rings  retire(ticket) for all  retire(slice, ticket) each  loops and updates (taken off)"
rows update traditional "1 1" "100 1" "10000 1"

echo
echo "The same through pmb.h, on a coherent ring"
echo "live slices  rings  retire_all                  retire                      loops (taken off)"
rows none c "1 1" "100 1" "10000 1"

echo
echo "The same with a validation sink, and with mark(), which compares the bytes of every slice"
echo "live slices  rings  retire(ticket) for all  retire(slice, ticket) each  loops and marks (taken off)"
total=10000 rows none validate "1 1" "100 1"
