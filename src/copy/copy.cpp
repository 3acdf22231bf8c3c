// SPDX-License-Identifier: MIT
#include <algorithm>
#include <pmb/copy.hpp>

#include "copy/copy_queue.hpp"

namespace pmb {

using detail::CopyHow;

namespace {

void copy(std::byte* to, const std::byte* from, std::size_t size, CopyHow how,
          const CopyOptions& options) noexcept {
  const std::size_t pieces = (size + kCopyPieceBytes - 1) / kCopyPieceBytes;
  const auto threads = static_cast<std::uint32_t>(std::min<std::size_t>(options.threads, pieces));
  if (threads < 2) return detail::copy_piece(to, from, size, how);
  detail::CopyQueue queue(how);
  queue.offer(to, from, size);
  queue.finish();
  queue.run(options.parallel_for, threads, [&] {
    while (queue.copy_next_piece()) {
    }
  });
}

}  // namespace

bool copy_to_mapped(std::span<std::byte> mapped, std::span<const std::byte> source,
                    const CopyOptions& options) noexcept {
  if (source.size() > mapped.size()) return false;
  const CopyHow how = detail::how_to_write(source.size(), options.streaming_from_bytes);
  copy(mapped.data(), source.data(), source.size(), how, options);
  return true;
}

bool copy_from_mapped(std::span<std::byte> target, std::span<const std::byte> mapped,
                      const CopyOptions& options) noexcept {
  if (mapped.size() > target.size()) return false;
  const CopyHow how = detail::how_to_read(mapped.size(), options.streaming_from_bytes, options.slow_reads);
  copy(target.data(), mapped.data(), mapped.size(), how, options);
  return true;
}

}  // namespace pmb
