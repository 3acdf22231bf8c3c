// SPDX-License-Identifier: MIT
#include <pmb/copy.hpp>

#include "capi/border.hpp"

namespace pmb::capi {
namespace {

using Body = std::function<void(std::size_t)>;

void run_body(void* body, std::int64_t index) {
  (*static_cast<const Body*>(body))(static_cast<std::size_t>(index));
}

/// CopyOptions with the ParallelFor that they point to.
struct OwnedCopyOptions {
  explicit OwnedCopyOptions(const pmb_copy_options* given) {
    const auto chosen = checked_or_default(given);
    parallel_for = parallel_for_of(chosen.parallel_for, chosen.parallel_for_user);
    options = {.parallel_for = &parallel_for,
               .threads = std::max(chosen.threads, 1U),
               .streaming_from_bytes = static_cast<std::size_t>(number(chosen.streaming_from_bytes)),
               .slow_reads = chosen.slow_reads};
  }
  OwnedCopyOptions(const OwnedCopyOptions&) = delete;
  OwnedCopyOptions& operator=(const OwnedCopyOptions&) = delete;

  ParallelFor parallel_for;
  CopyOptions options;
};

/// Bytes 0 to `size` of `room` bytes.
void expect_fit(bool fits, std::size_t size, std::size_t room) {
  if (!fits) throw Misuse{ErrorId::range_outside, {0, size, room}};
}

}  // namespace

ParallelFor parallel_for_of(pmb_parallel_for function, void* user) {
  if (!function) return {};
  return [function, user](std::size_t count, const Body& body) {
    function(user, static_cast<std::int64_t>(count), &run_body, const_cast<Body*>(&body));
  };
}

}  // namespace pmb::capi

using namespace pmb::capi;

pmb_status pmb_copy_to_mapped(void* mapped, int64_t mapped_bytes, const void* source, int64_t source_bytes,
                              const pmb_copy_options* options) {
  return answer([&](auto) {
    const OwnedCopyOptions chosen(options);
    const auto target = bytes_of(mapped, mapped_bytes);
    const auto bytes = bytes_of(source, source_bytes);
    expect_fit(pmb::copy_to_mapped(target, bytes, chosen.options), bytes.size(), target.size());
  });
}

pmb_status pmb_copy_from_mapped(void* target, int64_t target_bytes, const void* mapped, int64_t mapped_bytes,
                                const pmb_copy_options* options) {
  return answer([&](auto) {
    const OwnedCopyOptions chosen(options);
    const auto into = bytes_of(target, target_bytes);
    const auto bytes = bytes_of(mapped, mapped_bytes);
    expect_fit(pmb::copy_from_mapped(into, bytes, chosen.options), bytes.size(), into.size());
  });
}

const char* pmb_stream_copy_target(void) {
  return pmb::stream_copy_target();
}

void pmb_store_fence(void) {
  pmb::store_fence();
}
