// SPDX-License-Identifier: MIT
// Rings that are full because the program holds their oldest bytes.
#include "misuse/misuse.hpp"

namespace misuse {
namespace {

namespace full_of_unpublished {
void wrong(Scene& scene) {
  auto ring = scene.upload_ring(1024);
  scene.expect(ErrorId::ring_full_unpublished, ring, 0, 1024);

  const pmb::Slice slice = need(ring.acquire(1024, 1));
  refused(ring.acquire(64));  // waiting would not help: the program holds all bytes

  need(ring.cancel(slice));
}
void right(Scene& scene) {
  auto ring = scene.upload_ring(1024);

  const pmb::Slice slice = need(ring.acquire(1024, 1));
  const auto none = ring.try_acquire(64);  // a caller that does not wait expects a full ring
  sample::expect(!none && none.error().status == pmb::Status::would_block, "a full ring has room");

  need(ring.cancel(slice));
}
}  // namespace full_of_unpublished

namespace full_of_unretired {
void wrong(Scene& scene) {
  auto ring = scene.upload_ring(1024);
  scene.expect(ErrorId::ring_full_unretired, ring, 0, 512);

  for (int frame = 0; frame < 2; ++frame) {
    const pmb::Slice slice = need(ring.acquire(512, 1));
    need(ring.publish(slice, 512));
    scene.gpu_reads(slice);
  }
  refused(ring.acquire(512, 1));

  need(ring.retire(scene.mark()));
}
void right(Scene& scene) {
  auto ring = scene.upload_ring(1024);

  for (int frame = 0; frame < 10; ++frame) {
    const pmb::Slice slice = need(ring.acquire(512, 1));  // waits for the GPU, if it must
    need(slice.copy_from(kVertices));
    need(ring.publish(slice, 512));
    scene.gpu_reads(slice);
    need(ring.retire(scene.mark()));
  }

  scene.gpu_has_read(kVertices);
}
}  // namespace full_of_unretired

namespace full_of_records {
void wrong(Scene& scene) {
  auto ring = need(pmb::UploadRing::create(
      scene.context(), {.capacity_bytes = 64 << 10, .label = "vertices", .max_slices = 16}));
  scene.expect(ErrorId::ring_slots_full, ring, 0, 64);

  for (int object = 0; object < 16; ++object) {
    need(ring.publish(need(ring.acquire(64)), 64));
  }
  refused(ring.acquire(64));  // bytes are left, but all 16 records are in use

  need(ring.retire(scene.mark()));
}
void right(Scene& scene) {
  auto ring = need(pmb::UploadRing::create(
      scene.context(), {.capacity_bytes = 64 << 10, .label = "vertices", .max_slices = 32}));

  for (int object = 0; object < 32; ++object) {
    need(ring.publish(need(ring.acquire(64)), 64));
  }
  need(ring.retire(scene.mark()));
}
}  // namespace full_of_records

namespace full_of_unreleased {
void wrong(Scene& scene) {
  auto ring = scene.readback_ring(1024);
  scene.expect(ErrorId::ring_full_unreleased, ring, 0, 1024);

  const pmb::PendingReadback pending = need(ring.acquire(1024, 1));
  scene.gpu_writes(pending);
  scene.mark();
  need(pending.wait(kPatience));
  refused(ring.acquire(64));  // the bytes were read, but not released

  need(pending.release());
}
void right(Scene& scene) {
  auto ring = scene.readback_ring(1024);

  for (int frame = 0; frame < 3; ++frame) {
    const pmb::PendingReadback pending = need(ring.acquire(1024, 1));
    scene.gpu_writes(pending);
    scene.mark();
    const pmb::ReadView view = need(pending.wait(kPatience));
    sample::expect(are_vertices(view.bytes().first(64)), "other bytes arrived");
    need(pending.release());
  }
}
}  // namespace full_of_unreleased

}  // namespace

std::span<const Misuse> full_rings() {
  static constexpr Misuse kAll[] = {
      {"full_of_unpublished", full_of_unpublished::wrong, full_of_unpublished::right},
      {"full_of_unretired", full_of_unretired::wrong, full_of_unretired::right},
      {"full_of_records", full_of_records::wrong, full_of_records::right},
      {"full_of_unreleased", full_of_unreleased::wrong, full_of_unreleased::right},
  };
  return kAll;
}

}  // namespace misuse
