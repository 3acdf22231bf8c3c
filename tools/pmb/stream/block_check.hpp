// SPDX-License-Identifier: MIT
// `--check` and `--verify`: computes every block a second time and compares all bytes. The second result comes
// from the traditional path (`--check`) or from plain C++ (`--verify`).
//
// Threads: the GL context's.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "builtin_kernels.hpp"
#include "common/failure.hpp"
#include "frame_layout.hpp"
#include "traditional_run.hpp"

namespace pmb::tool {

class BlockCheck {
 public:
  /// Compares with the traditional path.
  void use_traditional(TraditionalRun run) { traditional_.emplace(std::move(run)); }
  /// Compares with the CPU reference.
  void use_reference(Builtin builtin, const FrameLayout& layout, BuiltinParameters parameters) {
    reference_.emplace(Reference{builtin, layout, std::move(parameters)});
  }
  bool checks() const noexcept { return traditional_.has_value(); }
  bool verifies() const noexcept { return reference_.has_value(); }

  /// The bytes that a block must have; empty without that comparison.
  struct Expected {
    std::vector<std::byte> traditional;
    std::vector<std::byte> reference;
  };

  /// Reads the input, of padded length. Failures: those of TraditionalRun::run.
  Outcome<Expected> expect(std::span<const std::byte> input, const BlockJob& job);

  /// Compares the job's output_bytes. Failures: kMismatch, with the block, the byte and both values.
  static Outcome<void> compare(const Expected& expected, const BlockJob& job,
                               std::span<const std::byte> actual);

 private:
  struct Reference {
    Builtin builtin;
    FrameLayout layout;
    BuiltinParameters parameters;
  };
  std::optional<TraditionalRun> traditional_;
  std::optional<Reference> reference_;
};

}  // namespace pmb::tool
