// SPDX-License-Identifier: MIT
//
// Pixel-store state and transfers of texels. Commands access pixel buffers when they run; client memory is accessed
// before the call returns. Rules: OpenGL 4.6 sections 8.4.1, 8.4.4, 8.5, 8.6, 8.7, 8.11 and 18.2.
#include <algorithm>
#include <cstring>
#include <functional>

#include "fake_driver.hpp"

namespace strict_gl {

namespace {

struct StoreName {
  GLenum unpack;
  GLenum pack;
  const char* name;
  GLint PixelStore::*field;
  bool es_unpack;
  bool es_pack;
};

constexpr StoreName kStore[] = {
    {GL_UNPACK_ALIGNMENT, GL_PACK_ALIGNMENT, "ALIGNMENT", &PixelStore::alignment, true, true},
    {GL_UNPACK_ROW_LENGTH, GL_PACK_ROW_LENGTH, "ROW_LENGTH", &PixelStore::row_length, true, true},
    {GL_UNPACK_IMAGE_HEIGHT, GL_PACK_IMAGE_HEIGHT, "IMAGE_HEIGHT", &PixelStore::image_height, true, false},
    {GL_UNPACK_SKIP_PIXELS, GL_PACK_SKIP_PIXELS, "SKIP_PIXELS", &PixelStore::skip_pixels, true, true},
    {GL_UNPACK_SKIP_ROWS, GL_PACK_SKIP_ROWS, "SKIP_ROWS", &PixelStore::skip_rows, true, true},
    {GL_UNPACK_SKIP_IMAGES, GL_PACK_SKIP_IMAGES, "SKIP_IMAGES", &PixelStore::skip_images, true, false},
    {GL_UNPACK_SWAP_BYTES, GL_PACK_SWAP_BYTES, "SWAP_BYTES", &PixelStore::swap_bytes, false, false},
    {GL_UNPACK_LSB_FIRST, GL_PACK_LSB_FIRST, "LSB_FIRST", &PixelStore::lsb_first, false, false},
};
constexpr GLenum kBlockNames[2][4] = {{GL_UNPACK_COMPRESSED_BLOCK_WIDTH, GL_UNPACK_COMPRESSED_BLOCK_HEIGHT,
                                       GL_UNPACK_COMPRESSED_BLOCK_DEPTH, GL_UNPACK_COMPRESSED_BLOCK_SIZE},
                                      {GL_PACK_COMPRESSED_BLOCK_WIDTH, GL_PACK_COMPRESSED_BLOCK_HEIGHT,
                                       GL_PACK_COMPRESSED_BLOCK_DEPTH, GL_PACK_COMPRESSED_BLOCK_SIZE}};

std::int64_t round_up(std::int64_t value, std::int64_t step) {
  return (value + step - 1) / step * step;
}

// The layout of rows (section 8.4.4.1). Rows of blocks are tightly packed.
struct Rows {
  std::int64_t row_bytes = 0;
  std::int64_t row_stride = 0;
  std::int64_t image_stride = 0;
  std::int64_t first = 0;
  std::int64_t rows = 0;
  std::int64_t images = 0;

  [[nodiscard]] std::int64_t place(std::int64_t image, std::int64_t row) const {
    return first + image * image_stride + row * row_stride;
  }
  [[nodiscard]] std::int64_t end() const { return place(images - 1, rows - 1) + row_bytes; }
};

Rows rows_of(const TexelRow& texels, const Box& box, const PixelStore& store, bool images) {
  Rows rows;
  rows.row_bytes = (box.width + texels.block_width - 1) / texels.block_width * texels.texel_bytes;
  rows.rows = (box.height + texels.block_height - 1) / texels.block_height;
  rows.images = box.depth;
  rows.row_stride = rows.row_bytes;
  if (texels.type == 0) {
    rows.image_stride = rows.rows * rows.row_stride;
    return rows;
  }
  const std::int64_t length = store.row_length > 0 ? store.row_length : box.width;
  rows.row_stride = length * texels.texel_bytes;
  if (texels.element_bytes < store.alignment) rows.row_stride = round_up(rows.row_stride, store.alignment);
  rows.image_stride = (images && store.image_height > 0 ? store.image_height : box.height) * rows.row_stride;
  rows.first = store.skip_rows * rows.row_stride + store.skip_pixels * texels.texel_bytes +
               (images ? store.skip_images * rows.image_stride : 0);
  return rows;
}

void swap_elements(std::span<std::byte> bytes, const TexelRow& texels, const PixelStore& store) {
  if (store.swap_bytes == 0 || texels.type == 0) return;
  const auto element = static_cast<std::size_t>(texels.element_bytes);
  for (std::size_t at = 0; at < bytes.size(); at += element) {
    std::reverse(bytes.begin() + static_cast<std::ptrdiff_t>(at),
                 bytes.begin() + static_cast<std::ptrdiff_t>(at + element));
  }
}

bool has_images(GLenum target) {
  return target == GL_TEXTURE_3D || target == GL_TEXTURE_2D_ARRAY || target == GL_TEXTURE_CUBE_MAP ||
         target == GL_TEXTURE_CUBE_MAP_ARRAY;
}

}  // namespace

bool Driver::pixel_field(GLenum name, GLint** value) {
  for (const PixelDirection direction : {PixelDirection::unpack, PixelDirection::pack}) {
    const bool unpack = direction == PixelDirection::unpack;
    PixelStore& store = unpack ? unpack_ : pack_;
    for (const StoreName& row : kStore) {
      if ((unpack ? row.unpack : row.pack) != name) continue;
      *value = &(store.*row.field);
      return !config_.es || (unpack ? row.es_unpack : row.es_pack);
    }
    for (std::size_t i = 0; i < 4; ++i) {
      if (kBlockNames[unpack ? 0 : 1][i] != name) continue;
      *value = &store.compressed_block[i];
      return at_least(42, 0);
    }
  }
  return false;
}

void Driver::pixel_store(GLenum name, GLint value) {
  GLint* field = nullptr;
  if (!pixel_field(name, &field))
    return error(GL_INVALID_ENUM, enum_name(name) + " is no pixel storage here");
  const bool alignment = name == GL_UNPACK_ALIGNMENT || name == GL_PACK_ALIGNMENT;
  if (value < 0 || (alignment && value != 1 && value != 2 && value != 4 && value != 8)) {
    return error(GL_INVALID_VALUE, "value " + std::to_string(value));
  }
  *field = value;
}

bool Driver::get_pixel_integer(GLenum name, GLint64* value) {
  GLint* field = nullptr;
  if (!pixel_field(name, &field)) return false;
  *value = *field;
  return true;
}

void Driver::snapshot_pixels(StateSnapshot& snapshot) const {
  for (const bool unpack : {true, false}) {
    const PixelStore& store = unpack ? unpack_ : pack_;
    const std::string prefix = unpack ? "GL_UNPACK_" : "GL_PACK_";
    for (const StoreName& row : kStore) snapshot.values[prefix + row.name] = store.*row.field;
    for (std::size_t i = 0; i < 4; ++i) {
      snapshot.values[prefix + "COMPRESSED_BLOCK[" + std::to_string(i) + "]"] = store.compressed_block[i];
    }
  }
}

TextureLevel* Driver::check_box(const Texture& texture, GLint level, const Box& box) {
  if (texture->texels == nullptr || level < 0 || static_cast<std::size_t>(level) >= texture->levels.size()) {
    error(GL_INVALID_OPERATION, "the level has no image");
    return nullptr;
  }
  TextureLevel& image = texture->levels[static_cast<std::size_t>(level)];
  const auto inside = [](std::int64_t first, std::int64_t count, std::int64_t size) {
    return first >= 0 && count >= 0 && first + count <= size;
  };
  if (!inside(box.x, box.width, image.width) || !inside(box.y, box.height, image.height) ||
      !inside(box.z, box.depth, image.depth)) {
    error(GL_INVALID_VALUE, "the box lies outside the level");
    return nullptr;
  }
  const auto on_blocks = [](std::int64_t first, std::int64_t count, std::int64_t size, std::int64_t block) {
    return first % block == 0 && (count % block == 0 || first + count == size);
  };
  if (!on_blocks(box.x, box.width, image.width, texture->texels->block_width) ||
      !on_blocks(box.y, box.height, image.height, texture->texels->block_height)) {
    error(GL_INVALID_OPERATION, "the box cuts blocks");
    return nullptr;
  }
  return &image;
}

bool Driver::check_client_memory(const TexelRow& texels, const std::byte* memory, std::int64_t bytes,
                                 GLbitfield access) {
  if (memory == nullptr) {
    violation("texels at a null pointer with no pixel buffer bound");
    return false;
  }
  if (reinterpret_cast<std::uintptr_t>(memory) % static_cast<std::uintptr_t>(texels.element_bytes) != 0) {
    violation("texels in memory that is not aligned for their type");
    return false;
  }
  // Among client memory, the fake knows only its mappings.
  for (const auto& [name, buffer] : share_->buffers) {
    const Mapping* const mapping = buffer->mapping();
    if (mapping == nullptr) continue;
    const std::byte* const begin = mapping->pointer;
    const std::byte* const end = begin + mapping->length;
    if (memory >= end || begin >= memory + bytes) continue;
    if (memory < begin || memory + bytes > end || !mapping->has(access)) {
      violation("texels in mapped memory that is not theirs to touch");
      return false;
    }
  }
  return true;
}

PixelPlace Driver::check_pixels(GLenum target, const TexelRow& texels, const void* pointer,
                                std::int64_t bytes) {
  const auto found = bindings_.find(target);
  if (found == bindings_.end() || found->second == nullptr) {
    auto* const memory = static_cast<std::byte*>(const_cast<void*>(pointer));
    const GLbitfield access = target == GL_PIXEL_UNPACK_BUFFER ? GL_MAP_READ_BIT : GL_MAP_WRITE_BIT;
    return {.memory = check_client_memory(texels, memory, bytes, access) ? memory : nullptr};
  }
  const auto offset = static_cast<std::int64_t>(reinterpret_cast<std::intptr_t>(pointer));
  const Buffer buffer = found->second;
  if (buffer->storage == nullptr || offset < 0 || offset + bytes > buffer->size()) {
    error(GL_INVALID_OPERATION, "texels up to byte " + std::to_string(offset + bytes) +
                                    " of a pixel buffer of " + std::to_string(buffer->size()));
    return {};
  }
  if (offset % texels.element_bytes != 0) {
    error(GL_INVALID_OPERATION, "offset " + std::to_string(offset) + " is no multiple of the type's size");
    return {};
  }
  if (buffer->storage->mapped_not_persistently()) {
    error(GL_INVALID_OPERATION, "the pixel buffer is mapped without MAP_PERSISTENT_BIT");
    return {};
  }
  return {.buffer = buffer, .offset = offset};
}

void Driver::tex_sub_image(const Texture& texture, GLint level, const Box& box, GLenum format, GLenum type,
                           std::int64_t image_size, const void* pointer) {
  if (texture == nullptr) return;
  TextureLevel* const image = check_box(texture, level, box);
  if (image == nullptr) return;
  const TexelRow& texels = *texture->texels;
  if (texels.format != format || texels.type != type) {
    return error(GL_INVALID_OPERATION, "the fake carries texels without conversion only");
  }
  if (type == 0 && unpack_.compressed_block[3] != 0) violation("compressed pixel storage is in force");
  const Rows rows = rows_of(texels, box, unpack_, has_images(texture->target));
  if (type == 0 && image_size != rows.end()) return error(GL_INVALID_VALUE, "imageSize");
  const PixelPlace from = check_pixels(GL_PIXEL_UNPACK_BUFFER, texels, pointer, rows.end());
  if (!from || rows.row_bytes == 0) return;
  Command command;
  std::function<Bytes(std::int64_t, std::int64_t)> row_of;
  if (from.buffer != nullptr) {
    command.first = from.buffer->storage.get();
    row_of = [this, rows, offset = from.offset, source = from.buffer->storage,
              visible = from.buffer->storage->shared_writes().visible_to(id_)](std::int64_t z,
                                                                               std::int64_t y) {
      const std::int64_t at = offset + rows.place(z, y);
      return hidden(*source, visible, at,
                    source->read_visible(at, rows.row_bytes, GL_PIXEL_BUFFER_BARRIER_BIT));
    };
  } else {
    std::vector<Bytes> taken;
    for (std::int64_t z = 0; z < rows.images; ++z) {
      for (std::int64_t y = 0; y < rows.rows; ++y)
        taken.push_back(copy_of(from.memory + rows.place(z, y), static_cast<std::size_t>(rows.row_bytes)));
    }
    row_of = [rows, taken = std::move(taken)](std::int64_t z, std::int64_t y) {
      return taken[static_cast<std::size_t>(z * rows.rows + y)];
    };
  }
  command.second = image->storage.get();
  command.run = [this, texture, place = *image, box, rows, row_of = std::move(row_of),
                 store = unpack_](std::uint64_t position) {
    const TexelRow& kind = *texture->texels;
    for (std::int64_t z = 0; z < rows.images; ++z) {
      for (std::int64_t y = 0; y < rows.rows; ++y) {
        Bytes bytes = row_of(z, y);
        swap_elements(bytes, kind, store);
        const std::int64_t at =
            texture->place(place, box.x / kind.block_width, box.y / kind.block_height + y, box.z + z);
        if (place.storage->is_hidden(at, rows.row_bytes, GL_TEXTURE_UPDATE_BARRIER_BIT)) {
          // Earlier shader stores may still overwrite it.
          violation("texels are written with no TEXTURE_UPDATE barrier behind shader stores");
        }
        write(place.storage, position, Storage::Writer::server, at, bytes);
      }
    }
  };
  issue(std::move(command));
}

void Driver::pack_image(const Texture& texture, const TextureLevel& image, const Box& box, bool images,
                        GLbitfield barrier, std::int64_t room, const void* pointer) {
  const TexelRow& texels = *texture->texels;
  if (texels.type == 0 && pack_.compressed_block[3] != 0) violation("compressed pixel storage is in force");
  const Rows rows = rows_of(texels, box, pack_, images);
  if (room >= 0 && rows.end() > room) return error(GL_INVALID_OPERATION, "bufSize");
  const PixelPlace to = check_pixels(GL_PIXEL_PACK_BUFFER, texels, pointer, rows.end());
  if (!to || rows.row_bytes == 0) return;
  const auto read_rows = [texture, image, box, rows, barrier, store = pack_](const auto& take) {
    const TexelRow& kind = *texture->texels;
    for (std::int64_t z = 0; z < rows.images; ++z) {
      for (std::int64_t y = 0; y < rows.rows; ++y) {
        const std::int64_t at =
            texture->place(image, box.x / kind.block_width, box.y / kind.block_height + y, box.z + z);
        Bytes bytes = image.storage->read_visible(at, rows.row_bytes, barrier);
        swap_elements(bytes, kind, store);
        take(rows.place(z, y), bytes);
      }
    }
  };
  if (to.buffer == nullptr) {
    sync_with(image.storage.get());
    return read_rows([&](std::int64_t at, const Bytes& bytes) {
      std::memcpy(to.memory + at, bytes.data(), bytes.size());
    });
  }
  Command command;
  command.first = to.buffer->storage.get();
  command.second = image.storage.get();
  command.run = [this, read_rows, offset = to.offset, target = to.buffer->storage](std::uint64_t position) {
    read_rows([&](std::int64_t at, const Bytes& bytes) {
      if (lies(Lie::frames_end_after_64_kib) && at >= 65536) return;
      write(target, position, Storage::Writer::server, offset + at, bytes);
    });
  };
  issue(std::move(command));
}

void Driver::get_sub_image(const Texture& texture, GLint level, const Box& box, GLenum format, GLenum type,
                           std::int64_t room, void* pointer) {
  if (texture == nullptr) return;
  TextureLevel* const image = check_box(texture, level, box);
  if (image == nullptr) return;
  const TexelRow& texels = *texture->texels;
  if (texels.type != type || (type != 0 && texels.format != format)) {
    return error(GL_INVALID_OPERATION, "the fake carries texels without conversion only");
  }
  pack_image(texture, *image, box, has_images(texture->target), GL_TEXTURE_UPDATE_BARRIER_BIT, room, pointer);
}

void Driver::get_image(GLenum target, GLint level, GLenum format, GLenum type, void* pointer) {
  std::int64_t face = -1;
  const Texture texture = bound_texture(target, &face);
  if (texture == nullptr) return;
  const auto index = static_cast<std::size_t>(level);
  if (level < 0 || index >= texture->levels.size()) return error(GL_INVALID_VALUE, "no such level");
  const TextureLevel& image = texture->levels[index];
  Box box = {0, 0, 0, image.width, image.height, image.depth};
  if (face >= 0) box.z = face, box.depth = 1;
  const TexelRow& texels = *texture->texels;
  if (texels.type != type || (type != 0 && texels.format != format)) {
    return error(GL_INVALID_OPERATION, "the fake carries texels without conversion only");
  }
  pack_image(texture, image, box, face < 0 && has_images(target), GL_TEXTURE_UPDATE_BARRIER_BIT, -1, pointer);
}

}  // namespace strict_gl
