// SPDX-License-Identifier: MIT
#include "copy/stream_kernels.hpp"

#include <cstring>

#if defined(_WIN32) && defined(__GNUC__) && !defined(__clang__)
// On Windows g++ does not align vectors of more than 16 bytes on the stack (GCC bug 54412): no set above SSE4.
#define HWY_DISABLED_TARGETS (HWY_SSSE3 | (HWY_SSE4 - 1))
#else
// For copies these two are the same as the set below them.
#define HWY_DISABLED_TARGETS (HWY_SSSE3 | HWY_AVX3_DL)
#endif

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "copy/stream_kernels.cpp"
#include <hwy/foreach_target.h>
//
#include <hwy/highway.h>

HWY_BEFORE_NAMESPACE();
namespace pmb::HWY_NAMESPACE {

namespace hn = hwy::HWY_NAMESPACE;

#if HWY_TARGET == HWY_SCALAR
// Without vectors nothing beats the C library.
void StoreNontemporal(std::uint8_t* HWY_RESTRICT to, const std::uint8_t* HWY_RESTRICT from,
                      std::size_t size) {
  if (size != 0) std::memcpy(to, from, size);
  store_fence();
}

void LoadStreaming(std::uint8_t* HWY_RESTRICT to, const std::uint8_t* HWY_RESTRICT from, std::size_t size) {
  if (size != 0) std::memcpy(to, from, size);
}
#else

// Whole lines: a full write-combining buffer drains in one transaction, and a streaming load always fetches a whole line.
constexpr std::size_t kLine = 64;
using Bytes = hn::CappedTag<std::uint8_t, kLine>;
constexpr std::size_t kUnroll = 4;

/// Bytes up to the next line, at most `size`.
HWY_INLINE std::size_t to_next_line(const void* address, std::size_t size) {
  const std::size_t ahead = (kLine - reinterpret_cast<std::uintptr_t>(address) % kLine) % kLine;
  return ahead < size ? ahead : size;
}

void StoreNontemporal(std::uint8_t* HWY_RESTRICT to, const std::uint8_t* HWY_RESTRICT from,
                      std::size_t size) {
  const std::size_t head = to_next_line(to, size);
  std::memcpy(to, from, head);
  const Bytes tag;
  const std::size_t lanes = hn::Lanes(tag);
  const std::size_t step = kUnroll * lanes;
  std::size_t at = head;
  for (; size - at >= step; at += step) {
    const auto v0 = hn::LoadU(tag, from + at);
    const auto v1 = hn::LoadU(tag, from + at + lanes);
    const auto v2 = hn::LoadU(tag, from + at + 2 * lanes);
    const auto v3 = hn::LoadU(tag, from + at + 3 * lanes);
    hn::Stream(v0, tag, to + at);
    hn::Stream(v1, tag, to + at + lanes);
    hn::Stream(v2, tag, to + at + 2 * lanes);
    hn::Stream(v3, tag, to + at + 3 * lanes);
  }
  std::memcpy(to + at, from + at, size - at);
  store_fence();
}

/// Highway has no streaming load. Instruction sets without one load the lines as usual.
HWY_INLINE hn::Vec<Bytes> load_line_part(Bytes tag, const std::uint8_t* aligned) {
#if HWY_TARGET == HWY_AVX3
  static_cast<void>(tag);
  return hn::Vec<Bytes>{_mm512_stream_load_si512(const_cast<std::uint8_t*>(aligned))};
#elif HWY_TARGET == HWY_AVX2
  static_cast<void>(tag);
  return hn::Vec<Bytes>{_mm256_stream_load_si256(reinterpret_cast<const __m256i*>(aligned))};
#elif HWY_TARGET == HWY_SSE4
  static_cast<void>(tag);
  return hn::Vec<Bytes>{
      _mm_stream_load_si128(const_cast<__m128i*>(reinterpret_cast<const __m128i*>(aligned)))};
#else
  return hn::Load(tag, aligned);
#endif
}

void LoadStreaming(std::uint8_t* HWY_RESTRICT to, const std::uint8_t* HWY_RESTRICT from, std::size_t size) {
#if HWY_ARCH_X86
  // Streaming loads are weakly ordered: none may be older than the GL fence that made the bytes available.
  _mm_mfence();
#endif
  const std::size_t head = to_next_line(from, size);
  std::memcpy(to, from, head);
  const Bytes tag;
  const std::size_t lanes = hn::Lanes(tag);
  const std::size_t step = kUnroll * lanes;
  std::size_t at = head;
  for (; size - at >= step; at += step) {
    const auto v0 = load_line_part(tag, from + at);
    const auto v1 = load_line_part(tag, from + at + lanes);
    const auto v2 = load_line_part(tag, from + at + 2 * lanes);
    const auto v3 = load_line_part(tag, from + at + 3 * lanes);
    hn::StoreU(v0, tag, to + at);
    hn::StoreU(v1, tag, to + at + lanes);
    hn::StoreU(v2, tag, to + at + 2 * lanes);
    hn::StoreU(v3, tag, to + at + 3 * lanes);
  }
  std::memcpy(to + at, from + at, size - at);
}

#endif

const char* Target() {
  return hwy::TargetName(HWY_TARGET);
}

}  // namespace pmb::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace pmb {

HWY_EXPORT(StoreNontemporal);
HWY_EXPORT(LoadStreaming);
HWY_EXPORT(Target);

void detail::copy_piece(std::byte* to, const std::byte* from, std::size_t size, CopyHow how) noexcept {
  auto* const target = reinterpret_cast<std::uint8_t*>(to);
  const auto* const source = reinterpret_cast<const std::uint8_t*>(from);
  if (how == CopyHow::streaming_stores) {
    HWY_DYNAMIC_DISPATCH(StoreNontemporal)(target, source, size);
  } else if (how == CopyHow::streaming_loads) {
    HWY_DYNAMIC_DISPATCH(LoadStreaming)(target, source, size);
  } else if (size != 0) {
    std::memcpy(to, from, size);
  }
}

const char* stream_copy_target() noexcept {
  return HWY_DYNAMIC_DISPATCH(Target)();
}

}  // namespace pmb
#endif
