// SPDX-License-Identifier: MIT
//
// The data store of one buffer: the GPU's memory, at most one mapping, and the bytes that are not visible yet.
#pragma once

#include <glad/gl.h>

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <utility>
#include <vector>

#include "fake_gl.hpp"
#include "fake_memory.hpp"
#include "fake_sharing.hpp"

namespace strict_gl {

// The bytes at the time of a CLIENT_MAPPED barrier in the command stream of one context.
struct Arrival {
  std::uint32_t context = 0;
  std::uint64_t barrier_position = 0;
  BytePatches bytes;
};

struct Mapping {
  enum class OnUnmap { discard, publish_changed, publish_all };

  std::int64_t offset = 0;
  std::int64_t length = 0;
  GLbitfield access = 0;
  bool shares_gpu_memory = false;  // coherent
  std::byte* pointer = nullptr;    // of the mapped range
  Region mirror;                   // the GPU's memory at the client's addresses, if the GPU has its own
  Region shadow;
  Region baseline;  // the shadow as it was when mapped, for publish_changed
  OnUnmap on_unmap = OnUnmap::discard;
  std::map<std::uint32_t, RangeSet> server_written;  // by context: executed, no barrier yet
  std::vector<Arrival> arrivals;                     // after a barrier, no observed fence yet

  [[nodiscard]] bool has(GLbitfield bit) const { return (access & bit) != 0; }
};

class Storage {
 public:
  enum class Writer { shader, server };

  // `used_bytes` counts the memory of all storage of a share group. `mirrors`: see FakeConfig::gpu_has_own_addresses.
  Storage(std::int64_t size, GLbitfield flags, const void* data, bool poison, bool mirrors,
          std::shared_ptr<std::int64_t> used_bytes);
  // Memory of the client as the storage (GL_AMD_pinned_memory): the bytes that are there are the buffer's.
  Storage(Region memory, GLbitfield flags, std::shared_ptr<std::int64_t> used_bytes);
  ~Storage();
  Storage(const Storage&) = delete;
  Storage& operator=(const Storage&) = delete;

  [[nodiscard]] bool valid() const { return gpu_.valid(); }
  [[nodiscard]] std::int64_t size() const { return size_; }
  [[nodiscard]] GLbitfield flags() const { return flags_; }
  [[nodiscard]] const std::optional<Mapping>& mapping() const { return mapping_; }
  [[nodiscard]] bool mapped_not_persistently() const;
  [[nodiscard]] bool mapped_not_persistently(std::int64_t offset, std::int64_t size) const;

  // The memory as a draw or dispatch sees it; and as copies, reads and maps see it.
  [[nodiscard]] std::span<std::byte> gpu(std::int64_t offset, std::int64_t size);
  [[nodiscard]] Bytes read_visible(std::int64_t offset, std::int64_t size,
                                   GLbitfield barrier = GL_BUFFER_UPDATE_BARRIER_BIT) const;
  // Shader stores into the range have not had a barrier of that kind yet.
  [[nodiscard]] bool is_hidden(std::int64_t offset, std::int64_t size, GLbitfield barrier) const;
  // The barriers that make shader stores visible; by default those of buffers.
  void hide_behind(std::vector<GLbitfield> barriers) { barriers_ = std::move(barriers); }

  // A server write that executes now. Returns true if it needs a barrier to become visible.
  bool write(std::uint32_t context, Writer writer, std::int64_t offset, std::span<const std::byte> bytes);
  void poison(std::int64_t offset, std::int64_t size);

  std::byte* map(std::int64_t offset, std::int64_t length, GLbitfield access, bool share,
                 std::int64_t alignment);
  void flush(std::int64_t offset_in_mapping, std::int64_t length);
  // Ends the protection of the pages that the client sees.
  void open_mapped_pages();
  // Ends the mapping; pointers into it fault afterwards. Without `keep` the mapped bytes are lost.
  void unmap(bool keep);

  // The GPU's memory moves elsewhere. A mapping then is a copy that no flush and no barrier reaches.
  void move_away_from_mapping();

  void update_barrier(std::uint32_t context, GLbitfield bits);
  // Replaces `bytes` by those that shaders read there before, if no storage barrier followed. No driver may do so.
  void read_through_cache(std::int64_t offset, Bytes& bytes);
  void client_mapped_barrier(std::uint32_t context, std::uint64_t position);
  // A client saw that `context` executed all commands before `position`.
  void observed(std::uint32_t context, std::uint64_t position);
  // A barrier or an observed fence may still change which bytes are visible.
  [[nodiscard]] bool outstanding() const;
  [[nodiscard]] SharedWrites& shared_writes() { return shared_writes_; }

 private:
  void prepare_shadow(Mapping& mapping, std::int64_t alignment);
  void publish(const Mapping& mapping, std::int64_t offset_in_mapping, std::int64_t length);
  void publish_changed(const Mapping& mapping);

  std::int64_t size_ = 0;
  GLbitfield flags_ = 0;
  bool defined_ = false;  // some byte was written
  Region gpu_;
  Region left_behind_;  // by move_away_from_mapping()
  bool moved_away_ = false;
  bool mirrors_ = false;
  std::optional<Mapping> mapping_;
  std::vector<GLbitfield> barriers_ = {GL_BUFFER_UPDATE_BARRIER_BIT, GL_PIXEL_BUFFER_BARRIER_BIT};
  // By context and barrier: the bytes under shader stores that had no such barrier.
  std::map<std::pair<std::uint32_t, GLbitfield>, BytePatches> stale_;
  BytePatches shader_cache_;
  std::shared_ptr<std::int64_t> used_bytes_;
  SharedWrites shared_writes_;
};

}  // namespace strict_gl
