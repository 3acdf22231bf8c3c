// SPDX-License-Identifier: MIT
// Wrong use of readbacks and of their views.
#include "misuse/misuse.hpp"

namespace misuse {
namespace {

namespace forgotten_mark {
void wrong(Scene& scene) {
  auto ring = scene.readback_ring(4096);
  scene.expect(ErrorId::never_marked, ring, 0, 64);

  const pmb::PendingReadback pending = need(ring.acquire(64));
  scene.gpu_writes(pending);
  refused(pending.wait(kPatience));  // returns at once: no fence is after the writer

  scene.mark();
  need(pending.release());
}
void right(Scene& scene) {
  auto ring = scene.readback_ring(4096);

  const pmb::PendingReadback pending = need(ring.acquire(64));
  scene.gpu_writes(pending);
  scene.mark();
  const pmb::ReadView view = need(pending.wait(kPatience));

  sample::expect(are_vertices(view.bytes()), "other bytes arrived");
  need(pending.release());
}
}  // namespace forgotten_mark

namespace view_after_release {
void wrong(Scene& scene) {
  auto ring = scene.readback_ring(4096);
  scene.expect(ErrorId::view_after_release, ring, 0, 64);

  const pmb::PendingReadback pending = need(ring.acquire(64));
  scene.gpu_writes(pending);
  scene.mark();
  const pmb::ReadView view = need(pending.wait(kPatience));
  need(pending.release());
  sample::expect(view.bytes().empty(), "a released view has bytes");
}
void right(Scene& scene) {
  auto ring = scene.readback_ring(4096);

  const pmb::PendingReadback pending = need(ring.acquire(64));
  scene.gpu_writes(pending);
  scene.mark();
  const pmb::ReadView view = need(pending.wait(kPatience));
  sample::expect(are_vertices(view.bytes()), "other bytes arrived");
  need(pending.release());  // after the last use of its bytes
}
}  // namespace view_after_release

namespace view_written {
void wrong(Scene& scene) {
  auto ring = scene.readback_ring(4096);
  scene.expect(ErrorId::view_written, ring, 3, 4);

  const pmb::PendingReadback pending = need(ring.acquire(64));
  scene.gpu_writes(pending);
  scene.mark();
  const pmb::ReadView view = need(pending.wait(kPatience));
  const_cast<std::byte&>(view.bytes()[3]) = std::byte{0xc0};  // changes the sign of a number in place
  need(pending.release());
}
void right(Scene& scene) {
  auto ring = scene.readback_ring(4096);
  std::array<float, 16> numbers = {};

  const pmb::PendingReadback pending = need(ring.acquire(64));
  scene.gpu_writes(pending);
  scene.mark();
  need(pending.copy_to(numbers, kPatience));  // and releases it
  sample::expect(numbers == kVertices, "other bytes arrived");
  numbers[0] = -numbers[0];
}
}  // namespace view_written

namespace double_release {
void wrong(Scene& scene) {
  auto ring = scene.readback_ring(4096);
  scene.expect(ErrorId::stale_slice, ring);

  const pmb::PendingReadback pending = need(ring.acquire(64));
  scene.mark();
  need(pending.release());
  refused(pending.release());
}
void right(Scene& scene) {
  auto ring = scene.readback_ring(4096);

  const pmb::PendingReadback pending = need(ring.acquire(64));
  scene.mark();
  need(pending.release());  // at any time: a readback that is not wanted needs no wait
  sample::expect(!pending.is_live(), "a released readback is live");
}
}  // namespace double_release

namespace wait_after_release {
void wrong(Scene& scene) {
  auto ring = scene.readback_ring(4096);
  scene.expect(ErrorId::stale_slice, ring);

  const pmb::PendingReadback pending = need(ring.acquire(64));
  scene.gpu_writes(pending);
  scene.mark();
  need(pending.release());
  refused(pending.wait(kPatience));
}
void right(Scene& scene) {
  auto ring = scene.readback_ring(4096);

  const pmb::PendingReadback pending = need(ring.acquire(64));
  scene.gpu_writes(pending);
  scene.mark();
  sample::expect(are_vertices(need(pending.wait(kPatience)).bytes()), "other bytes arrived");
  need(pending.release());
}
}  // namespace wait_after_release

namespace readbacks_outlived {
void wrong(Scene& scene) {
  auto ring = scene.readback_ring(4096);
  scene.expect(ErrorId::destroyed_with_live_slices, ring, 0, 64);
  scene.expect(ErrorId::view_after_release, ring, 0, 64);

  const pmb::PendingReadback pending = need(ring.acquire(64));
  scene.gpu_writes(pending);
  scene.mark();
  const pmb::ReadView view = need(pending.wait(kPatience));
  ring = {};  // with a view of its bytes in use
  sample::expect(view.bytes().empty(), "a view outlived its ring");
}
void right(Scene& scene) {
  auto ring = scene.readback_ring(4096);

  const pmb::PendingReadback pending = need(ring.acquire(64));
  scene.gpu_writes(pending);
  scene.mark();
  sample::expect(are_vertices(need(pending.wait(kPatience)).bytes()), "other bytes arrived");
  need(pending.release());
  ring = {};
}
}  // namespace readbacks_outlived

}  // namespace

std::span<const Misuse> readbacks() {
  static constexpr Misuse kAll[] = {
      {"forgotten_mark", forgotten_mark::wrong, forgotten_mark::right},
      {"view_after_release", view_after_release::wrong, view_after_release::right},
      {"view_written", view_written::wrong, view_written::right},
      {"double_release", double_release::wrong, double_release::right},
      {"wait_after_release", wait_after_release::wrong, wait_after_release::right},
      {"readbacks_outlived", readbacks_outlived::wrong, readbacks_outlived::right},
  };
  return kAll;
}

}  // namespace misuse
