// SPDX-License-Identifier: MIT
// Wrong use of a slice between its acquire and its retire.
#include <cstring>

#include "misuse/misuse.hpp"

namespace misuse {
namespace {

namespace forgotten_publish {
void wrong(Scene& scene) {
  auto ring = scene.upload_ring(4096);
  scene.expect(ErrorId::slice_used_unpublished, ring, 0, 64);

  const pmb::Slice slice = need(ring.acquire(64));
  need(slice.copy_from(kVertices));
  scene.gpu_reads(slice);  // nothing has published the bytes
  scene.mark();

  need(ring.cancel(slice));
}
void right(Scene& scene) {
  auto ring = scene.upload_ring(4096);

  const pmb::Slice slice = need(ring.acquire(64));
  need(slice.copy_from(kVertices));
  need(ring.publish(slice, 64));
  scene.gpu_reads(slice);
  need(ring.retire(scene.mark()));

  scene.gpu_has_read(kVertices);
}
}  // namespace forgotten_publish

namespace publish_after_use {
void wrong(Scene& scene) {
  auto ring = scene.upload_ring(4096);
  const std::uint32_t name = ring.mapped_buffer().buffer();  // bound once, for many slices
  scene.expect(ErrorId::slice_used_unpublished, ring, 0, 64);

  const pmb::Slice slice = need(ring.acquire(64));
  need(slice.copy_from(kVertices));
  scene.gpu_reads(name, slice.offset_bytes(), 64);
  scene.mark();
  need(ring.publish(slice, 64));  // after the command that reads it

  need(ring.retire(scene.mark()));
}
void right(Scene& scene) {
  auto ring = scene.upload_ring(4096);
  const std::uint32_t name = ring.mapped_buffer().buffer();

  const pmb::Slice slice = need(ring.acquire(64));
  need(slice.copy_from(kVertices));
  scene.mark();  // a slice may be filled across marks
  need(ring.publish(slice, 64));
  scene.gpu_reads(name, slice.offset_bytes(), 64);
  need(ring.retire(scene.mark()));

  scene.gpu_has_read(kVertices);
}
}  // namespace publish_after_use

namespace write_after_publish {
void wrong(Scene& scene) {
  auto ring = scene.upload_ring(4096);
  scene.expect(ErrorId::written_after_publish, ring, 8, 12);

  const pmb::Slice slice = need(ring.acquire(64));
  const auto bytes = slice.raw_bytes();
  need(slice.copy_from(kVertices));
  need(ring.publish(slice, 64));
  scene.gpu_reads(slice);
  std::memset(bytes.data() + 8, 0xff, 4);  // the GPU may be reading
  need(ring.retire(scene.mark()));
}
void right(Scene& scene) {
  auto ring = scene.upload_ring(4096);
  std::array<float, 16> moved = kVertices;
  moved[2] = 30;

  const pmb::Slice slice = need(ring.acquire(64));
  const auto bytes = slice.raw_bytes();
  need(slice.copy_from(kVertices));
  std::memcpy(bytes.data() + 8, &moved[2], 4);  // any order, as long as it is before the publish
  need(ring.publish(slice, 64));
  scene.gpu_reads(slice);
  need(ring.retire(scene.mark()));

  scene.gpu_has_read(moved);
}
}  // namespace write_after_publish

namespace write_after_retire {
void wrong(Scene& scene) {
  auto ring = scene.upload_ring(4096);
  scene.expect(ErrorId::written_after_publish, ring, 0, 4);

  const pmb::Slice slice = need(ring.acquire(64));
  const auto bytes = slice.raw_bytes();
  need(slice.copy_from(kVertices));
  need(ring.publish(slice, 64));
  scene.gpu_reads(slice);
  need(ring.retire(slice, scene.mark()));
  std::memset(bytes.data(), 0xff, 4);              // for the next frame, too early
  const pmb::Slice next = need(ring.acquire(64));  // notices

  need(ring.cancel(next));
}
void right(Scene& scene) {
  auto ring = scene.upload_ring(4096);

  for (int frame = 0; frame < 3; ++frame) {
    const pmb::Slice slice = need(ring.acquire(64));  // each frame has its slice
    need(slice.copy_from(kVertices));
    need(ring.publish(slice, 64));
    scene.gpu_reads(slice);
    need(ring.retire(slice, scene.mark()));
  }

  scene.gpu_has_read(kVertices);
}
}  // namespace write_after_retire

namespace forgotten_retire {
void wrong(Scene& scene) {
  auto ring = scene.upload_ring(4096);
  scene.expect(ErrorId::never_retired, ring, 0, 64);

  const pmb::Slice slice = need(ring.acquire(64));
  need(slice.copy_from(kVertices));
  need(ring.publish(slice, 64));
  for (int frame = 0; frame < 300; ++frame) {
    scene.gpu_reads(slice);
    scene.mark();
  }

  need(ring.retire(scene.mark()));
}
void right(Scene& scene) {
  auto ring = scene.upload_ring(4096);

  const pmb::Slice slice = need(ring.acquire(64));
  need(slice.copy_from(kVertices));
  need(ring.publish(slice, 64));
  for (int frame = 0; frame < 200; ++frame) {
    scene.gpu_reads(slice);
    scene.mark();
  }
  need(ring.retire(slice, scene.mark()));  // with a ticket after the last reader
  for (int frame = 0; frame < 200; ++frame) scene.mark();

  scene.gpu_has_read(kVertices);
}
}  // namespace forgotten_retire

namespace forgotten_cancel {
void wrong(Scene& scene) {
  auto ring = scene.upload_ring(4096);
  scene.expect(ErrorId::never_published, ring, 0, 64);

  const pmb::Slice slice = need(ring.acquire(64));  // and then the decoder finds the end of the file
  for (int frame = 0; frame < 300; ++frame) scene.mark();

  need(ring.cancel(slice));
}
void right(Scene& scene) {
  auto ring = scene.upload_ring(4096);

  const pmb::Slice slice = need(ring.acquire(64));
  need(ring.cancel(slice));
  for (int frame = 0; frame < 300; ++frame) scene.mark();
}
}  // namespace forgotten_cancel

namespace overrun {
void wrong(Scene& scene) {
  auto ring = scene.upload_ring(64 << 10);
  scene.expect(ErrorId::overrun, ring, 64, 68);

  const pmb::Slice slice = need(ring.acquire(16 * sizeof(float)));
  auto* const numbers = reinterpret_cast<float*>(slice.raw_bytes().data());
  for (int i = 0; i <= 16; ++i) numbers[i] = static_cast<float>(i + 1);  // 17 numbers
  need(ring.publish(slice, 64));

  scene.gpu_reads(slice);
  need(ring.retire(scene.mark()));
}
void right(Scene& scene) {
  auto ring = scene.upload_ring(64 << 10);

  const pmb::Slice slice = need(ring.acquire(16 * sizeof(float)));
  auto* const numbers = reinterpret_cast<float*>(slice.raw_bytes().data());
  for (int i = 0; i < 16; ++i) numbers[i] = static_cast<float>(i + 1);
  need(ring.publish(slice, 64));

  scene.gpu_reads(slice);
  need(ring.retire(scene.mark()));
  scene.gpu_has_read(kVertices);
}
}  // namespace overrun

namespace overrun_before_cancel {
void wrong(Scene& scene) {
  auto ring = scene.upload_ring(4096);
  scene.expect(ErrorId::overrun, ring, 60, 64);

  const pmb::Slice slice = need(ring.acquire(60));
  std::memcpy(slice.raw_bytes().data(), kVertices.data(), 64);
  need(ring.cancel(slice));
}
void right(Scene& scene) {
  auto ring = scene.upload_ring(4096);

  const pmb::Slice slice = need(ring.acquire(60));
  sample::expect(!slice.copy_from(kVertices), "64 bytes fitted into 60");  // copies only bytes that fit
  need(ring.cancel(slice));
}
}  // namespace overrun_before_cancel

namespace retire_unpublished {
void wrong(Scene& scene) {
  auto ring = scene.upload_ring(4096);
  scene.expect(ErrorId::not_published, ring, 0, 64);

  const pmb::Slice slice = need(ring.acquire(64));
  need(slice.copy_from(kVertices));
  refused(ring.retire(slice, scene.mark()));

  need(ring.cancel(slice));
}
void right(Scene& scene) {
  auto ring = scene.upload_ring(4096);

  const pmb::Slice slice = need(ring.acquire(64));
  need(slice.copy_from(kVertices));
  need(ring.publish(slice, 64));
  scene.gpu_reads(slice);
  need(ring.retire(slice, scene.mark()));

  scene.gpu_has_read(kVertices);
}
}  // namespace retire_unpublished

namespace publish_twice {
void wrong(Scene& scene) {
  auto ring = scene.upload_ring(4096);
  scene.expect(ErrorId::already_published, ring, 0, 32);

  const pmb::Slice slice = need(ring.acquire(64));
  need(ring.publish(slice, 32));
  refused(ring.publish(slice, 64));  // the GPU may be reading it
  need(ring.retire(slice, scene.mark()));
}
void right(Scene& scene) {
  auto ring = scene.upload_ring(4096);

  const pmb::Slice slice = need(ring.acquire(64));
  need(ring.publish(slice, 64));
  need(ring.retire(slice, scene.mark()));
}
}  // namespace publish_twice

namespace double_retire {
void wrong(Scene& scene) {
  auto ring = scene.upload_ring(4096);
  scene.expect(ErrorId::stale_slice, ring);

  const pmb::Slice slice = need(ring.acquire(64));
  need(ring.publish(slice, 64));
  const pmb::Ticket ticket = scene.mark();
  need(ring.retire(ticket));  // every published slice, this one too
  refused(ring.retire(slice, ticket));
}
void right(Scene& scene) {
  auto ring = scene.upload_ring(4096);

  const pmb::Slice slice = need(ring.acquire(64));
  need(ring.publish(slice, 64));
  need(ring.retire(scene.mark()));
  sample::expect(!slice.is_live(), "a retired slice is live");
}
}  // namespace double_retire

namespace publish_after_retire {
void wrong(Scene& scene) {
  auto ring = scene.upload_ring(4096);
  scene.expect(ErrorId::stale_slice, ring);

  const pmb::Slice slice = need(ring.acquire(64));
  need(ring.publish(slice, 64));
  need(ring.retire(slice, scene.mark()));
  refused(ring.publish(slice, 64));  // a slice is for one use
}
void right(Scene& scene) {
  auto ring = scene.upload_ring(4096);

  pmb::Slice slice = need(ring.acquire(64));
  need(ring.publish(slice, 64));
  need(ring.retire(slice, scene.mark()));
  slice = need(ring.acquire(64));
  need(ring.publish(slice, 64));
  need(ring.retire(slice, scene.mark()));
}
}  // namespace publish_after_retire

namespace publish_after_cancel {
void wrong(Scene& scene) {
  auto ring = scene.upload_ring(4096);
  scene.expect(ErrorId::stale_slice, ring);

  const pmb::Slice slice = need(ring.acquire(64));
  need(ring.cancel(slice));
  refused(ring.publish(slice, 64));
}
void right(Scene& scene) {
  auto ring = scene.upload_ring(4096);

  const pmb::Slice slice = need(ring.acquire(64));
  need(ring.publish(slice, 0));  // no bytes are a legal use, too
  need(ring.retire(slice, scene.mark()));
}
}  // namespace publish_after_cancel

namespace retired_slice_given_to_gl {
void wrong(Scene& scene) {
  auto ring = scene.upload_ring(4096);
  scene.expect(ErrorId::stale_slice, ring);  // of the name
  scene.expect(ErrorId::stale_slice, ring);  // and of the offset

  const pmb::Slice slice = need(ring.acquire(64));
  need(slice.copy_from(kVertices));
  need(ring.publish(slice, 64));
  need(ring.retire(slice, scene.mark()));
  scene.gpu_reads(slice);  // buffer 0
}
void right(Scene& scene) {
  auto ring = scene.upload_ring(4096);

  const pmb::Slice slice = need(ring.acquire(64));
  need(slice.copy_from(kVertices));
  need(ring.publish(slice, 64));
  scene.gpu_reads(slice);
  need(ring.retire(slice, scene.mark()));

  scene.gpu_has_read(kVertices);
}
}  // namespace retired_slice_given_to_gl

namespace slice_of_another_ring {
void wrong(Scene& scene) {
  auto ring = scene.upload_ring(4096);
  auto other = scene.upload_ring(4096);
  scene.expect(ErrorId::stale_slice, other);

  const pmb::Slice slice = need(ring.acquire(64));
  refused(other.publish(slice, 64));

  need(ring.cancel(slice));
}
void right(Scene& scene) {
  auto ring = scene.upload_ring(4096);
  auto other = scene.upload_ring(4096);

  const pmb::Slice slice = need(ring.acquire(64));
  need(ring.publish(slice, 64));
  const pmb::Ticket ticket = scene.mark();  // one ticket serves every ring
  need(ring.retire(ticket));
  need(other.retire(ticket));
}
}  // namespace slice_of_another_ring

}  // namespace

std::span<const Misuse> slices() {
  static constexpr Misuse kAll[] = {
      {"forgotten_publish", forgotten_publish::wrong, forgotten_publish::right},
      {"publish_after_use", publish_after_use::wrong, publish_after_use::right},
      {"write_after_publish", write_after_publish::wrong, write_after_publish::right},
      {"write_after_retire", write_after_retire::wrong, write_after_retire::right},
      {"forgotten_retire", forgotten_retire::wrong, forgotten_retire::right},
      {"forgotten_cancel", forgotten_cancel::wrong, forgotten_cancel::right},
      {"overrun", overrun::wrong, overrun::right},
      {"overrun_before_cancel", overrun_before_cancel::wrong, overrun_before_cancel::right},
      {"retire_unpublished", retire_unpublished::wrong, retire_unpublished::right},
      {"publish_twice", publish_twice::wrong, publish_twice::right},
      {"double_retire", double_retire::wrong, double_retire::right},
      {"publish_after_retire", publish_after_retire::wrong, publish_after_retire::right},
      {"publish_after_cancel", publish_after_cancel::wrong, publish_after_cancel::right},
      {"retired_slice_given_to_gl", retired_slice_given_to_gl::wrong, retired_slice_given_to_gl::right},
      {"slice_of_another_ring", slice_of_another_ring::wrong, slice_of_another_ring::right},
  };
  return kAll;
}

}  // namespace misuse
