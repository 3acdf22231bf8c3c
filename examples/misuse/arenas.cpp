// SPDX-License-Identifier: MIT
// Threads that write beside their pieces of an arena, too late, or in each other's cache lines.
#include <cstring>
#include <thread>

#include "misuse/misuse.hpp"

namespace misuse {
namespace {

namespace piece_overrun {
void wrong(Scene& scene) {
  auto ring = scene.upload_ring(8192);

  const pmb::Arena arena = need(ring.lend(2048));
  const pmb::ArenaPiece piece = arena.take(60).value();
  std::memcpy(piece.bytes.data(), kVertices.data(), 64);
  need(ring.publish(arena));

  const std::uint64_t end = piece.offset_bytes + 60;
  scene.expect(ErrorId::arena_piece_overrun, ring, end, end + 4);
  need(ring.retire(scene.mark()));
}
void right(Scene& scene) {
  auto ring = scene.upload_ring(8192);

  const pmb::Arena arena = need(ring.lend(2048));
  const pmb::ArenaPiece piece = arena.take(64).value();
  std::memcpy(piece.bytes.data(), kVertices.data(), piece.bytes.size());
  need(ring.publish(arena));
  scene.gpu_reads(piece.buffer, piece.offset_bytes, piece.bytes.size());
  need(ring.retire(scene.mark()));

  scene.gpu_has_read(kVertices);
}
}  // namespace piece_overrun

namespace piece_underrun {
void wrong(Scene& scene) {
  auto ring = scene.upload_ring(8192);

  const pmb::Arena arena = need(ring.lend(2048));
  static_cast<void>(arena.take(64, 1));
  const pmb::ArenaPiece piece = arena.take(64, 1).value();
  std::memcpy(piece.bytes.data() - 4, kVertices.data(), 64);  // counts from 1, not from 0
  need(ring.publish(arena));

  const std::uint64_t begin = piece.offset_bytes;
  scene.expect(ErrorId::arena_piece_overrun, ring, begin - 4, begin);
  need(ring.retire(scene.mark()));
}
void right(Scene& scene) {
  auto ring = scene.upload_ring(8192);

  const pmb::Arena arena = need(ring.lend(2048));
  static_cast<void>(arena.take(64, 1));
  const pmb::ArenaPiece piece = arena.take(64, 1).value();
  std::memcpy(piece.bytes.data(), kVertices.data(), 64);
  need(ring.publish(arena));
  scene.gpu_reads(piece.buffer, piece.offset_bytes, 64);
  need(ring.retire(scene.mark()));

  scene.gpu_has_read(kVertices);
}
}  // namespace piece_underrun

namespace worker_after_publish {
void wrong(Scene& scene) {
  auto ring = scene.upload_ring(8192);

  const pmb::Arena arena = need(ring.lend(2048));
  const pmb::ArenaPiece piece = arena.take(64).value();
  need(ring.publish(arena));
  std::thread([&] { std::memset(piece.bytes.data(), 0xee, 64); }).join();  // a worker that was not waited for
  scene.gpu_reads(piece.buffer, piece.offset_bytes, 64);
  need(ring.retire(scene.mark()));

  scene.expect(ErrorId::written_after_publish, ring, piece.offset_bytes, piece.offset_bytes + 64);
}
void right(Scene& scene) {
  auto ring = scene.upload_ring(8192);

  const pmb::Arena arena = need(ring.lend(2048));
  const pmb::ArenaPiece piece = arena.take(64).value();
  std::thread([&] { std::memcpy(piece.bytes.data(), kVertices.data(), 64); }).join();
  need(ring.publish(arena));
  scene.gpu_reads(piece.buffer, piece.offset_bytes, 64);
  need(ring.retire(scene.mark()));

  scene.gpu_has_read(kVertices);
}
}  // namespace worker_after_publish

namespace shared_cache_line {
void wrong(Scene& scene) {
  auto ring = scene.upload_ring(8192);

  const pmb::Arena arena = need(ring.lend(2048));
  static_cast<void>(arena.take(16, 16));
  std::thread([&] { static_cast<void>(arena.take(16, 16)); }).join();
  const pmb::Slice slice = need(ring.publish(arena));

  scene.expect(ErrorId::false_sharing, ring, 0, slice.size_bytes());
  need(ring.retire(scene.mark()));
}
void right(Scene& scene) {
  auto ring = scene.upload_ring(8192);

  const pmb::Arena arena = need(ring.lend(2048));
  static_cast<void>(arena.take(64, 64));  // whole cache lines for each thread
  std::thread([&] { static_cast<void>(arena.take(64, 64)); }).join();
  need(ring.publish(arena));

  need(ring.retire(scene.mark()));
}
}  // namespace shared_cache_line

}  // namespace

std::span<const Misuse> arenas() {
  static constexpr Misuse kAll[] = {
      {"piece_overrun", piece_overrun::wrong, piece_overrun::right},
      {"piece_underrun", piece_underrun::wrong, piece_underrun::right},
      {"worker_after_publish", worker_after_publish::wrong, worker_after_publish::right},
      {"shared_cache_line", shared_cache_line::wrong, shared_cache_line::right},
  };
  return kAll;
}

}  // namespace misuse
