#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# run_neighbour.sh PROGRAM [ARGUMENT…]: runs it under a private X server that draws into memory. If that is impossible, it
# prints the reason in GoogleTest's format and exits with 77. If GL is required, it exits with 1 instead.
set -euo pipefail

skip() {
  printf 'neighbour: Skipped\n%s\n[  SKIPPED ]\n' "$1"
  [[ -z ${PMB_REQUIRE_GL:-} ]] || exit 1
  exit 77
}

command -v "$1" >/dev/null ||
  skip "$(basename "$1") was not built, because the packages that it needs are not installed"
if ! command -v Xvfb >/dev/null; then
  [[ -n ${DISPLAY:-} ]] || skip "there is neither Xvfb nor a display"
  exec "$@"
fi

# The server prints its display number when it listens.
exec {display_number}< <(exec Xvfb -displayfd 1 -screen 0 640x480x24 -nolisten tcp 2>/dev/null)
server=$!
trap 'kill "$server" && wait "$server" || true' EXIT
read -r -u "$display_number" number || skip "Xvfb does not start here"
status=0
DISPLAY=:$number "$@" || status=$?
((status != 77)) || [[ -z ${PMB_REQUIRE_GL:-} ]] || status=1
exit "$status"
