// SPDX-License-Identifier: MIT
// Calls on a thread or with a GL context that is not the one of the pmb context.
#include <cstring>
#include <thread>

#include "misuse/misuse.hpp"

namespace misuse {
namespace {

namespace mark_on_a_worker {
void wrong(Scene& scene) {
  scene.expect(ErrorId::wrong_thread);

  std::thread([&] { refused(scene.timeline().mark()); }).join();
}
void right(Scene& scene) {
  need(scene.headless().release_current());
  std::thread([&] {
    need(scene.headless().make_current());
    need(scene.context().claim_thread());  // moves the context, with everything made on it
    need(scene.timeline().mark());
    need(scene.headless().release_current());
  }).join();

  need(scene.headless().make_current());
  need(scene.context().claim_thread());
}
}  // namespace mark_on_a_worker

namespace acquire_on_a_worker {
void wrong(Scene& scene) {
  auto ring = scene.upload_ring(4096);
  scene.expect(ErrorId::wrong_thread);

  std::thread([&] { refused(ring.acquire(64)); }).join();
}
void right(Scene& scene) {
  auto ring = scene.upload_ring(4096);

  const pmb::Slice slice = need(ring.acquire(64));
  const auto bytes = slice.raw_bytes();
  std::thread([&] { std::memcpy(bytes.data(), kVertices.data(), 64); }).join();  // the bytes: on any thread
  need(ring.publish(slice, 64));
  scene.gpu_reads(slice);
  need(ring.retire(scene.mark()));

  scene.gpu_has_read(kVertices);
}
}  // namespace acquire_on_a_worker

namespace no_context_current {
void wrong(Scene& scene) {
  scene.expect(ErrorId::no_current_context);

  need(scene.headless().release_current());
  refused(scene.timeline().mark());

  need(scene.headless().make_current());
}
void right(Scene& scene) {
  need(scene.headless().release_current());
  need(scene.headless().make_current());
  need(scene.timeline().mark());
}
}  // namespace no_context_current

namespace other_context_current {
void wrong(Scene& scene) {
  auto other = need(pmb::HeadlessContext::create());
  scene.expect(ErrorId::other_context_current);

  need(other.make_current());
  refused(scene.timeline().mark());  // its fence would be in the other context

  need(scene.headless().make_current());
}
void right(Scene& scene) {
  auto other = need(pmb::HeadlessContext::create());

  need(other.make_current());
  need(scene.headless().make_current());
  need(scene.timeline().mark());
}
}  // namespace other_context_current

}  // namespace

std::span<const Misuse> threads() {
  static constexpr Misuse kAll[] = {
      {"mark_on_a_worker", mark_on_a_worker::wrong, mark_on_a_worker::right},
      {"acquire_on_a_worker", acquire_on_a_worker::wrong, acquire_on_a_worker::right},
      {"no_context_current", no_context_current::wrong, no_context_current::right},
      {"other_context_current", other_context_current::wrong, other_context_current::right},
  };
  return kAll;
}

}  // namespace misuse
