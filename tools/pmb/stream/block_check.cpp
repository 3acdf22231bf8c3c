// SPDX-License-Identifier: MIT
// Second results and their comparison.

#include "block_check.hpp"

#include <algorithm>
#include <string_view>

#include "reference.hpp"

namespace pmb::tool {
namespace {

Outcome<void> compare_with(std::string_view what, std::span<const std::byte> expected, const BlockJob& job,
                           std::span<const std::byte> actual) {
  if (expected.empty()) return {};
  const auto [at, other] = std::ranges::mismatch(actual, expected.first(actual.size()));
  if (at == actual.end()) return {};
  return fail(
      kMismatch,
      "block {}, byte {}: the result is {:#04x} and {} gives {:#04x}; the blocks before are equal and were "
      "written",
      job.number, at - actual.begin(), std::to_integer<unsigned>(*at), what,
      std::to_integer<unsigned>(*other));
}

}  // namespace

Outcome<BlockCheck::Expected> BlockCheck::expect(std::span<const std::byte> input, const BlockJob& job) {
  Expected expected;
  if (traditional_) {
    expected.traditional.resize(traditional_->output_bytes());
    auto done = traditional_->run(input, job, expected.traditional);
    if (!done) return pass_on(done);
  }
  if (reference_) {
    const std::size_t bytes = reference_->layout.bytes;
    expected.reference.resize(bytes);
    run_reference(reference_->builtin, reference_->layout, reference_->parameters, input.first(bytes),
                  job.input_bytes, expected.reference);
  }
  return expected;
}

Outcome<void> BlockCheck::compare(const Expected& expected, const BlockJob& job,
                                  std::span<const std::byte> actual) {
  const std::span<const std::byte> used = actual.first(job.output_bytes);
  if (auto done = compare_with("the traditional path", expected.traditional, job, used); !done) return done;
  return compare_with("the CPU reference", expected.reference, job, used);
}

}  // namespace pmb::tool
