// SPDX-License-Identifier: MIT
// What pmb chose for a buffer and why: legal flags, the model of visibility and the path of the bytes.
//
//   auto plan = context.plan(pmb::Access::read, 64 << 20);
//   std::cout << plan->describe() << '\n';
//
// Units:   bytes.
// Threads: values only.
// Memory:  trivially copyable; describe() allocates.
// GL:      only legal combinations of the flags of OpenGL 4.6 core, sections 6.2 and 6.3, are planned.
#pragma once

#include <array>
#include <cstdint>
#include <pmb/detail/api.hpp>
#include <string>

namespace pmb {

/// How the CPU touches the bytes.
enum class Access : std::uint8_t {
  sequential_write,  ///< Streamed up, never read back (called write-combined use in GPU literature).
  read,              ///< Read back: the GPU writes, the CPU reads.
  bidirectional,     ///< Both.
};

/// How CPU writes become visible to the GPU and, on readable mappings, GPU writes to the CPU.
enum class Model : std::uint8_t {
  coherent,        ///< No call is needed; fences still order everything.
  explicit_flush,  ///< Written ranges are flushed; GPU writes need a client-mapped barrier before the fence.
};

/// How the bytes travel between the CPU and the GPU's work.
enum class Path : std::uint8_t {
  direct,       ///< The GPU works on the mapped memory itself.
  staged,       ///< The GPU works on a copy in VRAM, filled through a mapped ring.
  traditional,  ///< System memory; glBufferSubData and glGetBufferSubData move the bytes.
  orphaned,  ///< As traditional, but the whole buffer is respecified where a ring would wait. Uploads only.
};

/// A choice with its reasons, made by `Context::plan`.
struct Plan {
  Access access = Access::sequential_write;
  Model model = Model::coherent;
  Path path = Path::direct;
  std::uint32_t storage_flags = 0;  ///< For glBufferStorage.
  std::uint32_t map_flags = 0;      ///< For glMapBufferRange.
  std::uint64_t size_bytes = 0;
  std::uint32_t gpu_reads = 1;              ///< How often the GPU reads or writes each byte.
  std::array<const char*, 6> reasons = {};  ///< Sentences (literals); unused ones are null.

  /// Access, model, path, flags by name, and every reason, in a few lines. Allocates.
  PMB_API std::string describe() const;
};

PMB_API const char* to_string(Access access) noexcept;
PMB_API const char* to_string(Model model) noexcept;
PMB_API const char* to_string(Path path) noexcept;
/// Names of storage or map flags, such as "MAP_WRITE | MAP_PERSISTENT". Allocates.
PMB_API std::string flag_names(std::uint32_t flags);

}  // namespace pmb
