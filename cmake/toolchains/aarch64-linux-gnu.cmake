# Linux on 64-bit ARM, by Debian's g++-aarch64-linux-gnu. PMB_ROOT holds the libraries to link: ./run cross aarch64 fills it.
# Programs run under qemu-user, on a CPU with every instruction set that it knows.
set(CMAKE_SYSTEM_NAME Linux)
set(CMAKE_SYSTEM_PROCESSOR aarch64)
set(CMAKE_C_COMPILER aarch64-linux-gnu-gcc)
set(CMAKE_CXX_COMPILER aarch64-linux-gnu-g++)
set(CMAKE_LIBRARY_ARCHITECTURE aarch64-linux-gnu)
set(CMAKE_CROSSCOMPILING_EMULATOR qemu-aarch64 -cpu max -L ${PMB_ROOT})
include(${CMAKE_CURRENT_LIST_DIR}/search_in_root.cmake)
