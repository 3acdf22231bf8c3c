// SPDX-License-Identifier: MIT
// Wrong programs of a few lines, each beside the right one. Validation reports every wrong one with rule, buffer and bytes,
// and is silent about the right ones.
#pragma once

#include <chrono>
#include <span>

#include "misuse/scene.hpp"

namespace misuse {

using pmb::ErrorId;
using sample::need;

/// Of waits for the GPU, which end long before.
constexpr auto kPatience = std::chrono::minutes(10);

/// What a pair of programs needs, and some paths lack.
enum class Needs {
  nothing,
  mapping,  ///< Memory that GL has mapped.
  waits,    ///< A ring that waits for the GPU.
};

struct Misuse {
  const char* name;
  void (*wrong)(Scene&);
  void (*right)(Scene&);
  Needs needs = Needs::nothing;
};

std::span<const Misuse> slices();
std::span<const Misuse> full_rings();
std::span<const Misuse> tickets();
std::span<const Misuse> readbacks();
std::span<const Misuse> arenas();
std::span<const Misuse> threads();
std::span<const Misuse> lifetimes();
std::span<const Misuse> buffers();
std::span<const Misuse> blocks();
std::span<const Misuse> advice();

/// The error that a wrong program would have seen had it looked at the result.
template <class T>
void refused(const pmb::Result<T>& result) {
  sample::expect(!result, "a wrong call was not refused");
}

}  // namespace misuse
