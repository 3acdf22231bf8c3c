#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# pkg_config.sh PREFIX shared|static MODULE COMPILER SOURCE [OPTION…]: compiles a program against an installed pmb that
# pkg-config finds, and runs it.
set -euo pipefail
prefix=$1 kind=$2 module=$3 compiler=$4 source=$5
shift 5
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
libraries=$(dirname "$(find "$prefix" -name pkgconfig)")
export PKG_CONFIG_PATH=$libraries/pkgconfig
static=()
[[ $kind == shared ]] || static=(--static)
read -r -a flags <<<"$(pkg-config "${static[@]}" --cflags --libs "$module")"
"$compiler" "$@" "$source" "${flags[@]}" -o "$folder/program"
LD_LIBRARY_PATH=$libraries "$folder/program"
