// SPDX-License-Identifier: MIT
// `--check` and `--verify`: computes every block a second time, the traditional way on the GPU or in plain
// C++, and compares all bytes.
//
// Threads: the GL context's.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "block_path.hpp"
#include "builtin_kernels.hpp"
#include "common/failure.hpp"
#include "frame_layout.hpp"

namespace pmb::tool {

class BlockCheck {
 public:
  /// Where the traditional results come from.
  void use_traditional(TraditionalRun run) { traditional_.emplace(std::move(run)); }
  /// Where the reference results come from.
  void use_reference(Builtin builtin, const FrameLayout& layout, BuiltinParameters parameters) {
    reference_.emplace(Reference{builtin, layout, std::move(parameters)});
  }
  bool checks() const noexcept { return traditional_.has_value(); }
  bool verifies() const noexcept { return reference_.has_value(); }

  /// What a block must come out as.
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
