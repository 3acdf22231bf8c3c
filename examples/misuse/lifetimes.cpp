// SPDX-License-Identifier: MIT
// Objects that end too early, too late, or by other code.
#include "misuse/misuse.hpp"

namespace misuse {
namespace {

namespace ring_destroyed_early {
void wrong(Scene& scene) {
  auto ring = scene.upload_ring(4096);
  scene.expect(ErrorId::destroyed_with_live_slices, ring, 0, 64);

  const pmb::Slice slice = need(ring.acquire(64));
  const auto bytes = slice.raw_bytes();  // a worker has them
  ring = {};
  sample::expect(!bytes.empty() && !slice.is_live(), "the slice outlived its ring");
}
void right(Scene& scene) {
  auto ring = scene.upload_ring(4096);

  const pmb::Slice slice = need(ring.acquire(64));
  need(ring.cancel(slice));  // once the worker is done
  ring = {};
}
}  // namespace ring_destroyed_early

namespace handle_of_an_old_ring {
void wrong(Scene& scene) {
  auto ring = scene.upload_ring(4096);

  const pmb::Slice slice = need(ring.acquire(64));
  need(ring.cancel(slice));
  ring = scene.upload_ring(8192);  // larger, since the scene has grown
  refused(ring.publish(slice, 64));

  scene.expect(ErrorId::stale_slice, ring);
}
void right(Scene& scene) {
  auto ring = scene.upload_ring(4096);

  pmb::Slice slice = need(ring.acquire(64));
  need(ring.cancel(slice));
  ring = scene.upload_ring(8192);
  slice = need(ring.acquire(64));
  need(slice.copy_from(kVertices));
  need(ring.publish(slice, 64));
  scene.gpu_reads(slice);
  need(ring.retire(scene.mark()));

  scene.gpu_has_read(kVertices);
}
}  // namespace handle_of_an_old_ring

namespace buffer_outlives_context {
void wrong(Scene& scene) {
  auto buffer = scene.mapped_buffer(pmb::Access::sequential_write);
  scene.expect(ErrorId::leaked_with_context, buffer, 0, 4096);

  scene.close();  // the context, but not the buffer
}
void right(Scene& scene) {
  auto buffer = scene.mapped_buffer(pmb::Access::sequential_write);

  need(buffer.destroy());
  scene.close();
}
}  // namespace buffer_outlives_context

namespace ring_used_after_context {
void wrong(Scene& scene) {
  auto ring = scene.upload_ring(4096);
  scene.expect(ErrorId::leaked_with_context, ring, 0, 4096);
  scene.expect(ErrorId::context_gone);

  scene.close();
  refused(ring.acquire(64));
}
void right(Scene& scene) {
  auto ring = scene.upload_ring(4096);

  need(ring.cancel(need(ring.acquire(64))));
  ring = {};
  scene.close();
}
}  // namespace ring_used_after_context

namespace destroyed_without_context {
void wrong(Scene& scene) {
  auto ring = scene.upload_ring(4096);
  scene.expect(ErrorId::destroyed_without_context, ring, 0, 4096);

  need(scene.headless().release_current());
  ring = {};  // cannot call GL, so that the GL buffer stays

  need(scene.headless().make_current());
}
void right(Scene& scene) {
  auto ring = scene.upload_ring(4096);

  need(scene.headless().release_current());
  need(scene.headless().make_current());
  ring = {};
}
}  // namespace destroyed_without_context

namespace unmapped_by_other_code {
void wrong(Scene& scene) {
  auto ring = scene.upload_ring(4096);
  const std::uint32_t name = ring.mapped_buffer().buffer();
  scene.expect(ErrorId::unmapped_by_others, ring, 0, 4096);

  glBindBuffer(GL_ARRAY_BUFFER, name);
  glUnmapBuffer(GL_ARRAY_BUFFER);  // pmb's mapping: the pointers of all slices are void
  scene.mark();

  glDeleteBuffers(1, &name);
}
void right(Scene& scene) {
  auto ring = scene.upload_ring(4096);
  const std::uint32_t name = ring.mapped_buffer().buffer();

  glBindBuffer(GL_ARRAY_BUFFER, name);  // a persistent mapping stays while GL uses its buffer
  scene.mark();
}
}  // namespace unmapped_by_other_code

namespace deleted_by_other_code {
void wrong(Scene& scene) {
  auto ring = scene.upload_ring(4096);
  const pmb::Slice slice = need(ring.acquire(64));
  scene.expect(ErrorId::unmapped_by_others, ring, 0, 4096);

  const GLuint name = slice.buffer();
  glDeleteBuffers(1, &name);
  scene.mark();
}
void right(Scene& scene) {
  auto ring = scene.upload_ring(4096);

  ring = {};  // deletes its buffer
  scene.mark();
}
}  // namespace deleted_by_other_code

}  // namespace

std::span<const Misuse> lifetimes() {
  static constexpr Misuse kAll[] = {
      {"ring_destroyed_early", ring_destroyed_early::wrong, ring_destroyed_early::right},
      {"handle_of_an_old_ring", handle_of_an_old_ring::wrong, handle_of_an_old_ring::right},
      {"buffer_outlives_context", buffer_outlives_context::wrong, buffer_outlives_context::right},
      {"ring_used_after_context", ring_used_after_context::wrong, ring_used_after_context::right},
      {"destroyed_without_context", destroyed_without_context::wrong, destroyed_without_context::right},
      {"unmapped_by_other_code", unmapped_by_other_code::wrong, unmapped_by_other_code::right,
       Needs::mapping},
      {"deleted_by_other_code", deleted_by_other_code::wrong, deleted_by_other_code::right},
  };
  return kAll;
}

}  // namespace misuse
