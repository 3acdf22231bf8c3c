// SPDX-License-Identifier: MIT
// Tickets that prove nothing about the bytes that they are given for.
#include "misuse/misuse.hpp"

namespace misuse {
namespace {

namespace mark_before_publish {
void wrong(Scene& scene) {
  auto ring = scene.upload_ring(4096);
  scene.expect(ErrorId::ticket_too_old, ring, 0, 64);

  const pmb::Slice slice = need(ring.acquire(64));
  const pmb::Ticket ticket = scene.mark();
  need(ring.publish(slice, 64));
  scene.gpu_reads(slice);
  refused(ring.retire(slice, ticket));  // its fence is before the reader

  need(ring.retire(scene.mark()));
}
void right(Scene& scene) {
  auto ring = scene.upload_ring(4096);

  const pmb::Slice slice = need(ring.acquire(64));
  need(slice.copy_from(kVertices));
  need(ring.publish(slice, 64));
  scene.gpu_reads(slice);
  const pmb::Ticket ticket = scene.mark();
  need(ring.retire(slice, ticket));

  scene.gpu_has_read(kVertices);
}
}  // namespace mark_before_publish

namespace ticket_of_the_last_frame {
void wrong(Scene& scene) {
  auto ring = scene.upload_ring(4096);
  scene.expect(ErrorId::ticket_too_old, ring);

  const pmb::Ticket last_frame = scene.mark();
  need(ring.publish(need(ring.acquire(64)), 64));
  refused(ring.retire(last_frame));

  need(ring.retire(scene.mark()));
}
void right(Scene& scene) {
  auto ring = scene.upload_ring(4096);

  scene.mark();
  need(ring.publish(need(ring.acquire(64)), 64));
  need(ring.retire(scene.mark()));
}
}  // namespace ticket_of_the_last_frame

namespace ticket_of_another_context {
void wrong(Scene& scene) {
  auto other = need(pmb::Context::from_current(pmb::HeadlessContext::loader()));
  auto ring = scene.upload_ring(4096);
  scene.expect(ErrorId::foreign_ticket, ring, 0, 64);

  const pmb::Slice slice = need(ring.acquire(64));
  need(ring.publish(slice, 64));
  refused(ring.retire(slice, need(other.timeline().mark())));

  need(ring.retire(scene.mark()));
}
void right(Scene& scene) {
  auto other = need(pmb::Context::from_current(pmb::HeadlessContext::loader()));
  auto ring = scene.upload_ring(4096);

  const pmb::Slice slice = need(ring.acquire(64));
  need(ring.publish(slice, 64));
  need(other.timeline().mark());
  need(ring.retire(slice, scene.mark()));  // a mark of the context that lent the slice
}
}  // namespace ticket_of_another_context

namespace block_ticket_too_old {
void wrong(Scene& scene) {
  auto pool = scene.block_pool(2);
  const pmb::Block block = need(pool.acquire());
  scene.expect(ErrorId::ticket_too_old, {"blocks", block}, 0, 64);

  const pmb::Ticket ticket = scene.mark();
  need(pool.publish(block, 64));
  scene.gpu_reads(block.buffer(), 0, 64);
  refused(pool.retire(block, ticket));

  need(pool.retire(block, scene.mark()));
}
void right(Scene& scene) {
  auto pool = scene.block_pool(2);
  const pmb::Block block = need(pool.acquire());

  need(pool.publish(block, 64));
  scene.gpu_reads(block.buffer(), 0, 64);
  need(pool.retire(block, scene.mark()));
}
}  // namespace block_ticket_too_old

namespace block_ticket_of_another_context {
void wrong(Scene& scene) {
  auto other = need(pmb::Context::from_current(pmb::HeadlessContext::loader()));
  auto pool = scene.block_pool(1);
  const pmb::Block block = need(pool.acquire());
  scene.expect(ErrorId::foreign_ticket, {"blocks", block}, 0, 64);

  need(pool.publish(block, 64));
  refused(pool.wait_view(block, need(other.timeline().mark()), kPatience));

  need(pool.retire(block, scene.mark()));
}
void right(Scene& scene) {
  auto pool = scene.block_pool(1);
  const pmb::Block block = need(pool.acquire());

  need(pool.publish(block, 64));
  scene.gpu_writes(block.buffer(), 0);
  const pmb::ReadView view = need(pool.wait_view(block, scene.mark(), kPatience));
  sample::expect(are_vertices(view.bytes()), "other bytes arrived");
  need(pool.release(block));
}
}  // namespace block_ticket_of_another_context

namespace read_with_an_early_ticket {
void wrong(Scene& scene) {
  const pmb::Ticket ticket = scene.mark();
  auto buffer = scene.mapped_buffer(pmb::Access::read);
  scene.expect(ErrorId::ticket_too_old, buffer, 0, 64);

  std::array<float, 16> read = {};
  scene.gpu_writes(buffer.buffer(), 0);
  refused(buffer.read(0, read, ticket));  // marked before the buffer existed
}
void right(Scene& scene) {
  auto buffer = scene.mapped_buffer(pmb::Access::read);

  std::array<float, 16> read = {};
  scene.gpu_writes(buffer.buffer(), 0);
  const pmb::Ticket ticket = scene.mark();
  need(ticket.wait(kPatience));
  need(buffer.read(0, read, ticket));

  sample::expect(read == kVertices, "other bytes arrived");
}
}  // namespace read_with_an_early_ticket

}  // namespace

std::span<const Misuse> tickets() {
  static constexpr Misuse kAll[] = {
      {"mark_before_publish", mark_before_publish::wrong, mark_before_publish::right},
      {"ticket_of_the_last_frame", ticket_of_the_last_frame::wrong, ticket_of_the_last_frame::right},
      {"ticket_of_another_context", ticket_of_another_context::wrong, ticket_of_another_context::right},
      {"block_ticket_too_old", block_ticket_too_old::wrong, block_ticket_too_old::right},
      {"block_ticket_of_another_context", block_ticket_of_another_context::wrong,
       block_ticket_of_another_context::right},
      {"read_with_an_early_ticket", read_with_an_early_ticket::wrong, read_with_an_early_ticket::right},
  };
  return kAll;
}

}  // namespace misuse
