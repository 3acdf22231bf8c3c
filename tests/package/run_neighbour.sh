#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# run_neighbour.sh PROGRAM: runs it under an X server of its own, which draws into memory. Exits with 77 and the
# reason, printed as GoogleTest does, where that cannot be had; where GL is required that is a failure.
set -euo pipefail

skip() {
  printf 'neighbour: Skipped\n%s\n[  SKIPPED ]\n' "$1"
  [[ -z ${PMB_REQUIRE_GL:-} ]] || exit 1
  exit 77
}

[[ -x $1 ]] || skip "$(basename "$1") was not built, since its neighbours' packages are not installed"
if ! command -v Xvfb >/dev/null; then
  [[ -n ${DISPLAY:-} ]] || skip "there is neither Xvfb nor a display"
  exec "$1"
fi

# The server says which display it took, once it listens.
exec {display_number}< <(exec Xvfb -displayfd 1 -screen 0 640x480x24 -nolisten tcp 2>/dev/null)
server=$!
trap 'kill "$server" && wait "$server" || true' EXIT
read -r -u "$display_number" number || skip "Xvfb does not start here"
status=0
DISPLAY=:$number "$1" || status=$?
((status != 77)) || [[ -z ${PMB_REQUIRE_GL:-} ]] || status=1
exit "$status"
