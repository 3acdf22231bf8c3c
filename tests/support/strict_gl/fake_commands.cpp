// SPDX-License-Identifier: MIT
//
// Commands that read and write buffers on the GPU, real and simulated, and barriers between them.
// Rules: OpenGL 4.6 sections 6.5, 6.6 and 7.13.2.
#include <algorithm>
#include <cstring>
#include <optional>

#include "fake_driver.hpp"

namespace strict_gl {

namespace {

// GL 4.6 table of section 7.13.2: the bits from VERTEX_ATTRIB_ARRAY to CLIENT_MAPPED_BUFFER and QUERY_BUFFER.
constexpr GLbitfield kBarrierBits =
    GL_VERTEX_ATTRIB_ARRAY_BARRIER_BIT | GL_ELEMENT_ARRAY_BARRIER_BIT | GL_UNIFORM_BARRIER_BIT |
    GL_TEXTURE_FETCH_BARRIER_BIT | GL_SHADER_IMAGE_ACCESS_BARRIER_BIT | GL_COMMAND_BARRIER_BIT |
    GL_PIXEL_BUFFER_BARRIER_BIT | GL_TEXTURE_UPDATE_BARRIER_BIT | GL_BUFFER_UPDATE_BARRIER_BIT |
    GL_FRAMEBUFFER_BARRIER_BIT | GL_TRANSFORM_FEEDBACK_BARRIER_BIT | GL_ATOMIC_COUNTER_BARRIER_BIT |
    GL_SHADER_STORAGE_BARRIER_BIT | GL_CLIENT_MAPPED_BUFFER_BARRIER_BIT | GL_QUERY_BUFFER_BARRIER_BIT;

struct ClearFormat {
  GLenum internal_format;
  GLenum format;
  GLenum type;
  std::int64_t element_bytes;
};

// The formats that need no conversion; the fake rejects the others.
constexpr ClearFormat kClearFormats[] = {
    {GL_R8, GL_RED, GL_UNSIGNED_BYTE, 1},
    {GL_R8UI, GL_RED_INTEGER, GL_UNSIGNED_BYTE, 1},
    {GL_R16UI, GL_RED_INTEGER, GL_UNSIGNED_SHORT, 2},
    {GL_R32UI, GL_RED_INTEGER, GL_UNSIGNED_INT, 4},
    {GL_R32I, GL_RED_INTEGER, GL_INT, 4},
    {GL_R32F, GL_RED, GL_FLOAT, 4},
    {GL_RGBA8, GL_RGBA, GL_UNSIGNED_BYTE, 4},
    {GL_RG32UI, GL_RG_INTEGER, GL_UNSIGNED_INT, 8},
    {GL_RGBA32UI, GL_RGBA_INTEGER, GL_UNSIGNED_INT, 16},
    {GL_RGBA32F, GL_RGBA, GL_FLOAT, 16},
};

}  // namespace

void Driver::note_write(Storage& storage, std::uint64_t position, std::int64_t offset, std::int64_t size) {
  if (share_->contexts > 1) storage.shared_writes().add(id_, position, offset, storage.gpu(offset, size));
}

void Driver::note_binding(const Buffer& buffer) {
  if (buffer->storage == nullptr || share_->contexts < 2) return;
  learn(known_, share_->observed);
  buffer->storage->shared_writes().bound(id_, known_);
}

Bytes Driver::hidden(Storage& storage, const Known& visible, std::int64_t offset, Bytes bytes) const {
  storage.shared_writes().hide(id_, visible, offset, bytes);
  return bytes;
}

void Driver::write(const std::shared_ptr<Storage>& storage, std::uint64_t position, Storage::Writer writer,
                   std::int64_t offset, std::span<const std::byte> bytes) {
  note_write(*storage, position, offset, static_cast<std::int64_t>(bytes.size()));
  if (config_.instant) {
    std::memcpy(storage->gpu(offset, static_cast<std::int64_t>(bytes.size())).data(), bytes.data(),
                bytes.size());
  } else if (storage->write(id_, writer, offset, bytes)) {
    share_->watched[storage.get()] = storage;
  }
}

void Driver::copy(const Buffer& source, const Buffer& target, GLintptr from, GLintptr to, GLsizeiptr size) {
  if (source == nullptr || target == nullptr) return;
  if (!check_range(source, from, size) || !check_range(target, to, size)) return;
  if (source == target && from < to + size && to < from + size && size > 0) {
    return error(GL_INVALID_VALUE, "the ranges overlap in one buffer");
  }
  if (size == 0) return;
  if (source->storage->mapped_not_persistently() || target->storage->mapped_not_persistently()) {
    return error(GL_INVALID_OPERATION, "a buffer is mapped without MAP_PERSISTENT_BIT");
  }
  Command command;
  command.first = source->storage.get();
  command.second = target->storage.get();
  command.run = [this, input = source->storage, output = target->storage, from, to, size,
                 visible = source->storage->shared_writes().visible_to(id_)](std::uint64_t position) {
    const Bytes bytes = hidden(*input, visible, from, input->read_visible(from, size));
    write(output, position, Storage::Writer::server, to, bytes);
  };
  issue(std::move(command));
}

void Driver::clear(const Buffer& buffer, GLenum internal_format, GLintptr offset, GLsizeiptr size,
                   GLenum format, GLenum type, const void* data, bool whole) {
  if (buffer == nullptr) return;
  if (whole) {
    offset = 0;
    size = buffer->size();
  }
  const auto* const row =
      std::find_if(std::begin(kClearFormats), std::end(kClearFormats), [&](const auto& entry) {
        return entry.internal_format == internal_format && entry.format == format && entry.type == type;
      });
  if (row == std::end(kClearFormats))
    return error(GL_INVALID_ENUM, "the fake clears without conversion only");
  if (!check_range(buffer, offset, size)) return;
  if (offset % row->element_bytes != 0 || size % row->element_bytes != 0) {
    return error(GL_INVALID_VALUE, "offset and size must be whole elements");
  }
  if (size == 0) return;
  if (buffer->storage->mapped_not_persistently(offset, size)) {
    return error(GL_INVALID_OPERATION, "the range is mapped without MAP_PERSISTENT_BIT");
  }
  const auto element_bytes = static_cast<std::size_t>(row->element_bytes);
  Command command;
  command.first = buffer->storage.get();
  command.run = [this, storage = buffer->storage, offset, size,
                 element = data == nullptr ? Bytes(element_bytes)
                                           : copy_of(data, element_bytes)](std::uint64_t position) {
    Bytes bytes(static_cast<std::size_t>(size));
    for (std::size_t at = 0; at < bytes.size(); at += element.size()) {
      std::memcpy(bytes.data() + at, element.data(), element.size());
    }
    write(storage, position, Storage::Writer::server, offset, bytes);
  };
  issue(std::move(command));
}

void Driver::invalidate(GLuint name, GLintptr offset, GLsizeiptr length, bool whole) {
  const Buffer buffer = find(name);
  if (buffer == nullptr || !buffer->exists) return error(GL_INVALID_VALUE, "no such buffer object");
  if (whole) {
    offset = 0;
    length = buffer->size();
  }
  if (!check_range(buffer, offset, length) || length == 0) return;
  if (buffer->storage->mapped_not_persistently(offset, length)) {
    return error(GL_INVALID_OPERATION, "the range is mapped without MAP_PERSISTENT_BIT");
  }
  Command command;
  command.first = buffer->storage.get();
  command.run = [storage = buffer->storage, offset, length](std::uint64_t) {
    storage->poison(offset, length);
  };
  issue(std::move(command));
}

void Driver::memory_barrier(GLbitfield bits) {
  if (lies(Lie::barrier_is_ignored)) return;
  if (bits != GL_ALL_BARRIER_BITS && (bits & ~kBarrierBits) != 0) {
    return error(GL_INVALID_VALUE, "unknown barrier bits");
  }
  const bool client_mapped = (bits & GL_CLIENT_MAPPED_BUFFER_BARRIER_BIT) != 0;
  if (client_mapped && bits != GL_ALL_BARRIER_BITS && !has(Need::buffer_storage)) {
    return error(GL_INVALID_VALUE, "CLIENT_MAPPED_BUFFER_BARRIER_BIT needs buffer storage");
  }
  Command command;
  command.touches_all = true;
  command.run = [this, client_mapped, bits](std::uint64_t position) {
    visit_watched([&](Storage& storage) {
      storage.update_barrier(id_, bits);
      if (client_mapped) storage.client_mapped_barrier(id_, position);
    });
  };
  issue(std::move(command));
}

Buffer Driver::simulated(GLuint name, std::int64_t offset, std::int64_t size) {
  const Buffer buffer = find(name);
  std::optional<std::string> fault;
  if (lost_) return nullptr;
  if (buffer == nullptr || !buffer->exists) {
    fault = "no buffer object is named " + std::to_string(name);
  } else if (offset < 0 || size <= 0 || size > buffer->size() || offset > buffer->size() - size) {
    fault = std::to_string(size) + " bytes at " + std::to_string(offset) + " of a buffer of " +
            std::to_string(buffer->size());
  } else if (buffer->storage->mapped_not_persistently()) {
    fault = "the buffer is mapped without MAP_PERSISTENT_BIT";
  }
  if (!fault) return buffer;
  violation(*fault);
  return nullptr;
}

std::shared_ptr<GpuRead> Driver::shader_read(GLuint name, std::int64_t offset, std::int64_t size) {
  begin_simulated("shader_read");
  auto read = std::make_shared<GpuRead>();
  const Buffer buffer = simulated(name, offset, size);
  if (buffer == nullptr) return read;
  Command command;
  command.first = buffer->storage.get();
  command.run = [this, read, storage = buffer->storage, offset, size,
                 visible = buffer->storage->shared_writes().visible_to(id_)](std::uint64_t) {
    const std::span<std::byte> bytes = storage->gpu(offset, size);
    read->bytes_ = hidden(*storage, visible, offset, Bytes(bytes.begin(), bytes.end()));
    const auto& mapping = storage->mapping();
    if (mapping ? lies(Lie::flush_leaves_shader_caches) && !mapping->shares_gpu_memory
                : lies(Lie::update_leaves_shader_caches)) {
      storage->read_through_cache(offset, read->bytes_);
      share_->watched[storage.get()] = storage;
    }
    read->executed_ = true;
  };
  issue(std::move(command));
  return read;
}

void Driver::simulated_write(GLuint name, std::int64_t offset, Bytes bytes, Storage::Writer writer) {
  begin_simulated(writer == Storage::Writer::shader ? "shader_write" : "server_write");
  const Buffer buffer = simulated(name, offset, static_cast<std::int64_t>(bytes.size()));
  if (buffer == nullptr) return;
  Command command;
  command.first = buffer->storage.get();
  command.run = [this, storage = buffer->storage, offset, writer, kept = std::move(bytes)](
                    std::uint64_t position) { write(storage, position, writer, offset, kept); };
  issue(std::move(command));
}

void Driver::shader_copy(GLuint source, std::int64_t from, GLuint target, std::int64_t to,
                         std::int64_t size) {
  begin_simulated("shader_copy");
  const Buffer input = simulated(source, from, size);
  const Buffer output = simulated(target, to, size);
  if (input == nullptr || output == nullptr) return;
  Command command;
  command.first = input->storage.get();
  command.second = output->storage.get();
  command.run = [this, in = input->storage, out = output->storage, from, to, size,
                 visible = input->storage->shared_writes().visible_to(id_)](std::uint64_t position) {
    const std::span<std::byte> seen = in->gpu(from, size);
    const Bytes bytes = hidden(*in, visible, from, Bytes(seen.begin(), seen.end()));
    write(out, position, Storage::Writer::shader, to, bytes);
  };
  issue(std::move(command));
}

void Driver::shader_atomic_add(GLuint name, std::int64_t offset, std::uint32_t value) {
  begin_simulated("shader_atomic_add");
  const Buffer buffer = simulated(name, offset, sizeof value);
  if (buffer == nullptr) return;
  Command command;
  command.first = buffer->storage.get();
  command.run = [this, storage = buffer->storage, offset, value](std::uint64_t position) {
    std::uint32_t sum = 0;
    std::memcpy(&sum, storage->gpu(offset, sizeof sum).data(), sizeof sum);
    sum += value;
    write(storage, position, Storage::Writer::shader, offset, copy_of(&sum, sizeof sum));
  };
  issue(std::move(command));
}

}  // namespace strict_gl
