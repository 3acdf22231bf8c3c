// SPDX-License-Identifier: MIT
//
// Data stores: bytes between the GPU's memory and a mapping. Rules: OpenGL 4.6 sections 6.2, 6.3 and 7.13.2.
#include "fake_storage.hpp"

#include <algorithm>
#include <cstring>
#include <utility>

#include "support/platform.hpp"

namespace strict_gl {

namespace {

void fill(std::byte* data, std::int64_t size, std::byte value) {
  if (size <= kPoisonLimitBytes)
    std::memset(data, std::to_integer<int>(value), static_cast<std::size_t>(size));
}

}  // namespace

Storage::Storage(std::int64_t size, GLbitfield flags, const void* data, bool poison_new, bool mirrors,
                 std::shared_ptr<std::int64_t> used_bytes)
    : size_(size),
      flags_(flags),
      gpu_(mirrors ? Region::shared(size) : Region(size)),
      mirrors_(mirrors),
      used_bytes_(std::move(used_bytes)) {
  *used_bytes_ += size_;
  if (!gpu_.valid()) return;
  if (data != nullptr) {
    std::memcpy(gpu_.data(), data, static_cast<std::size_t>(size));
    defined_ = true;
  } else if (poison_new) {
    fill(gpu_.data(), size, kNewGpuPoison);
  }
}

Storage::Storage(Region memory, GLbitfield flags, std::shared_ptr<std::int64_t> used_bytes)
    : size_(memory.size()),
      flags_(flags),
      defined_(true),
      gpu_(std::move(memory)),
      used_bytes_(std::move(used_bytes)) {
  *used_bytes_ += size_;
}

Storage::~Storage() {
  *used_bytes_ -= size_;
}

bool Storage::mapped_not_persistently() const {
  return mapping_.has_value() && !mapping_->has(GL_MAP_PERSISTENT_BIT);
}

bool Storage::mapped_not_persistently(std::int64_t offset, std::int64_t size) const {
  return mapped_not_persistently() && offset < mapping_->offset + mapping_->length &&
         mapping_->offset < offset + size;
}

std::span<std::byte> Storage::gpu(std::int64_t offset, std::int64_t size) {
  return {gpu_.data() + offset, static_cast<std::size_t>(size)};
}

Bytes Storage::read_visible(std::int64_t offset, std::int64_t size, GLbitfield barrier) const {
  const std::byte* const begin = gpu_.data() + offset;
  Bytes bytes(begin, begin + size);
  for (const auto& [hidden, patches] : stale_) {
    if (hidden.second == barrier) patches.apply(offset, bytes);
  }
  return bytes;
}

bool Storage::is_hidden(std::int64_t offset, std::int64_t size, GLbitfield barrier) const {
  return std::any_of(stale_.begin(), stale_.end(), [&](const auto& entry) {
    return entry.first.second == barrier && entry.second.reaches(offset, offset + size);
  });
}

bool Storage::write(std::uint32_t context, Writer writer, std::int64_t offset,
                    std::span<const std::byte> bytes) {
  if (bytes.empty()) return false;
  const std::int64_t end = offset + static_cast<std::int64_t>(bytes.size());
  const std::span<std::byte> target = gpu(offset, end - offset);
  if (writer == Writer::shader) {
    for (const GLbitfield barrier : barriers_) stale_[{context, barrier}].add_missing(offset, target);
  } else {
    for (auto& [owner, patches] : stale_) patches.erase(offset, end);
  }
  std::memmove(target.data(), bytes.data(), bytes.size());
  defined_ = true;
  if (mapping_ && !mapping_->shares_gpu_memory && mapping_->has(GL_MAP_READ_BIT)) {
    const std::int64_t map_end = mapping_->offset + mapping_->length;
    mapping_->server_written[context].add(std::max(offset, mapping_->offset), std::min(end, map_end));
  }
  return outstanding();
}

void Storage::poison(std::int64_t offset, std::int64_t size) {
  fill(gpu_.data() + offset, size, kNewGpuPoison);
}

std::byte* Storage::map(std::int64_t offset, std::int64_t length, GLbitfield access, bool share,
                        std::int64_t alignment) {
  if (!share && (access & GL_MAP_INVALIDATE_BUFFER_BIT) != 0) poison(0, size_);
  if (!share && (access & GL_MAP_INVALIDATE_RANGE_BIT) != 0) poison(offset, length);
  Mapping mapping;
  mapping.offset = offset;
  mapping.length = length;
  mapping.access = access;
  mapping.shares_gpu_memory = share;
  if (share) {
    if (mirrors_) mapping.mirror = gpu_.mirror();
    mapping.pointer = (mapping.mirror.valid() ? mapping.mirror.data() : gpu_.data()) + offset;
    if ((access & GL_MAP_WRITE_BIT) != 0) defined_ = true;
  } else {
    prepare_shadow(mapping, alignment);
    if (mapping.pointer == nullptr) return nullptr;
  }
  mapping_ = std::move(mapping);
  return mapping_->pointer;
}

void Storage::prepare_shadow(Mapping& mapping, std::int64_t alignment) {
  // The pointer minus the offset is a multiple of the alignment (section 6.3), and of nothing larger.
  const std::int64_t lead = mapping.offset % alignment;
  mapping.shadow = Region(lead + mapping.length);
  if (!mapping.shadow.valid()) return;
  mapping.pointer = mapping.shadow.data() + lead;

  const bool readable = mapping.has(GL_MAP_READ_BIT);
  const bool writable = mapping.has(GL_MAP_WRITE_BIT);
  const bool invalidated = mapping.has(GL_MAP_INVALIDATE_RANGE_BIT | GL_MAP_INVALIDATE_BUFFER_BIT);
  if (writable && !mapping.has(GL_MAP_FLUSH_EXPLICIT_BIT)) {
    mapping.on_unmap = invalidated ? Mapping::OnUnmap::publish_all : Mapping::OnUnmap::publish_changed;
  }

  const bool cheap = mapping.length <= kPoisonLimitBytes || !mapping.has(GL_MAP_PERSISTENT_BIT);
  const bool bytes_matter = readable ? defined_ : mapping.on_unmap == Mapping::OnUnmap::publish_changed;
  if (bytes_matter && (cheap || readable)) {
    const Bytes bytes = read_visible(mapping.offset, mapping.length);
    std::memcpy(mapping.pointer, bytes.data(), bytes.size());
  } else if (!bytes_matter) {
    fill(mapping.pointer, mapping.length, readable ? kUnreadPoison : kWriteOnlyPoison);
  }
  if (mapping.on_unmap == Mapping::OnUnmap::publish_changed) {
    mapping.baseline = Region(mapping.length);
    if (mapping.baseline.valid() && (cheap || (bytes_matter && readable))) {
      std::memcpy(mapping.baseline.data(), mapping.pointer, static_cast<std::size_t>(mapping.length));
    }
  }
}

void Storage::publish(const Mapping& mapping, std::int64_t offset_in_mapping, std::int64_t length) {
  const std::int64_t offset = mapping.offset + offset_in_mapping;
  std::memcpy(gpu_.data() + offset, mapping.pointer + offset_in_mapping, static_cast<std::size_t>(length));
  for (auto& [owner, patches] : stale_) patches.erase(offset, offset + length);
  defined_ = true;
}

void Storage::publish_changed(const Mapping& mapping) {
  if (!mapping.baseline.valid()) return;
  const std::byte* const before = mapping.baseline.data();
  std::int64_t at = 0;
  while (at < mapping.length) {
    const auto [changed, unused] =
        std::mismatch(mapping.pointer + at, mapping.pointer + mapping.length, before + at);
    at = changed - mapping.pointer;
    std::int64_t end = at;
    while (end < mapping.length && mapping.pointer[end] != before[end]) ++end;
    if (end > at) publish(mapping, at, end - at);
    at = end;
  }
}

void Storage::flush(std::int64_t offset_in_mapping, std::int64_t length) {
  if (moved_away_) return;
  if (!mapping_->shares_gpu_memory && length > 0) publish(*mapping_, offset_in_mapping, length);
}

void Storage::open_mapped_pages() {
  const Region& seen = mapping_->mirror.valid()      ? mapping_->mirror
                       : mapping_->shares_gpu_memory ? gpu_
                                                     : mapping_->shadow;
  test_support::permit_pages(seen.data(), static_cast<std::size_t>(seen.size()));
}

void Storage::unmap(bool keep) {
  if (!mapping_) return;
  Mapping mapping = std::move(*mapping_);
  mapping_.reset();
  if (!keep) {
    poison(mapping.offset, mapping.length);
  } else if (!mapping.shares_gpu_memory && mapping.on_unmap == Mapping::OnUnmap::publish_all) {
    publish(mapping, 0, mapping.length);
  } else if (!mapping.shares_gpu_memory && mapping.on_unmap == Mapping::OnUnmap::publish_changed) {
    publish_changed(mapping);
  }
  if (mapping.shares_gpu_memory) gpu_.relocate();
}

void Storage::read_through_cache(std::int64_t offset, Bytes& bytes) {
  shader_cache_.add_missing(offset, bytes);
  shader_cache_.apply(offset, bytes);
}

void Storage::move_away_from_mapping() {
  Region memory(size_);
  std::memcpy(memory.data(), gpu_.data(), static_cast<std::size_t>(size_));
  left_behind_ = std::exchange(gpu_, std::move(memory));
  moved_away_ = true;
  mapping_->shares_gpu_memory = false;
  mapping_->on_unmap = Mapping::OnUnmap::discard;
}

void Storage::update_barrier(std::uint32_t context, GLbitfield bits) {
  if ((bits & GL_SHADER_STORAGE_BARRIER_BIT) != 0) shader_cache_ = {};
  std::erase_if(stale_, [&](const auto& entry) {
    return entry.first.first == context && (entry.first.second & bits) != 0;
  });
}

void Storage::client_mapped_barrier(std::uint32_t context, std::uint64_t position) {
  if (!mapping_) return;
  const auto written = mapping_->server_written.find(context);
  if (written == mapping_->server_written.end()) return;
  Arrival arrival{context, position, {}};
  for (const auto& [begin, end] : written->second.ranges()) {
    arrival.bytes.replace(begin, gpu(begin, end - begin));
  }
  mapping_->server_written.erase(written);
  if (!arrival.bytes.empty()) mapping_->arrivals.push_back(std::move(arrival));
}

void Storage::observed(std::uint32_t context, std::uint64_t position) {
  if (!mapping_ || moved_away_) return;
  const std::span<std::byte> shadow{mapping_->pointer, static_cast<std::size_t>(mapping_->length)};
  std::erase_if(mapping_->arrivals, [&](const Arrival& arrival) {
    if (arrival.context != context || arrival.barrier_position >= position) return false;
    arrival.bytes.apply(mapping_->offset, shadow);
    return true;
  });
}

bool Storage::outstanding() const {
  const bool hidden =
      std::any_of(stale_.begin(), stale_.end(), [](const auto& entry) { return !entry.second.empty(); });
  return hidden || !shader_cache_.empty() ||
         (mapping_ && (!mapping_->server_written.empty() || !mapping_->arrivals.empty()));
}

}  // namespace strict_gl
