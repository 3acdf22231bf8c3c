// SPDX-License-Identifier: MIT
//
// Mapping, flushing and unmapping. Rules: OpenGL 4.6 section 6.3.
#include "fake_driver.hpp"

namespace strict_gl {

namespace {

constexpr GLbitfield kMapFlags = GL_MAP_READ_BIT | GL_MAP_WRITE_BIT | GL_MAP_INVALIDATE_RANGE_BIT |
                                 GL_MAP_INVALIDATE_BUFFER_BIT | GL_MAP_FLUSH_EXPLICIT_BIT |
                                 GL_MAP_UNSYNCHRONIZED_BIT | GL_MAP_PERSISTENT_BIT | GL_MAP_COHERENT_BIT;
constexpr GLbitfield kGrantedByStorage =
    GL_MAP_READ_BIT | GL_MAP_WRITE_BIT | GL_MAP_PERSISTENT_BIT | GL_MAP_COHERENT_BIT;
constexpr GLbitfield kNotWithRead =
    GL_MAP_INVALIDATE_RANGE_BIT | GL_MAP_INVALIDATE_BUFFER_BIT | GL_MAP_UNSYNCHRONIZED_BIT;

// The reason why mapping a store with `storage_flags` is an INVALID_OPERATION for this `access`; null if legal.
const char* access_fault(GLbitfield access, GLbitfield storage_flags) {
  if ((access & (GL_MAP_READ_BIT | GL_MAP_WRITE_BIT)) == 0) return "neither MAP_READ_BIT nor MAP_WRITE_BIT";
  if ((access & GL_MAP_READ_BIT) != 0 && (access & kNotWithRead) != 0) {
    return "MAP_READ_BIT together with INVALIDATE or UNSYNCHRONIZED";
  }
  if ((access & GL_MAP_FLUSH_EXPLICIT_BIT) != 0 && (access & GL_MAP_WRITE_BIT) == 0) {
    return "MAP_FLUSH_EXPLICIT_BIT without MAP_WRITE_BIT";
  }
  if ((access & kGrantedByStorage & ~storage_flags) != 0)
    return "access flags that the storage does not grant";
  return nullptr;
}

}  // namespace

void* Driver::map(const Buffer& buffer, GLintptr offset, GLsizeiptr length, GLbitfield access) {
  if (buffer == nullptr || !check_range(buffer, offset, length)) return nullptr;
  const auto refuse = [&](GLenum code, const char* why) -> void* {
    error(code, why);
    return nullptr;
  };
  if ((access & ~kMapFlags) != 0) return refuse(GL_INVALID_VALUE, "unknown access flags");
  const bool asks_for_storage_flags = (access & (GL_MAP_PERSISTENT_BIT | GL_MAP_COHERENT_BIT)) != 0;
  if (asks_for_storage_flags && !has(Need::buffer_storage)) {
    return refuse(GL_INVALID_VALUE, "persistent mapping needs buffer storage");
  }
  if (length == 0) return refuse(GL_INVALID_OPERATION, "zero length");
  if (buffer->mapping() != nullptr) return refuse(GL_INVALID_OPERATION, "the buffer is mapped already");
  if (const char* const fault = access_fault(access, buffer->storage->flags()); fault != nullptr) {
    return refuse(GL_INVALID_OPERATION, fault);
  }
  if ((access & GL_MAP_COHERENT_BIT) != 0 && (access & GL_MAP_FLUSH_EXPLICIT_BIT) != 0) {
    violation(
        "MAP_COHERENT_BIT together with MAP_FLUSH_EXPLICIT_BIT: legal, but unflushed data is undefined");
  }
  if ((access & GL_MAP_UNSYNCHRONIZED_BIT) == 0) sync_with(buffer->storage.get());
  const Lie late_if_coherent =
      (access & GL_MAP_READ_BIT) != 0 ? Lie::coherent_reads_are_late : Lie::coherent_writes_are_late;
  const bool share = config_.instant || ((access & GL_MAP_COHERENT_BIT) != 0 && !lies(late_if_coherent));
  const std::int64_t alignment = lies(Lie::pointer_is_aligned_to_16) ? 16 : config_.min_map_alignment_bytes;
  void* const pointer = buffer->storage->map(offset, length, access, share, alignment);
  if (pointer == nullptr) generate(GL_OUT_OF_MEMORY);
  return pointer;
}

void Driver::flush_mapped(const Buffer& buffer, GLintptr offset, GLsizeiptr length) {
  if (buffer == nullptr) return;
  const Mapping* const mapping = buffer->mapping();
  if (mapping == nullptr) return error(GL_INVALID_OPERATION, "the buffer is not mapped");
  if (!mapping->has(GL_MAP_FLUSH_EXPLICIT_BIT)) {
    return error(GL_INVALID_OPERATION, "the buffer was not mapped with MAP_FLUSH_EXPLICIT_BIT");
  }
  if (offset < 0 || length < 0 || length > mapping->length || offset > mapping->length - length) {
    return error(GL_INVALID_VALUE, std::to_string(length) + " bytes at " + std::to_string(offset) +
                                       " of a mapping of " + std::to_string(mapping->length) +
                                       " (the offset counts from the start of the mapping)");
  }
  if (lies(Lie::flush_is_lost) || (lies(Lie::flush_counts_from_buffer) && mapping->offset > 0)) return;
  // After every fence so far, before the next one.
  note_write(*buffer->storage, stream_->issued() + 1, mapping->offset + offset, length);
  buffer->storage->flush(offset, length);
}

GLboolean Driver::unmap(const Buffer& buffer, bool keep) {
  if (buffer == nullptr) return GL_FALSE;
  if (buffer->mapping() == nullptr) {
    error(GL_INVALID_OPERATION, "the buffer is not mapped");
    return GL_FALSE;
  }
  buffer->storage->unmap(keep);
  return keep ? GL_TRUE : GL_FALSE;
}

}  // namespace strict_gl
