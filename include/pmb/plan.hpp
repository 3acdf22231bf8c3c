// SPDX-License-Identifier: MIT
// What pmb chose for a buffer and why: legal flags, the model of visibility and the path of the bytes.
//
//   auto plan = context.plan({.access = pmb::Access::read, .size_bytes = 64 << 20});
//   std::cout << plan->describe() << '\n';
//
// Units:   bytes.
// Threads: values only.
// Memory:  trivially copyable; describe() allocates.
// GL:      flags are those of OpenGL 4.6 core, sections 6.2 and 6.3; only legal combinations are ever
//          planned.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>

namespace pmb {

/// How the CPU touches the bytes.
enum class Access : std::uint8_t {
  sequential_write,  ///< Streamed up, never read back (what GPU literature calls write-combined use).
  read,              ///< Read back: the GPU writes, the CPU reads.
  bidirectional,     ///< Both.
};

/// How CPU writes become visible to the GPU and, on readable mappings, how GPU writes reach the CPU.
enum class Model : std::uint8_t {
  coherent,        ///< Nothing to call; fences still order everything.
  explicit_flush,  ///< Written ranges are flushed; GPU writes need a client-mapped barrier before the fence.
};

/// Which way the bytes take to and from the GPU's work.
enum class Path : std::uint8_t {
  direct,       ///< The GPU works on the mapped memory itself.
  staged,       ///< The GPU works on a copy in its own memory, filled through a mapped ring.
  traditional,  ///< Memory of the process's own; glBufferSubData and glGetBufferSubData move the bytes.
  orphaned,  ///< As traditional, but the whole buffer is specified anew where a ring would wait. Uploads only.
};

/// What a plan is asked for.
struct PlanRequest {
  Access access = Access::sequential_write;
  std::uint64_t size_bytes = 0;
  std::uint32_t gpu_reads = 1;      ///< How often the GPU reads or writes each byte.
  std::optional<Model> model = {};  ///< Forces the model.
  std::optional<Path> path = {};    ///< Forces the path.
};

/// A choice with its reasons. Produced by `Context::plan`.
struct Plan {
  Access access = Access::sequential_write;
  Model model = Model::coherent;
  Path path = Path::direct;
  std::uint32_t storage_flags = 0;  ///< For glBufferStorage.
  std::uint32_t map_flags = 0;      ///< For glMapBufferRange.
  std::uint64_t size_bytes = 0;
  std::uint32_t gpu_reads = 1;
  std::array<const char*, 6> reasons = {};  ///< Sentences (literals), unused ones null.

  /// Access, model, path, flags by name, and every reason, in a few lines. Allocates.
  std::string describe() const;
};

const char* to_string(Access access) noexcept;
const char* to_string(Model model) noexcept;
const char* to_string(Path path) noexcept;
/// Names of storage or map flags joined by " | ", for example "MAP_WRITE | MAP_PERSISTENT". Allocates.
std::string flag_names(std::uint32_t flags);

}  // namespace pmb
