// SPDX-License-Identifier: MIT
// Reports of misuse: the error id, the label of the object, the byte range, and both places in the code.
//
//   options.validation = [](const pmb::Report& report) {
//     std::cerr << report.message() << '\n';
//   };
//
// Without a sink, validation costs one predictable branch a call, and misuse has its documented safe outcome. With a
// sink, rings keep copies of the slices they lend and compare them, so that missing publishes and late writes are seen.
//
// Units:   bytes, from the start of the GL buffer.
// Threads: the sink is called on the thread that notices the misuse: late writes are noticed on the context's thread.
// Memory:  a Report borrows its label for the length of the call.
// GL:      none.
#pragma once

#include <cstdint>
#include <functional>
#include <pmb/detail/api.hpp>
#include <pmb/result.hpp>
#include <source_location>
#include <string>
#include <string_view>

namespace pmb {

struct Report {
  ErrorId id = ErrorId::none;
  std::string_view label = {};            ///< The label of the object, or "".
  std::uint32_t buffer = 0;               ///< GL name, or 0.
  std::uint64_t begin_bytes = 0;          ///< First byte concerned.
  std::uint64_t end_bytes = 0;            ///< One past the last byte concerned.
  std::source_location acquired_at = {};  ///< Where the object was created or acquired.
  std::source_location noticed_at = {};   ///< Where the misuse was noticed.
  std::uint64_t numbers[3] = {};          ///< As in Error.

  /// "PMB-81 slice_used_unpublished: … (buffer 3 'vertices', bytes 64 to 128, acquired at a.cpp:10, noticed at
  /// b.cpp:20)". Allocates.
  PMB_API std::string message() const;
};

/// Receives reports. Must not throw and must not call pmb.
using ValidationSink = std::function<void(const Report&)>;

}  // namespace pmb
