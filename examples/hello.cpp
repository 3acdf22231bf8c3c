// SPDX-License-Identifier: MIT
// The README's program: numbers up, back down, checked.
#include <chrono>
#include <cstring>
#include <pmb/headless.hpp>
#include <pmb/pmb.hpp>

int main() {
  auto gl = pmb::HeadlessContext::create();  // or any context that is current on this thread
  if (!gl || !gl->make_current()) return 1;
  auto context = pmb::Context::from_current(pmb::HeadlessContext::loader());
  if (!context) return 1;
  auto ring = pmb::UploadRing::create(*context, {.capacity_bytes = 1 << 20});
  auto readbacks = pmb::ReadbackRing::create(*context, {.capacity_bytes = 1 << 20});
  if (!ring || !readbacks) return 1;

  for (float frame = 0; frame < 100; ++frame) {
    auto slice = ring->acquire<float>(1024);                        // reserve shared memory
    if (!slice) return 1;                                           // full: nothing was retired
    for (std::size_t i = 0; i < 1024; ++i) slice->store(i, frame);  // fill it, on any thread
    if (!ring->publish(*slice, slice->size_bytes())) return 1;      // make it visible
    auto pending = readbacks->request(slice->buffer(), slice->offset_bytes(), 4096);  // use it
    auto ticket = context->timeline().mark();                     // one fence behind all of that
    if (!pending || !ticket || !ring->retire(*ticket)) return 1;  // hand it back
    auto view = pending->wait(std::chrono::seconds(1));           // bounded; try_view() never waits
    if (!view || std::memcmp(view->bytes().data(), &frame, sizeof frame) != 0) return 1;
    if (!pending->release()) return 1;
  }
}
