#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# What the build needs is found wherever it is, or named in one sentence.  requirements.sh TREE COMPILER
set -uo pipefail
tree=$1
compiler=$2
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cmake=$(command -v cmake)
failures=0

# expect WHAT PATTERN COMMAND…: the command's output matches.
expect() {
  local what=$1 pattern=$2 output
  shift 2
  output=$("$@" 2>&1 | tr -s ' \n' ' ')
  [[ $output =~ $pattern ]] && return
  printf '%s: expected "%s", got: %s\n' "$what" "$pattern" "${output:0:400}"
  failures=$((failures + 1))
}

# Each compiler, and whether it is refused.
check_compiler() { "$cmake" -DCMAKE_CXX_COMPILER_ID="$1" -DCMAKE_CXX_COMPILER_VERSION="$2" -P "$tree/cmake/compilers.cmake"; }
expect "g++ 11" 'pmb needs g\+\+ 12 .* g\+\+ 11.4' check_compiler GNU 11.4
expect "g++ 12" '^$' check_compiler GNU 12.2
expect "clang 14" 'pmb needs clang 16 .* libstdc\+\+ 12 .*clang-16' check_compiler Clang 14.0.6
expect "clang 16" '^$' check_compiler Clang 16.0.6

# find_glad PATH: the command that is found where only these folders have programs.
printf 'include("%s/cmake/find_glad.cmake")\nmessage("found ${PMB_GLAD}")\n' "$tree" >"$folder/find.cmake"
find_glad() { PATH=$1 "$cmake" -DCMAKE_SYSTEM_PREFIX_PATH= -DCMAKE_FIND_USE_CMAKE_SYSTEM_PATH=OFF -P "$folder/find.cmake"; }
# program FOLDER NAME TEXT: a program that prints the text.
program() {
  mkdir -p "$folder/$1"
  printf '#!/bin/sh\necho "%s"\n' "$3" >"$folder/$1/$2"
  chmod +x "$folder/$1/$2"
}
program glad2 glad "usage: glad [--merge]"
program glad1 glad "usage: glad [--profile]"
program module python3 "usage: glad [--merge]"
expect "glad in PATH" "found $folder/glad2/glad" find_glad "$folder/glad2"
expect "glad 1 before glad 2" "found $folder/glad2/glad" find_glad "$folder/glad1:$folder/glad2"
expect "glad as a module" "found python3;-m;glad" find_glad "$folder/glad1:$folder/module"
expect "no glad" 'pmb needs glad 2.* Debian: python3-glad' find_glad "$folder/glad1"

# The revision, in the root of a git tree and elsewhere.
printf 'include("%s/cmake/revision.cmake")\npmb_revision(revision file %s)\nmessage("[${revision}]")\n' "$tree" "$folder" \
  >"$folder/revision.cmake"
expect "no git tree" '^\[\]' "$cmake" -P "$folder/revision.cmake"
git -C "$folder" init --quiet
git -C "$folder" -c user.name=pmb -c user.email=pmb@example.org commit --quiet --allow-empty -m "first"
expect "a git tree" "^\[$(git -C "$folder" rev-parse --short HEAD)\]" "$cmake" -P "$folder/revision.cmake"
mkdir "$folder/unpacked"
sed -i "s|file $folder)|file $folder/unpacked)|" "$folder/revision.cmake"
expect "an archive inside a git tree" '^\[\]' "$cmake" -P "$folder/revision.cmake"

# A program that is not compiled as C++20.
for header in pmb.hpp copy.hpp headless.hpp; do
  printf '#include <pmb/%s>\n' "$header" >"$folder/program.cpp"
  expect "$header as C++17" 'pmb needs C\+\+20' "$compiler" -std=c++17 -Wfatal-errors -fsyntax-only -I "$tree/include" "$folder/program.cpp"
done

exit $((failures != 0))
