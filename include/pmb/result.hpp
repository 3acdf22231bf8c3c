// SPDX-License-Identifier: MIT
// The result of pmb's calls: a value, an ordinary "not now", or a typed error with a sentence that says what to do.
//
//   auto ring = pmb::UploadRing::create(context, {.capacity_bytes = 1 << 20});
//   if (!ring) {
//     std::cerr << ring.error() << '\n';
//     return 1;
//   }
//
// Units:   numbers inside an Error are bytes, counts or nanoseconds, as its sentence says.
// Threads: values only; no shared state.
// Memory:  an Error is trivially copyable and owns nothing; only message() allocates.
// Errors:  no exception leaves the library.
// GL:      none.
#pragma once

#include <concepts>
#include <cstdint>
#include <iosfwd>
#include <pmb/detail/api.hpp>
#include <pmb/detail/language.hpp>
#include <source_location>
#include <string>
#include <tl/expected.hpp>
#include <type_traits>

// Xlib makes Status a macro. The end of this header restores the macro.
#pragma push_macro("Status")
#undef Status

namespace pmb {

/// How a call ended. Positive values mean "not now", negative ones are errors.
enum class Status : std::int32_t {
  ok = 0,
  would_block = 1,  ///< Not now. A call that may wait has waited for as long as that could help.
  timed_out = 2,    ///< A bounded wait ran out. Transfers may have moved a part; other calls changed nothing.
  unsupported = -1,       ///< The context or machine lacks something.
  out_of_memory = -2,     ///< The driver or the process has no memory left.
  too_large = -3,         ///< It can never fit.
  map_failed = -4,        ///< A mapping call returned null.
  data_lost = -5,         ///< glUnmapBuffer returned false.
  context_lost = -6,      ///< The GL context was reset.
  fence_failed = -7,      ///< glFenceSync returned null.
  wait_failed = -8,       ///< A wait for a fence failed, which proves nothing.
  invalid_argument = -9,  ///< A value that can never be right.
  wrong_context = -10,    ///< No context, another context or another thread.
  stale_handle = -11,     ///< The object of the handle was retired, released or destroyed.
  refused = -12,          ///< Misuse; nothing was changed, but create_on() destroys its buffer.
  gl_error = -13,         ///< The driver failed a legal call.
};

/// The same type under a name that stays usable after <X11/Xlib.h>, whose macro breaks pmb::Status.
using StatusCode = Status;

/// The permanent id of each error; errors.def lists them with their sentences.
enum class ErrorId : std::uint16_t {
  none = 0,
#define PMB_ERROR(number, id, status, severity, section, sentence) id = number,
#include <pmb/errors.def>
#undef PMB_ERROR
};

/// One failure: its id, the GL call and numbers concerned, and where in the code it was noticed.
struct Error {
  Status status = Status::ok;
  ErrorId id = ErrorId::none;
  std::uint64_t numbers[3] = {};    ///< As the sentence of `id` uses them.
  const char* gl_call = "";         ///< The GL or EGL call concerned, a literal, or "".
  std::uint32_t gl_error = 0;       ///< What glGetError returned, or 0.
  std::source_location where = {};  ///< The line that called pmb, or the line in pmb that noticed.

  /// The whole sentence, with what to do. Allocates.
  PMB_API std::string message() const;
};
static_assert(std::is_trivially_copyable_v<Error>);

/// A value or an Error.
template <class T>
using Result = tl::expected<T, Error>;

/// The status of a result, `Status::ok` for a value.
template <class T>
constexpr Status status_of(const Result<T>& result) noexcept {
  return result ? Status::ok : result.error().status;
}

/// The status that an error id always carries.
PMB_API Status status_of(ErrorId id) noexcept;

/// "would_block", "context_lost", …
PMB_API const char* to_string(Status status) noexcept;
/// "ring_full_unretired", …
PMB_API const char* to_string(ErrorId id) noexcept;

/// Writes the name of a Status or an ErrorId, or the message of an Error. pmb/format.hpp has the same for {fmt} and
/// std::format.
template <class T>
  requires std::same_as<T, Status> || std::same_as<T, ErrorId> || std::same_as<T, Error>
std::ostream& operator<<(std::ostream& out, const T& value) {
  if constexpr (std::same_as<T, Error>) {
    return out << value.message();
  } else {
    return out << to_string(value);
  }
}

}  // namespace pmb

#pragma pop_macro("Status")
