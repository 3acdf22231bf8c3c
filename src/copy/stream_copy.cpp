// SPDX-License-Identifier: MIT
#include <algorithm>
#include <atomic>
#include <cstring>
#include <pmb/stream_copy.hpp>

#include "copy/copy_piece.hpp"
#include "copy/stream_kernels.hpp"

namespace pmb {
namespace detail {

void copy_piece(const CopyPiece& piece) noexcept {
  switch (piece.how) {
    case CopyHow::plain:
      if (piece.size != 0) std::memcpy(piece.to, piece.from, piece.size);
      break;
    case CopyHow::streaming_stores:
      store_past_caches(piece.to, piece.from, piece.size);
      break;
    case CopyHow::streaming_loads:
      load_streaming(piece.to, piece.from, piece.size);
      break;
  }
}

void run_parallel(const ParallelFor* parallel_for, std::size_t count, ParallelBody body) noexcept {
  if (count > 1 && parallel_for && *parallel_for) {
    try {
      (*parallel_for)(count, body);
    } catch (...) {
      // Whatever it was, the caller does what is left.
    }
  }
  body(0);
}

}  // namespace detail

namespace {

void copy(std::byte* to, const std::byte* from, std::size_t size, detail::CopyHow how,
          const CopyOptions& options) noexcept {
  const std::size_t pieces = (size + kCopyPieceBytes - 1) / kCopyPieceBytes;
  if (pieces < 2 || options.threads < 2) {
    detail::copy_piece({to, from, size, how});
    return;
  }
  // The first piece ends at a cache line of the mapped side, so that no two threads write into one.
  const std::byte* mapped = how == detail::CopyHow::streaming_loads ? from : to;
  const std::size_t skew = reinterpret_cast<std::uintptr_t>(mapped) % 64;
  std::atomic<std::size_t> next = 0;
  const auto body = [&](std::size_t) {
    for (;;) {
      const std::size_t begin = next.fetch_add(kCopyPieceBytes, std::memory_order_relaxed);
      if (begin >= size + skew) break;
      const std::size_t first = begin == 0 ? 0 : begin - skew;
      const std::size_t last = std::min(begin + kCopyPieceBytes - skew, size);
      detail::copy_piece({to + first, from + first, last - first, how});
    }
  };
  detail::run_parallel(options.parallel_for, std::min<std::size_t>(options.threads, pieces),
                       ParallelBody(body));
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
