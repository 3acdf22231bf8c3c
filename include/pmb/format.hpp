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
#include <type_traits>
#include <version>

#if __has_include(<fmt/format.h>)
#include <fmt/format.h>
#endif
#ifdef __cpp_lib_format
#include <format>
#endif

namespace pmb::detail {

template <class T>
concept HasText = std::is_same_v<T, StatusCode> || std::is_same_v<T, ErrorId> || std::is_same_v<T, Error>;

inline std::string_view text_of(const auto& named) {
  return to_string(named);
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
template <pmb::detail::HasText T>
struct fmt::formatter<T> : pmb::detail::TextFormatter<T, fmt::formatter<std::string_view>> {};
#endif

#ifdef __cpp_lib_format
template <pmb::detail::HasText T>
struct std::formatter<T> : pmb::detail::TextFormatter<T, std::formatter<std::string_view>> {};
#endif
