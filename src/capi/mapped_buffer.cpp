// SPDX-License-Identifier: MIT
#include <pmb/mapped_buffer.hpp>

#include "capi/plan.hpp"

using namespace pmb::capi;

pmb_status pmb_mapped_buffer_create(pmb_context* context, const pmb_mapped_buffer_options* options,
                                    pmb_mapped_buffer** buffer) {
  return answer(buffer, [&](auto where) {
    const pmb_mapped_buffer_options& given = checked(options);
    return pmb::MappedBuffer::create(
        object(context),
        {.size_bytes = number(given.size_bytes),
         .access = access_of(given.access).value_or(pmb::Access::sequential_write),
         .label = text_or_empty(given.label),
         .model = model_of(given.model),
         .prefault = given.prefault},
        where);
  });
}

pmb_status pmb_mapped_buffer_adopt(pmb_context* context, const pmb_adopted_mapping* mapping,
                                   pmb_mapped_buffer** buffer) {
  return answer(buffer, [&](auto where) {
    const pmb_adopted_mapping& given = checked(mapping);
    return pmb::MappedBuffer::adopt(object(context),
                                    {.buffer = given.buffer,
                                     .pointer = given.pointer,
                                     .offset_bytes = number(given.offset_bytes),
                                     .size_bytes = number(given.size_bytes),
                                     .label = text_or_empty(given.label)},
                                    where);
  });
}

pmb_status pmb_mapped_buffer_adopt_memory(pmb_context* context, void* memory, int64_t size_bytes,
                                          pmb_access access, const char* label, pmb_mapped_buffer** buffer) {
  return answer(buffer, [&](auto where) {
    return pmb::MappedBuffer::adopt_memory(object(context), bytes_of(memory, size_bytes),
                                           access_of(access).value_or(pmb::Access::bidirectional),
                                           text_or_empty(label), where);
  });
}

pmb_status pmb_mapped_buffer_destroy(pmb_mapped_buffer** buffer) {
  return answer([&](auto where) -> pmb::Result<void> {
    if (!*not_null(buffer)) return {};
    const auto destroyed = object(*buffer).destroy(where);
    if (!object(*buffer).is_mapped()) destroy(buffer);
    return destroyed;
  });
}

pmb_status pmb_mapped_buffer_write(pmb_mapped_buffer* buffer, int64_t offset_bytes, const void* bytes,
                                   int64_t size_bytes) {
  return answer([&](auto where) {
    return object(buffer).write(number(offset_bytes), bytes_of(bytes, size_bytes), where);
  });
}

pmb_status pmb_mapped_buffer_read(pmb_mapped_buffer* buffer, int64_t offset_bytes, void* bytes,
                                  int64_t size_bytes, pmb_ticket after_writer) {
  return answer([&](auto where) {
    return object(buffer).read(number(offset_bytes), bytes_of(bytes, size_bytes), from_c(after_writer),
                               where);
  });
}

pmb_status pmb_mapped_buffer_flush(pmb_mapped_buffer* buffer, int64_t offset_bytes, int64_t size_bytes) {
  return answer(
      [&](auto where) { return object(buffer).flush(number(offset_bytes), number(size_bytes), where); });
}

void* pmb_mapped_buffer_raw_bytes(const pmb_mapped_buffer* buffer) {
  return answer_or(buffer, static_cast<void*>(nullptr),
                   [](const pmb::MappedBuffer& owner) { return owner.raw_bytes().data(); });
}

uint32_t pmb_mapped_buffer_buffer(const pmb_mapped_buffer* buffer) {
  return answer_or(buffer, 0U, [](const pmb::MappedBuffer& owner) { return owner.buffer(); });
}

int64_t pmb_mapped_buffer_size_bytes(const pmb_mapped_buffer* buffer) {
  return answer_or(buffer, int64_t{0},
                   [](const pmb::MappedBuffer& owner) { return to_c(owner.size_bytes()); });
}

int64_t pmb_mapped_buffer_offset_bytes(const pmb_mapped_buffer* buffer) {
  return answer_or(buffer, int64_t{0},
                   [](const pmb::MappedBuffer& owner) { return to_c(owner.offset_bytes()); });
}

bool pmb_mapped_buffer_is_mapped(const pmb_mapped_buffer* buffer) {
  return answer_or(buffer, false, [](const pmb::MappedBuffer& owner) { return owner.is_mapped(); });
}

pmb_status pmb_mapped_buffer_plan(const pmb_mapped_buffer* buffer, pmb_plan* plan) {
  return answer([&](auto) { fill(plan, to_c(object(buffer).plan())); });
}

const char* pmb_mapped_buffer_label(const pmb_mapped_buffer* buffer) {
  // The view of an inert buffer is null.
  return answer_or(buffer, "", [](const pmb::MappedBuffer& owner) {
    return owner.label().empty() ? "" : owner.label().data();
  });
}
