// SPDX-License-Identifier: MIT
// Formats statuses and errors with {fmt}, where it is installed, and with std::format, where the library has it.
//
//   fmt::print(stderr, "{}\n", ring.error());     // the whole sentence
//   std::format("{:>12}", pmb::Status::timed_out)  // strings' format specifications
//
// Threads: any.
// Memory:  formatting an Error allocates its message.
// GL:      none.
#pragma once

#include <pmb/result.hpp>
#include <string>
#include <string_view>
#include <version>

#if __has_include(<fmt/format.h>)
#include <fmt/format.h>
#endif
#ifdef __cpp_lib_format
#include <format>
#endif

namespace pmb::detail {

inline std::string_view text_of(StatusCode status) {
  return to_string(status);
}
inline std::string_view text_of(ErrorId id) {
  return to_string(id);
}
inline std::string text_of(const Error& error) {
  return error.message();
}

template <class T, class Base>
struct TextFormatter : Base {
  template <class Context>
  auto format(const T& value, Context& context) const {
    return Base::format(text_of(value), context);
  }
};

}  // namespace pmb::detail

#ifdef FMT_VERSION
template <>
struct fmt::formatter<pmb::StatusCode>
    : pmb::detail::TextFormatter<pmb::StatusCode, fmt::formatter<std::string_view>> {};
template <>
struct fmt::formatter<pmb::ErrorId>
    : pmb::detail::TextFormatter<pmb::ErrorId, fmt::formatter<std::string_view>> {};
template <>
struct fmt::formatter<pmb::Error> : pmb::detail::TextFormatter<pmb::Error, fmt::formatter<std::string_view>> {
};
#endif

#ifdef __cpp_lib_format
template <>
struct std::formatter<pmb::StatusCode>
    : pmb::detail::TextFormatter<pmb::StatusCode, std::formatter<std::string_view>> {};
template <>
struct std::formatter<pmb::ErrorId>
    : pmb::detail::TextFormatter<pmb::ErrorId, std::formatter<std::string_view>> {};
template <>
struct std::formatter<pmb::Error> : pmb::detail::TextFormatter<pmb::Error, std::formatter<std::string_view>> {
};
#endif
