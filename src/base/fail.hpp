// SPDX-License-Identifier: MIT
// Makes errors: one line where something fails.
#pragma once

#include <cstdint>
#include <pmb/result.hpp>
#include <source_location>

namespace pmb {

/// The rest of an error beyond its id and place.
struct FailDetails {
  std::uint64_t numbers[3] = {};
  const char* gl_call = "";
  std::uint32_t gl_error = 0;
};

Error make_error(ErrorId id, std::source_location where, const FailDetails& details = {}) noexcept;

/// For `return fail(…)` in any function that returns a Result.
inline tl::unexpected<Error> fail(ErrorId id, std::source_location where,
                                  const FailDetails& details = {}) noexcept {
  return tl::unexpected<Error>(make_error(id, where, details));
}

/// For `return pass_on(result)`: the error of a result, as the error of another kind of result.
template <class T>
tl::unexpected<Error> pass_on(const Result<T>& failed) noexcept {
  return tl::unexpected<Error>(failed.error());
}

}  // namespace pmb
