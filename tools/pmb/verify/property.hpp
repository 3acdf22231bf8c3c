// SPDX-License-Identifier: MIT
// A property of drivers that pmb relies on, the check that measures it, and what the check found.
//
// A check returns its evidence if the property holds. It ends early by fail_check or skip_check.
#pragma once

#include <fmt/format.h>

#include <span>
#include <string>
#include <string_view>
#include <utility>

namespace pmb::tool::verify {

struct Gpu;

enum class Verdict {
  pass,
  avoided,  ///< The driver lacks the property, and a quirk in force avoids that.
  fail,
  not_applicable,
};
std::string_view name_of(Verdict verdict) noexcept;

/// Thrown by checks; caught by measure().
struct CheckEnd {
  Verdict verdict;
  std::string evidence;
};

template <class... Args>
[[noreturn]] void fail_check(fmt::format_string<Args...> text, Args&&... args) {
  throw CheckEnd{Verdict::fail, fmt::format(text, std::forward<Args>(args)...)};
}

template <class... Args>
[[noreturn]] void skip_check(fmt::format_string<Args...> text, Args&&... args) {
  throw CheckEnd{Verdict::not_applicable, fmt::format(text, std::forward<Args>(args)...)};
}

using Check = std::string (*)(const Gpu& gpu);

struct Property {
  const char* name;
  const char* what;  ///< A sentence that is true of a driver with the property.
  Check check;
  const char* quirk = nullptr;  ///< The quirk that avoids the lack of the property.
  Check under_quirk = nullptr;  ///< The same check with what pmb does under that quirk.
  int processes = 1;            ///< The check runs in so many processes at once.
};

/// Every property, in the order of the report.
std::span<const Property> all_properties();

struct Finding {
  std::string name;
  Verdict verdict = Verdict::fail;
  std::string evidence;
  double seconds = 0;  ///< 0 if the process that ran the check crashed or hung.
};

/// Runs the check, and decides what a failure means on this driver. GL errors that the check leaves behind fail it.
Finding measure(const Gpu& gpu, const Property& property);

}  // namespace pmb::tool::verify
