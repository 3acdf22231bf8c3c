// SPDX-License-Identifier: MIT
// The macros of Xlib, GLX and the headers of Windows that have common words as names. The standard library does not
// promise to work after them, so its headers come first.
#pragma once

#include <algorithm>
#include <array>
#include <atomic>
#include <bit>
#include <chrono>
#include <cmath>
#include <compare>
#include <concepts>
#include <cstring>
#include <functional>
#include <limits>
#include <memory>
#include <mutex>
#include <optional>
#include <ranges>
#include <source_location>
#include <span>
#include <string>
#include <string_view>
#include <thread>
#include <tl/expected.hpp>
#include <type_traits>
#include <utility>
#include <variant>
#include <vector>

#if __has_include(<fmt/format.h>)
#include <fmt/format.h>
#endif

#if __has_include(<GL/glx.h>)
#include <GL/glx.h>
#include <X11/Xlib.h>
#include <X11/Xutil.h>
#else
#define Status int
#define Bool int
#define True 1
#define False 0
#define None 0L
#define Always 2
#define Success 0
#define Complex 0
#endif

#define min(a, b) ((a) < (b) ? (a) : (b))
#define max(a, b) ((a) > (b) ? (a) : (b))
#define near
#define far
#define small char
#define interface struct
#define ERROR 0
#define DELETE 0x00010000L
#define IN
#define OUT
#define OPTIONAL
#define CONST const
#define VOID void
