#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# pkg_config.sh PREFIX COMPILER SOURCE [--static]: compiles a program against an installed pmb that pkg-config finds, and
# runs it.
set -euo pipefail
prefix=$1 compiler=$2 source=$3
shift 3
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
libraries=$(dirname "$(find "$prefix" -name pkgconfig)")
export PKG_CONFIG_PATH=$libraries/pkgconfig
read -r -a flags <<<"$(pkg-config "$@" --cflags --libs pmb-headless)"
"$compiler" -std=c++20 "$source" "${flags[@]}" -o "$folder/program"
LD_LIBRARY_PATH=$libraries "$folder/program"
