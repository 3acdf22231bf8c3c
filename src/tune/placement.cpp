// SPDX-License-Identifier: MIT
#include "tune/calibrator.hpp"

#include <algorithm>

namespace pmb::detail {
namespace {

// An uncached load takes one access to system memory, 60 to 150 ns, or one round trip over the bus, 400 ns or more. A
// cached or prefetched load takes 1 to 2 ns. The thresholds leave room for slow machines.
constexpr double kUncachedLoad_ns = 10;
constexpr double kBusLoad_ns = 250;
constexpr double kUncachedToPlain = 8;
// Stores to separate lines: each flushes a write-combining buffer nearly empty.
constexpr double kUncachedStore_ns = 20;
constexpr double kUncachedStoreToPlain = 4;
// VRAM is an order of magnitude faster than the bus; runs vary far less.
constexpr double kNearVram = 2;

}  // namespace

Placement placement_of(Access access, const MemoryCosts& costs, const MemoryCosts& plain,
                       const DriverTraits& driver, ReportedMemory reported) noexcept {
  if (driver.software) return Placement::plain;
  const bool measured = costs.gpu_ns_per_kib > 0 && plain.gpu_ns_per_kib > 0;
  const bool near = measured && costs.gpu_ns_per_kib <= kNearVram * plain.gpu_ns_per_kib;
  // With unified memory, being as fast as VRAM proves nothing.
  const bool in_vram = reported == ReportedMemory::video ||
                       (reported == ReportedMemory::unknown && near && !driver.unified_memory);
  if (access != Access::sequential_write) {
    if (costs.read_ns <= 0) return Placement::unknown;
    if (costs.read_ns <= std::max(kUncachedLoad_ns, kUncachedToPlain * plain.read_ns))
      return Placement::cached;
    const bool over_bus =
        reported == ReportedMemory::unknown && costs.read_ns >= kBusLoad_ns && !driver.unified_memory;
    return in_vram || over_bus ? Placement::gpu_memory : Placement::write_combined;
  }
  // Reading a write-only mapping is undefined: only stores can be timed.
  if (costs.write_ns <= 0) return Placement::unknown;
  if (in_vram) return Placement::gpu_memory;
  const bool uncached = costs.write_ns > std::max(kUncachedStore_ns, kUncachedStoreToPlain * plain.write_ns);
  return uncached ? Placement::write_combined : Placement::cached;
}

}  // namespace pmb::detail
