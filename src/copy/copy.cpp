// SPDX-License-Identifier: MIT
#include <algorithm>
#include <cstring>
#include <pmb/copy.hpp>

#include "copy/copy_piece.hpp"
#include "copy/copy_queue.hpp"
#include "copy/stream_kernels.hpp"

namespace pmb {
namespace detail {

void copy_piece(const CopyPiece& piece) noexcept {
  switch (piece.how) {
    case CopyHow::plain:
      if (piece.size != 0) std::memcpy(piece.to, piece.from, piece.size);
      break;
    case CopyHow::streaming_stores:
      store_nontemporal(piece.to, piece.from, piece.size);
      break;
    case CopyHow::streaming_loads:
      load_streaming(piece.to, piece.from, piece.size);
      break;
  }
}

void run_parallel(const ParallelFor* parallel_for, std::size_t count,
                  const std::function<void(std::size_t)>& body) noexcept {
  if (count > 1 && parallel_for && *parallel_for) {
    try {
      (*parallel_for)(count, body);
    } catch (...) {
      // The call below does the rest.
    }
  }
  body(0);
}

}  // namespace detail

namespace {

void copy(std::byte* to, const std::byte* from, std::size_t size, detail::CopyHow how,
          const CopyOptions& options) noexcept {
  const std::size_t pieces = (size + kCopyPieceBytes - 1) / kCopyPieceBytes;
  const auto threads = static_cast<std::uint32_t>(std::min<std::size_t>(options.threads, pieces));
  if (threads < 2) {
    detail::copy_piece({to, from, size, how});
    return;
  }
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
  copy(mapped.data(), source.data(), source.size(),
       detail::how_to_write(source.size(), options.streaming_from_bytes), options);
  return true;
}

bool copy_from_mapped(std::span<std::byte> target, std::span<const std::byte> mapped,
                      const CopyOptions& options) noexcept {
  if (mapped.size() > target.size()) return false;
  copy(target.data(), mapped.data(), mapped.size(),
       detail::how_to_read(mapped.size(), options.streaming_from_bytes, options.slow_reads), options);
  return true;
}

const char* stream_copy_target() noexcept {
  return detail::kernel_target();
}

}  // namespace pmb
