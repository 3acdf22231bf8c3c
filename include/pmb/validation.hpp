// SPDX-License-Identifier: MIT
// Reports of wrong use: a rule with a permanent id, the object's label, the byte range and both places in the
// code.
//
//   options.validation = [](const pmb::Report& report) { std::cerr << report.message() << '\n'; };
//
// With no sink set, the layer costs one predictable branch a call and wrong use has its documented safe
// outcome. With a sink, rings keep copies of what they lend and compare them, so that forgotten publishes and
// late writes are seen.
//
// Units:   bytes, relative to the start of the GL buffer.
// Threads: the sink is called on the thread that broke the rule.
// Memory:  a Report borrows its label for the length of the call.
// GL:      none.
#pragma once

#include <cstdint>
#include <functional>
#include <source_location>
#include <string>
#include <string_view>

namespace pmb {

/// The permanent identity of each rule; rules.def lists them with their sentences.
enum class Rule : std::uint16_t {
#define PMB_RULE(number, id, sentence) id = number,
#include <pmb/rules.def>
#undef PMB_RULE
};

/// One breach.
struct Report {
  Rule rule{};
  std::string_view label = {};            ///< The object's label, or "".
  std::uint32_t buffer = 0;               ///< GL name, or 0.
  std::uint64_t begin_bytes = 0;          ///< First byte concerned.
  std::uint64_t end_bytes = 0;            ///< One past the last byte concerned.
  std::source_location acquired_at = {};  ///< Where the object was created or acquired.
  std::source_location noticed_at = {};   ///< Where the breach was noticed.

  /// "PMB-R01 slice_used_unpublished: … (buffer 3 'vertices', bytes 64 to 128, acquired at a.cpp:10, noticed
  /// at b.cpp:20)"
  std::string message() const;
};

/// Receives reports. Must not throw and must not call back into pmb.
using ValidationSink = std::function<void(const Report&)>;

const char* to_string(Rule rule) noexcept;
/// The rule's sentence: what was done and what to do.
const char* sentence_of(Rule rule) noexcept;

}  // namespace pmb
