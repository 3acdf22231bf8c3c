// SPDX-License-Identifier: MIT
// The first program of docs/install.md: numbers go into a GL buffer, and come back.
#include <array>
#include <cstdio>
#include <pmb/headless.hpp>
#include <pmb/pmb.hpp>
#include <stdexcept>
#include <utility>

/// The value of a result, or its error as an exception.
template <class T>
T need(pmb::Result<T> result) {
  if (!result) throw std::runtime_error(result.error().message());
  if constexpr (!std::is_void_v<T>) return std::move(*result);
}

int main() {
  auto headless = need(pmb::HeadlessContext::create());  // no window; the first GPU, or else the CPU
  need(headless.make_current());
  auto context = need(pmb::Context::from_current(pmb::HeadlessContext::loader()));
  auto ring = need(pmb::UploadRing::create(context, {.capacity_bytes = 8 << 20}));

  const std::array<float, 4> numbers = {1, 2, 3, 4};
  auto slice = need(ring.acquire(sizeof numbers));  // reserve memory that CPU and GPU share
  if (!slice.copy_from(numbers)) return 1;          // or write in place, to slice.raw_bytes()
  need(ring.publish(slice, sizeof numbers));        // make the bytes visible to the GPU

  std::array<float, 4> back = {};
  need(pmb::download(context, slice.buffer(), slice.offset_bytes(), back));
  need(ring.retire(need(context.timeline().mark())));  // reusable once the GPU has passed this point
  std::printf("%g %g %g %g\n", back[0], back[1], back[2], back[3]);
  return back == numbers ? 0 : 1;
}
