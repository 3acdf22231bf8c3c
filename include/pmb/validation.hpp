// SPDX-License-Identifier: MIT
// Reports of misuse: the error id, the label of the object, the byte range, and both places in the code.
//
//   options.validation = pmb::print_report;
//
// Without a sink, validation costs one predictable branch a call, and misuse has its documented safe outcome. With a
// sink, rings keep copies of the slices they lend and compare them, so that missing publishes and late writes are seen.
// GL copies a few published bytes, too, so that a buffer whose mapping GL has left is seen.
//
// Units:   bytes, from the start of the GL buffer.
// Threads: the sink is called on the thread that notices the misuse: late writes are noticed on the context's thread.
// Memory:  a Report borrows its label and stacks for the length of the call.
// GL:      publish() may copy 64 bytes of an upload ring, and mark() and acquire() read an earlier copy.
#pragma once

#include <cstdint>
#include <functional>
#include <pmb/detail/api.hpp>
#include <pmb/result.hpp>
#include <source_location>
#include <span>
#include <string>
#include <string_view>

namespace pmb {

enum class Severity : std::uint8_t {
  error,   ///< Bytes can be wrong or lost, memory is never reused, or a call had no effect.
  advice,  ///< The bytes are right, but the program is slower or larger than it must be.
};
PMB_API Severity severity_of(ErrorId id) noexcept;
/// The section of the OpenGL 4.6 core specification that an error rests on, such as "6.3". "" for a rule of pmb.
PMB_API const char* section_of(ErrorId id) noexcept;

struct Report {
  ErrorId id = ErrorId::none;
  std::string_view label = {};            ///< The label of the object, or "".
  std::uint32_t buffer = 0;               ///< GL name, or 0.
  std::uint64_t begin_bytes = 0;          ///< First byte concerned.
  std::uint64_t end_bytes = 0;            ///< One past the last byte concerned.
  std::source_location acquired_at = {};  ///< Where the object was created or acquired.
  std::source_location noticed_at = {};   ///< Where the misuse was noticed.
  std::uint64_t numbers[3] = {};          ///< As in Error.
  /// Return addresses of the calls at acquired_at and noticed_at, innermost first. Empty if they are unknown.
  std::span<void* const> acquired_stack = {};
  std::span<void* const> noticed_stack = {};

  /// "PMB-81 slice_used_unpublished: … (buffer 3 'vertices', bytes 64 to 128, acquired at a.cpp:10, noticed at
  /// b.cpp:20)". Allocates.
  PMB_API std::string message() const;
  /// The same as a block of lines that end in a newline, with the section and both stacks. Functions have names if their
  /// module exports them (link a program with -rdynamic); others show as an offset for addr2line. Allocates.
  PMB_API std::string details() const;
};

/// Receives reports. Must not throw and must not call pmb.
using ValidationSink = std::function<void(const Report&)>;
/// The sink of PMB_VALIDATE=1: writes details() to standard error.
PMB_API void print_report(const Report& report) noexcept;

}  // namespace pmb
