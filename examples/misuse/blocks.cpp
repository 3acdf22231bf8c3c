// SPDX-License-Identifier: MIT
// Wrong use of the blocks of a pool.
#include "misuse/misuse.hpp"

namespace misuse {
namespace {

namespace retire_unpublished_block {
void wrong(Scene& scene) {
  auto pool = scene.block_pool(2);
  const pmb::Block block = need(pool.acquire());
  scene.expect(ErrorId::not_published, {"blocks", block}, 0, 64);

  refused(pool.retire(block, scene.mark()));

  need(pool.release(block));
}
void right(Scene& scene) {
  auto pool = scene.block_pool(2);
  const pmb::Block block = need(pool.acquire());

  need(pool.publish(block, 64));
  need(pool.retire(block, scene.mark()));
}
}  // namespace retire_unpublished_block

namespace double_retire_of_a_block {
void wrong(Scene& scene) {
  auto pool = scene.block_pool(2);
  const pmb::Block block = need(pool.acquire());
  scene.expect(ErrorId::stale_slice, {"blocks", block}, 0, 64);

  need(pool.publish(block, 64));
  const pmb::Ticket ticket = scene.mark();
  need(pool.retire(block, ticket));
  refused(pool.retire(block, ticket));
}
void right(Scene& scene) {
  auto pool = scene.block_pool(2);
  const pmb::Block block = need(pool.acquire());

  need(pool.publish(block, 64));
  need(pool.retire(block, scene.mark()));
  sample::expect(!block.is_live(), "a retired block is live");
}
}  // namespace double_retire_of_a_block

namespace block_view_after_release {
void wrong(Scene& scene) {
  auto pool = scene.block_pool(2);
  const pmb::Block block = need(pool.acquire());
  scene.expect(ErrorId::view_after_release, {"blocks", block}, 0, 64);

  need(pool.publish(block, 64));
  scene.gpu_writes(block.buffer(), 0);
  const pmb::ReadView view = need(pool.wait_view(block, scene.mark(), kPatience));
  need(pool.release(block));
  sample::expect(view.bytes().empty(), "a released view has bytes");
}
void right(Scene& scene) {
  auto pool = scene.block_pool(2);
  const pmb::Block block = need(pool.acquire());

  need(pool.publish(block, 64));
  scene.gpu_writes(block.buffer(), 0);
  const pmb::ReadView view = need(pool.wait_view(block, scene.mark(), kPatience));
  sample::expect(are_vertices(view.bytes()), "other bytes arrived");
  need(pool.release(block));
}
}  // namespace block_view_after_release

namespace pool_destroyed_early {
void wrong(Scene& scene) {
  auto pool = scene.block_pool(2);
  const pmb::Block block = need(pool.acquire());
  scene.expect(ErrorId::destroyed_with_live_slices, {"blocks", block}, 0, 64);

  pool = {};
}
void right(Scene& scene) {
  auto pool = scene.block_pool(2);
  const pmb::Block block = need(pool.acquire());

  need(pool.release(block));
  pool = {};
}
}  // namespace pool_destroyed_early

}  // namespace

std::span<const Misuse> blocks() {
  static constexpr Misuse kAll[] = {
      {"retire_unpublished_block", retire_unpublished_block::wrong, retire_unpublished_block::right},
      {"double_retire_of_a_block", double_retire_of_a_block::wrong, double_retire_of_a_block::right},
      {"block_view_after_release", block_view_after_release::wrong, block_view_after_release::right},
      {"pool_destroyed_early", pool_destroyed_early::wrong, pool_destroyed_early::right},
  };
  return kAll;
}

}  // namespace misuse
