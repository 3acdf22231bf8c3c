#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# debian_root.sh FOLDER: makes a bare Debian 12 root, installs the packages of FOLDER in it with apt, and uses them there as
# a newcomer does. Needs root, mmdebstrap and the network. Prints the seconds of each step.
set -euo pipefail
packages=$(realpath "$1")
here=$(realpath "$(dirname "$0")")
root=$(mktemp -d)
trap 'umount "$root/proc" "$root/dev" 2>/dev/null || true; rm -rf --one-file-system "$root"' EXIT

# step NAME COMMAND…
step() {
  local name=$1 started=$SECONDS
  shift
  "$@" >"$root.log" 2>&1 || {
    cat "$root.log"
    printf '%s failed\n' "$name" >&2
    exit 1
  }
  printf '%4d s  %s\n' $((SECONDS - started)) "$name"
}
# inside COMMAND: in the root, as a shell runs it.
inside() { chroot "$root" env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin HOME=/root PMB_REQUIRE_GL=1 DEBIAN_FRONTEND=noninteractive bash -ec "$1"; }

# The machine's own sources and settings of apt, so that a mirror or a proxy serves the root, too.
sources=$(find /etc/apt -path '/etc/apt/sources.list*' -type f -size +0)
settings=$(mktemp)
apt-config dump | grep -E '^Acquire::(http|https|Check)' >"$settings" || true
# shellcheck disable=SC2086
step "a bare Debian 12" mmdebstrap --variant=minbase --aptopt="$settings" bookworm "$root" $sources
mount --bind /proc "$root/proc"
mount --bind /dev "$root/dev"
cp "$packages"/*.deb "$root/root"
cp -r "$here"/first_stream* "$root/root"

step "apt install ./pmb ./libpmb0" inside 'apt-get update && cd && apt-get install -y ./libpmb0_*.deb ./pmb_*.deb'
step "pmb --version, pmb info" inside 'pmb --version && pmb info --software'
step "pmb stream" inside 'head -c 100000 /dev/urandom >/tmp/in && pmb stream copy --software --block 4096 -i /tmp/in -o /tmp/out && cmp /tmp/in /tmp/out'
step "apt install ./libpmb-dev, a compiler" inside 'cd && apt-get install -y --no-install-recommends ./libpmb-dev_*.deb g++ cmake make pkgconf'
step "a program by find_package" inside 'cd && cmake -S first_stream -B found && cmake --build found && found/first_stream'
step "a program by pkg-config" inside 'cd && g++ -std=c++20 first_stream/first_stream.cpp $(pkg-config --cflags --libs pmb-headless) -o first && ./first'
step "a program in C" inside 'cd && gcc first_stream_c/first_stream.c $(pkg-config --cflags --libs pmb-c) -o first && ./first'
step "apt install ./libpmb-fortran-dev" inside 'cd && apt-get install -y --no-install-recommends ./libpmb-fortran-dev_*.deb'
step "a program in Fortran by find_package" inside 'cd && cmake -S first_stream_fortran -B fortran && cmake --build fortran && fortran/first_stream'
step "a program in Fortran by pkg-config" inside 'cd && gfortran first_stream_fortran/first_stream.f90 $(pkg-config --cflags --libs pmb-fortran) -o first && ./first'
if compgen -G "$packages/python3-pmb_*.deb" >/dev/null; then
  step "apt install ./python3-pmb" inside 'cd && apt-get install -y --no-install-recommends ./python3-pmb_*.deb'
  step "a program in Python" inside 'cd && python3 first_stream/first_stream.py'
fi
