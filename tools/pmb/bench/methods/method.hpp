// SPDX-License-Identifier: MIT
// A case is one scenario at one size. Its methods do the same work on the same bytes, so that their times compare.
//
// Threads: the GL context's.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "common/failure.hpp"

namespace pmb::tool::bench {

/// The role of a method in the report.
enum class MethodKind : std::uint8_t {
  traditional,  ///< The alternative to pmb.
  plan,         ///< pmb as it plans.
  forced,       ///< pmb with a model or a path forced.
  limit,        ///< The best rate of the machine: the wire, or a memory copy.
  reference,    ///< For comparison, not ranked.
};

const char* to_string(MethodKind kind) noexcept;

/// One method, ready to run.
class Method {
 public:
  virtual ~Method() = default;

  /// Does the work of the case `times` times, and returns when the GPU is done too.
  virtual Outcome<void> run(std::uint32_t times) = 0;

  /// Does the work once with new bytes, into memory that holds other bytes, and compares every byte of the result.
  /// Failures: kMismatch, naming the first wrong byte.
  virtual Outcome<void> verify() = 0;

  /// Bytes that CPU threads copy for one run, in this process or in the driver on its behalf.
  virtual std::uint64_t cpu_bytes_copied() const noexcept = 0;
};

using MethodMaker = std::function<Outcome<std::unique_ptr<Method>>()>;

struct MethodSpec {
  std::string name;
  MethodKind kind = MethodKind::traditional;
  MethodMaker make;
};

/// One scenario at one size.
struct Case {
  std::string scenario;
  std::string variant = {};        ///< "rgba8", "1000"; empty if the size identifies the case.
  std::uint64_t size_bytes = 0;    ///< Of one operation, and of one direction.
  std::uint32_t operations = 1;    ///< In one run; times are per operation.
  std::uint64_t moved_bytes = 0;   ///< By one operation, in one direction, for GB/s.
  std::uint64_t method_bytes = 0;  ///< The approximate memory of one method, on both sides.
  bool one_at_a_time = false;      ///< Drops each method before making the next: memory is short.
  bool one_turn = false;           ///< Only its memory figures matter.
  std::string limit_note = {};     ///< The work of the method `limit`; empty without one.
  std::vector<MethodSpec> methods = {};
};

/// "upload_kept/4096", "frame_round_trip/rgba8".
std::string name_of(const Case& work);

}  // namespace pmb::tool::bench
