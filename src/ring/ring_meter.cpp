// SPDX-License-Identifier: MIT
#include "ring/ring_meter.hpp"

#include <algorithm>
#include <cstring>

namespace pmb::detail {

namespace {

constexpr std::uint64_t kRounding = 64 << 10;

bool same_place(const std::source_location& a, const std::source_location& b) noexcept {
  return a.line() == b.line() && a.column() == b.column() && std::strcmp(a.file_name(), b.file_name()) == 0;
}

}  // namespace

void RingMeter::add_wait(std::source_location where, std::chrono::nanoseconds time, bool again) noexcept {
  waited += time;
  if (!again) ++waits;
  auto place = std::find_if(stalls.begin(), stalls.end(), [&](const RingStall& stall) {
    return stall.waits == 0 || same_place(stall.where, where);
  });
  if (place == stalls.end()) {
    place = std::min_element(stalls.begin(), stalls.end(),
                             [](const RingStall& a, const RingStall& b) { return a.waited < b.waited; });
    if (place->waited >= time) return;
    *place = {};
  }
  if (place->waits == 0 || !again) ++place->waits;
  place->where = where;
  place->waited += time;
}

void RingMeter::write(RingStats& stats) const noexcept {
  stats.flushes += flushes;
  stats.acquired += acquired;
  stats.handed_out_bytes += handed_out;
  stats.would_blocks = would_blocks;
  stats.growths = growths;
  stats.shrinks = shrinks;
  stats.waits = waits;
  stats.waited = waited;
  stats.stalls = stalls;
  stats.high_water_bytes = high_water;
  const std::uint64_t wanted = waits + would_blocks > 0 ? high_water * 2 : high_water + high_water / 2;
  stats.recommended_capacity_bytes = (wanted + kRounding - 1) / kRounding * kRounding;
}

}  // namespace pmb::detail
