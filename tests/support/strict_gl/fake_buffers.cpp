// SPDX-License-Identifier: MIT
//
// Data stores: creation, updates, reads and queries. Rules: OpenGL 4.6 sections 6.2, 6.5 and 6.8.
#include <algorithm>
#include <cstring>
#include <limits>

#include "fake_driver.hpp"

namespace strict_gl {

namespace {

constexpr GLbitfield kStorageFlags = GL_DYNAMIC_STORAGE_BIT | GL_MAP_READ_BIT | GL_MAP_WRITE_BIT |
                                     GL_MAP_PERSISTENT_BIT | GL_MAP_COHERENT_BIT | GL_CLIENT_STORAGE_BIT;
// The flags of a mutable data store (section 6.2, table 6.3).
constexpr GLbitfield kMutableFlags = GL_DYNAMIC_STORAGE_BIT | GL_MAP_READ_BIT | GL_MAP_WRITE_BIT;

bool is_usage(GLenum usage) {
  return usage == GL_STREAM_DRAW || usage == GL_STREAM_READ || usage == GL_STREAM_COPY ||
         usage == GL_STATIC_DRAW || usage == GL_STATIC_READ || usage == GL_STATIC_COPY ||
         usage == GL_DYNAMIC_DRAW || usage == GL_DYNAMIC_READ || usage == GL_DYNAMIC_COPY;
}

}  // namespace

std::shared_ptr<Storage> Driver::allocate(std::int64_t size, GLbitfield flags, const void* data) {
  if (size > config_.total_memory_bytes - *share_->used_bytes) return nullptr;
  auto storage = std::make_shared<Storage>(size, flags, data, !config_.instant, config_.gpu_has_own_addresses,
                                           share_->used_bytes);
  return storage->valid() ? storage : nullptr;
}

bool Driver::check_range(const Buffer& buffer, GLintptr offset, GLsizeiptr size) {
  if (offset >= 0 && size >= 0 && size <= buffer->size() && offset <= buffer->size() - size) return true;
  error(GL_INVALID_VALUE, std::to_string(size) + " bytes at " + std::to_string(offset) + " of a buffer of " +
                              std::to_string(buffer->size()));
  return false;
}

void Driver::buffer_storage(const Buffer& buffer, GLsizeiptr size, const void* data, GLbitfield flags) {
  if (buffer == nullptr) return;
  if (size <= 0) return error(GL_INVALID_VALUE, "size " + std::to_string(size));
  if ((flags & ~kStorageFlags) != 0) {
    return error(GL_INVALID_VALUE, (flags & GL_MAP_FLUSH_EXPLICIT_BIT) != 0
                                       ? "MAP_FLUSH_EXPLICIT_BIT is a flag of the mapping, not of the storage"
                                       : "unknown storage flags");
  }
  if ((flags & GL_MAP_PERSISTENT_BIT) != 0 && (flags & (GL_MAP_READ_BIT | GL_MAP_WRITE_BIT)) == 0) {
    return error(GL_INVALID_VALUE, "MAP_PERSISTENT_BIT without MAP_READ_BIT or MAP_WRITE_BIT");
  }
  if ((flags & GL_MAP_COHERENT_BIT) != 0 && (flags & GL_MAP_PERSISTENT_BIT) == 0) {
    return error(GL_INVALID_VALUE, "MAP_COHERENT_BIT without MAP_PERSISTENT_BIT");
  }
  if (buffer->immutable) return error(GL_INVALID_OPERATION, "the storage is immutable already");
  release_storage(*buffer);
  buffer->storage = allocate(size, flags, data);
  if (buffer->storage == nullptr) {
    fail_storage(buffer);
    return generate(GL_OUT_OF_MEMORY);
  }
  buffer->immutable = true;
}

void Driver::fail_storage(const Buffer& buffer) {
  if (lies(Lie::memory_stays_exhausted)) config_.total_memory_bytes = 0;
  if (buffer == nullptr || buffer->immutable) return;
  release_storage(*buffer);
  buffer->immutable = true;
}

void Driver::buffer_data(const Buffer& buffer, GLsizeiptr size, const void* data, GLenum usage) {
  if (buffer == nullptr) return;
  if (size < 0) return error(GL_INVALID_VALUE, "size " + std::to_string(size));
  if (!is_usage(usage)) return error(GL_INVALID_ENUM, enum_name(usage) + " is no usage");
  if (buffer->immutable) return error(GL_INVALID_OPERATION, "the storage is immutable");
  if (lies(Lie::new_store_is_the_old_one) && data == nullptr && buffer->size() == size) return;
  // A new store; commands issued earlier keep the old one.
  release_storage(*buffer);
  if (size == 0) return;
  buffer->storage = allocate(size, kMutableFlags, data);
  if (buffer->storage == nullptr) generate(GL_OUT_OF_MEMORY);
}

// GL_AMD_pinned_memory: no copy; the pages are the client's.
void Driver::pin_memory(const Buffer& buffer, GLsizeiptr size, void* memory, GLenum usage) {
  if (buffer == nullptr) return;
  constexpr std::int64_t kPage = 4096;
  if (!is_usage(usage)) return error(GL_INVALID_ENUM, enum_name(usage) + " is no usage");
  if (size <= 0 || size % kPage != 0 || memory == nullptr ||
      reinterpret_cast<std::uintptr_t>(memory) % kPage != 0) {
    return error(GL_INVALID_VALUE, "pinned memory of " + std::to_string(size) + " bytes is not whole pages");
  }
  if (buffer->immutable) return error(GL_INVALID_OPERATION, "the storage is immutable");
  release_storage(*buffer);
  if (size > config_.total_memory_bytes - *share_->used_bytes) return generate(GL_OUT_OF_MEMORY);
  buffer->storage = std::make_shared<Storage>(Region(static_cast<std::byte*>(memory), size), kMutableFlags,
                                              share_->used_bytes);
}

void Driver::buffer_sub_data(const Buffer& buffer, GLintptr offset, GLsizeiptr size, const void* data) {
  if (buffer == nullptr || !check_range(buffer, offset, size)) return;
  if (size == 0) return;
  if (buffer->storage->mapped_not_persistently(offset, size)) {
    return error(GL_INVALID_OPERATION, "the range is mapped without MAP_PERSISTENT_BIT");
  }
  if (buffer->immutable && (buffer->storage->flags() & GL_DYNAMIC_STORAGE_BIT) == 0) {
    return error(GL_INVALID_OPERATION, "immutable storage without DYNAMIC_STORAGE_BIT");
  }
  if (lies(Lie::update_overtakes) || lies(Lie::new_store_is_the_old_one)) {
    const Bytes bytes = copy_of(data, static_cast<std::size_t>(size));
    return write(buffer->storage, stream_->issued(), Storage::Writer::server, offset, bytes);
  }
  Command command;
  command.first = buffer->storage.get();
  command.run = [this, storage = buffer->storage, offset,
                 bytes = copy_of(data, static_cast<std::size_t>(size))](std::uint64_t position) {
    write(storage, position, Storage::Writer::server, offset, bytes);
  };
  issue(std::move(command));
}

void Driver::get_buffer_sub_data(const Buffer& buffer, GLintptr offset, GLsizeiptr size, void* data) {
  if (buffer == nullptr || !check_range(buffer, offset, size)) return;
  if (size == 0) return;
  if (buffer->storage->mapped_not_persistently()) {
    return error(GL_INVALID_OPERATION, "the buffer is mapped without MAP_PERSISTENT_BIT");
  }
  if (!lies(Lie::read_overtakes)) sync_with(buffer->storage.get());
  Storage& storage = *buffer->storage;
  const Known visible = storage.shared_writes().visible_to(id_);
  const Bytes bytes = hidden(storage, visible, offset, storage.read_visible(offset, size));
  std::memcpy(data, bytes.data(), bytes.size());
}

void Driver::get_parameter(const Buffer& buffer, GLenum name, GLint64* value, bool narrow) {
  if (buffer == nullptr) return;
  const Mapping* const mapping = buffer->mapping();
  std::int64_t answer = 0;
  switch (name) {
    case GL_BUFFER_SIZE:
      answer = lies(Lie::size_has_32_bits) ? static_cast<std::int32_t>(buffer->size()) : buffer->size();
      break;
    case GL_BUFFER_USAGE:
      answer = buffer->immutable ? GL_DYNAMIC_DRAW : GL_STATIC_DRAW;
      break;
    case GL_BUFFER_ACCESS:
      answer = mapping == nullptr || (mapping->has(GL_MAP_READ_BIT) && mapping->has(GL_MAP_WRITE_BIT))
                   ? GL_READ_WRITE
               : mapping->has(GL_MAP_READ_BIT) ? GL_READ_ONLY
                                               : GL_WRITE_ONLY;
      break;
    case GL_BUFFER_ACCESS_FLAGS:
      answer = mapping == nullptr ? 0 : mapping->access;
      if (lies(Lie::access_flags_lack_coherent)) answer &= ~std::int64_t{GL_MAP_COHERENT_BIT};
      break;
    case GL_BUFFER_MAPPED:
      answer = mapping == nullptr ? GL_FALSE : GL_TRUE;
      break;
    case GL_BUFFER_MAP_OFFSET:
      answer = mapping == nullptr ? 0 : mapping->offset;
      break;
    case GL_BUFFER_MAP_LENGTH:
      answer = mapping == nullptr ? 0 : mapping->length;
      break;
    case GL_BUFFER_IMMUTABLE_STORAGE:
    case GL_BUFFER_STORAGE_FLAGS:
      if (!has(Need::buffer_storage))
        return error(GL_INVALID_ENUM, enum_name(name) + " needs buffer storage");
      answer = name == GL_BUFFER_IMMUTABLE_STORAGE ? (buffer->immutable ? GL_TRUE : GL_FALSE)
               : buffer->storage == nullptr        ? 0
                                                   : static_cast<std::int64_t>(buffer->storage->flags());
      break;
    default:
      return error(GL_INVALID_ENUM, enum_name(name) + " is no buffer parameter");
  }
  // The 32-bit query saturates (section 2.2.2).
  const std::int64_t most = std::numeric_limits<GLint>::max();
  *value = narrow ? std::min(answer, most) : answer;
}

void Driver::lose_coherent_bytes() {
  for (const auto& [name, buffer] : share_->buffers) {
    const Mapping* const mapping = buffer->mapping();
    if (mapping != nullptr && mapping->shares_gpu_memory)
      buffer->storage->poison(mapping->offset, mapping->length);
  }
}

void Driver::open_mapped_pages() {
  for (const auto& [name, buffer] : share_->buffers) {
    if (buffer->mapping() != nullptr) buffer->storage->open_mapped_pages();
  }
}

void Driver::get_pointer(const Buffer& buffer, GLenum name, void** pointer) {
  if (buffer == nullptr) return;
  if (name != GL_BUFFER_MAP_POINTER) return error(GL_INVALID_ENUM, enum_name(name) + " is no buffer pointer");
  const Mapping* const mapping = buffer->mapping();
  *pointer = mapping == nullptr ? nullptr : mapping->pointer;
}

}  // namespace strict_gl
