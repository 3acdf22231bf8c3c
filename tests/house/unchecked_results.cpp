// SPDX-License-Identifier: MIT
// Compiles, with a warning in each line that is marked. tests/house/nodiscard.py looks at them.
#include <pmb/headless.hpp>
#include <pmb/pmb.hpp>

void look_at_nothing(pmb::Context& context, pmb::UploadRing& ring, pmb::Slice slice, pmb::Arena arena,
                     pmb::Ticket ticket, pmb::PendingReadback pending, pmb::BlockPool& pool, pmb::Block block,
                     std::span<std::byte> bytes) {
  ring.publish(slice, 64);               // warns
  ring.publish(arena);                   // warns
  ring.retire(ticket);                   // warns
  ring.retire(slice, ticket);            // warns
  ring.acquire(64);                      // warns
  ring.acquire<int>(16);                 // warns
  slice.store(0, 1);                     // warns
  slice.copy_from(bytes);                // warns
  slice.fill(std::byte{1});              // warns
  context.timeline().mark();             // warns
  ticket.wait(std::chrono::seconds(1));  // warns
  pending.release();                     // warns
  pool.publish(block, 64);               // warns
  pmb::upload(context, 1, 0, bytes);     // warns
  pmb::download(context, 1, 0, bytes);   // warns
  pmb::UploadRing::create(context, {});  // warns
  if (!ring.publish(slice, 64)) return;
  static_cast<void>(slice.fill(std::byte{1}));
}
