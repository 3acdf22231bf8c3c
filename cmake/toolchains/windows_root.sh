#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# windows_root.sh FOLDER: fills the root that x86_64-w64-mingw32.cmake searches. It copies headers that serve every system
# from this Debian 12, and builds the other libraries from Debian's source packages. It changes no setting of apt.
set -euo pipefail
mkdir -p "$1"
root=$(realpath "$1")
toolchain=$(realpath "$(dirname "$0")")/x86_64-w64-mingw32.cmake
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"

# install_from SOURCES [OPTION…]
install_from() {
  local sources=$1
  shift
  cmake -G Ninja -S "$sources" -B "build/$sources" -DCMAKE_TOOLCHAIN_FILE="$toolchain" -DPMB_ROOT="$root" \
    -DCMAKE_INSTALL_PREFIX="$root/usr" -DCMAKE_BUILD_TYPE=Release -DBUILD_SHARED_LIBS=OFF -DBUILD_TESTING=OFF "$@"
  cmake --build "build/$sources"
  cmake --install "build/$sources"
}

echo "deb-src [signed-by=/usr/share/keyrings/debian-archive-keyring.gpg] http://deb.debian.org/debian bookworm main" >sources.list
mkdir -p lists/partial cache/archives/partial
apt_here=(apt-get -qq -o Dir::Etc::SourceList="$PWD/sources.list" -o Dir::Etc::SourceParts=- -o Dir::State::Lists="$PWD/lists"
  -o Dir::Cache="$PWD/cache")
"${apt_here[@]}" update
"${apt_here[@]}" source --download-only --only-source fmtlib highway
dpkg-source --no-check -x fmtlib_*.dsc fmtlib
dpkg-source --no-check -x highway_*.dsc highway

install_from fmtlib -DFMT_TEST=OFF -DFMT_DOC=OFF
install_from highway -DHWY_ENABLE_CONTRIB=OFF -DHWY_ENABLE_EXAMPLES=OFF
install_from /usr/src/googletest -DBUILD_GMOCK=OFF
cp -r --parents /usr/include/{tl,nlohmann} /usr/share/cmake/{tl-expected,nlohmann_json} "$root"
