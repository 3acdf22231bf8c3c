# Stops with a sentence on compilers that cannot build pmb. The least versions are those that CI builds with.

if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU" AND CMAKE_CXX_COMPILER_VERSION VERSION_LESS 12)
  message(FATAL_ERROR "pmb needs g++ 12 or newer, and this is g++ ${CMAKE_CXX_COMPILER_VERSION}. Name another with "
                      "-DCMAKE_CXX_COMPILER.")
endif()
# clang 14 fails in the ranges and the source locations of libstdc++ 12.
if(CMAKE_CXX_COMPILER_ID STREQUAL "Clang" AND CMAKE_CXX_COMPILER_VERSION VERSION_LESS 16)
  message(FATAL_ERROR "pmb needs clang 16 or newer, and this is clang ${CMAKE_CXX_COMPILER_VERSION}, which cannot compile "
                      "the headers of libstdc++ 12 as C++20. Name another with -DCMAKE_CXX_COMPILER; Debian: clang-16.")
endif()
