// SPDX-License-Identifier: MIT
#include <pmb/block_pool.hpp>

#include "capi/border.hpp"

using namespace pmb::capi;

pmb_status pmb_block_pool_create(pmb_context* context, const pmb_block_pool_options* options,
                                 pmb_block_pool** pool) {
  return answer(pool, [&](auto where) {
    const pmb_block_pool_options& given = checked(options);
    return pmb::BlockPool::create(object(context),
                                  {.block_bytes = number(given.block_bytes),
                                   .count = given.count,
                                   .access = access_of(given.access).value_or(pmb::Access::bidirectional),
                                   .label = text_or_empty(given.label),
                                   .model = model_of(given.model),
                                   .timeout = timeout_or_default(given.timeout_ns),
                                   .prefault = given.prefault},
                                  where);
  });
}

void pmb_block_pool_destroy(pmb_block_pool** pool) {
  destroy(pool);
}

pmb_status pmb_block_pool_acquire(pmb_block_pool* pool, pmb_block* block) {
  return answer(block, [&](auto where) { return object(pool).acquire(where); });
}

pmb_status pmb_block_pool_try_acquire(pmb_block_pool* pool, pmb_block* block) {
  return answer(block, [&](auto where) { return object(pool).try_acquire(where); });
}

pmb_status pmb_block_pool_publish(pmb_block_pool* pool, pmb_block block, int64_t used_bytes) {
  return answer([&](auto where) { return object(pool).publish(from_c(block), number(used_bytes), where); });
}

pmb_status pmb_block_pool_retire(pmb_block_pool* pool, pmb_block block, pmb_ticket ticket) {
  return answer([&](auto where) { return object(pool).retire(from_c(block), from_c(ticket), where); });
}

pmb_status pmb_block_pool_try_view(pmb_block_pool* pool, pmb_block block, pmb_ticket ticket,
                                   pmb_read_view* view) {
  return answer(view,
                [&](auto where) { return object(pool).try_view(from_c(block), from_c(ticket), where); });
}

pmb_status pmb_block_pool_wait_view(pmb_block_pool* pool, pmb_block block, pmb_ticket ticket,
                                    int64_t timeout_ns, pmb_read_view* view) {
  return answer(view, [&](auto where) {
    return object(pool).wait_view(from_c(block), from_c(ticket), timeout(timeout_ns), where);
  });
}

pmb_status pmb_block_pool_release(pmb_block_pool* pool, pmb_block block) {
  return answer([&](auto where) { return object(pool).release(from_c(block), where); });
}

uint32_t pmb_block_pool_count(const pmb_block_pool* pool) {
  return answer_or(pool, 0U, [](const pmb::BlockPool& owner) { return owner.count(); });
}

uint32_t pmb_block_pool_free_count(const pmb_block_pool* pool) {
  return answer_or(pool, 0U, [](const pmb::BlockPool& owner) { return owner.free_count(); });
}

void* pmb_block_raw_bytes(pmb_block block) {
  return from_c(block).raw_bytes().data();
}

uint32_t pmb_block_buffer(pmb_block block) {
  return from_c(block).buffer();
}

int64_t pmb_block_size_bytes(pmb_block block) {
  return to_c(from_c(block).size_bytes());
}

bool pmb_block_is_live(pmb_block block) {
  return from_c(block).is_live();
}
