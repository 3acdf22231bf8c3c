// SPDX-License-Identifier: MIT
// What a benchmark consists of: a case is one scenario at one size; a method is one method of doing its work. All
// methods of a case do the same work on the same bytes, so that their times compare.
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

/// What a method stands for in the report.
enum class MethodKind : std::uint8_t {
  traditional,  ///< What a program would use in place of pmb.
  plan,         ///< pmb as it chooses by itself.
  forced,       ///< pmb with a model or a path forced.
  limit,        ///< What the machine can do at best: the wire, or a memory copy.
  reference,    ///< Something else worth knowing, not ranked.
};

const char* to_string(MethodKind kind) noexcept;

/// One method, ready to run.
class Method {
 public:
  virtual ~Method() = default;

  /// Does the work of the case `times` times and returns when all of it is done, on the GPU too.
  virtual Outcome<void> run(std::uint32_t times) = 0;

  /// Does the work once with bytes that no run had before, into memory that was filled with other bytes, and
  /// compares every byte of the result. Failures: kMismatch, telling the first wrong byte.
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
  std::string variant = {};        ///< "rgba8", "1000"; empty where the size says all.
  std::uint64_t size_bytes = 0;    ///< Of one operation, and of one direction.
  std::uint32_t operations = 1;    ///< In one run; times are told for one.
  std::uint64_t moved_bytes = 0;   ///< By one operation, for GB/s: each direction's where both move.
  std::uint64_t method_bytes = 0;  ///< What one method takes about, of memory of either side.
  bool one_at_a_time = false;   ///< Each method goes before the next comes, as is done where memory is short.
  bool one_turn = false;        ///< Its figures are those of memory; time is not the point.
  std::string limit_note = {};  ///< What the method `limit` does here; empty without one.
  std::vector<MethodSpec> methods = {};
};

/// "upload_kept/4096", "frame_round_trip/rgba8".
std::string name_of(const Case& work);

}  // namespace pmb::tool::bench
