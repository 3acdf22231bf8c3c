// SPDX-License-Identifier: MIT
// The checks, by subject. Each is a Check once its parameters are chosen (properties.cpp).
#pragma once

#include <cstdint>
#include <string>

#include "verify/access.hpp"

namespace pmb::tool::verify {

/// What pmb adds where a quirk is in force.
enum class Remedy { none, barrier, copy };

// visibility.cpp
/// The CPU writes a mapping again and again, and a command reads it. `access` is kCoherentWrite or kFlushedWrite.
std::string cpu_writes(const Gpu& gpu, GLbitfield access, Reader by, Remedy remedy = Remedy::none);
/// A command writes a mapping, and the CPU reads it after a fence. `access` is kCoherentRead or kBarrierRead.
std::string gpu_writes(const Gpu& gpu, GLbitfield access, Writer by);

// fences.cpp
std::string fence_follows_store(const Gpu& gpu);
std::string fence_follows_read(const Gpu& gpu);
std::string flushed_fence_signals(const Gpu& gpu);
std::string waiting_flushes(const Gpu& gpu);
std::string wait_keeps_its_bound(const Gpu& gpu);

// order.cpp
enum class Update {
  sub_data,
  new_store,  ///< glBufferData without bytes first, as on the orphaned path.
};
/// An update leaves its old bytes to the commands that were issued before.
std::string update_after_read(const Gpu& gpu, Update how, Reader by, Remedy remedy = Remedy::none);
/// Commands that are issued after an update read its bytes.
std::string update_before_read(const Gpu& gpu, Reader by, Remedy remedy = Remedy::none);
enum class Earlier { copy, clear };
/// An update replaces the bytes of a copy or clear that was issued before.
std::string update_after_write(const Gpu& gpu, Earlier earlier, Remedy remedy = Remedy::none);
std::string read_after_copy(const Gpu& gpu);

// mapping.cpp
std::string flush_counts_from_mapping(const Gpu& gpu);
std::string pointers_are_aligned(const Gpu& gpu);
std::string flags_are_echoed(const Gpu& gpu);
std::string pages_are_protected(const Gpu& gpu);

// contexts.cpp
std::string other_context_current(const Gpu& gpu);
std::string shared_context_reads(const Gpu& gpu);
std::string shared_context_writes(const Gpu& gpu);
std::string server_waits(const Gpu& gpu);

// pixels.cpp
std::string frames_arrive(const Gpu& gpu);
std::string no_draw_framebuffer(const Gpu& gpu);

// sizes.cpp
std::string size_is_exact(const Gpu& gpu, std::uint64_t size_bytes);
std::string refusal_is_typed(const Gpu& gpu);

}  // namespace pmb::tool::verify
