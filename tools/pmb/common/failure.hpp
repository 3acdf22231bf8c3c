// SPDX-License-Identifier: MIT
// How a part of `pmb stream` says that it cannot go on: one sentence for people and the exit code of the
// program.
#pragma once

#include <fmt/format.h>

#include <string>
#include <tl/expected.hpp>
#include <utility>

#include "common/command.hpp"

namespace pmb::tool {

struct Failure {
  ExitCode code = kUsage;
  std::string message;       ///< Where and what to do, without a newline at its end.
  std::string details = {};  ///< Lines to print before it as they are: a compiler's messages.
};

/// A value or a Failure.
template <class T>
using Outcome = tl::expected<T, Failure>;

template <class... Args>
tl::unexpected<Failure> fail(ExitCode code, fmt::format_string<Args...> text, Args&&... args) {
  return tl::unexpected(Failure{code, fmt::format(text, std::forward<Args>(args)...)});
}

/// Hands a failure on, from an Outcome of another type.
template <class T>
tl::unexpected<Failure> pass_on(Outcome<T>& failed) {
  return tl::unexpected(std::move(failed.error()));
}

}  // namespace pmb::tool
