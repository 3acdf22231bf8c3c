// SPDX-License-Identifier: MIT
// The hot path in isolation, to be counted under callgrind: acquire, publish and retire of 256-byte slices over a
// fake driver, so that every instruction counted is pmb's own, on coherent rings or on private memory. mark() is left out of
// the count: it is one a frame, whatever the number of slices and rings.
//
//   hot_path LIVE_SLICES RINGS SLICES MODE [traditional]
//
// MODE is `each` for retire(slice, ticket), `all` for one retire(ticket) a ring and frame, `none` for the
// loops alone, whose count bench/hot_path.sh takes off, and `update` for the loops with one glNamedBufferSubData of
// a slice's size each, which is what the fake driver does on the traditional path.
#include <glad/gl.h>
#include <valgrind/callgrind.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <pmb/pmb.hpp>
#include <string_view>
#include <vector>

#include "fake_gl.hpp"

namespace {

constexpr std::uint64_t kSliceBytes = 256;

[[noreturn]] void stop(const pmb::Error& error) {
  std::fprintf(stderr, "hot_path: %s\n", error.message().c_str());
  std::exit(1);
}

void* load(const char* name) {
  return reinterpret_cast<void*>(strict_gl::get_proc_address(name));
}

enum class Mode { none, update, each, all };

/// Rounds of `per_round` slices on each ring until `total` slices are done; answers how many were.
template <Mode kMode>
std::size_t run(pmb::Timeline& timeline, std::vector<pmb::UploadRing>& rings, std::size_t per_round,
                std::size_t total, [[maybe_unused]] const GladGLContext& gl) {
  [[maybe_unused]] static const std::byte bytes[kSliceBytes] = {};
  std::vector<pmb::Slice> slices(per_round * rings.size());
  std::size_t done = 0;
  while (done < total) {
    CALLGRIND_TOGGLE_COLLECT;
    pmb::Slice* slice_at = slices.data();
    for (pmb::UploadRing& ring : rings) {
      for (std::size_t i = 0; i < per_round; ++i) {
        if constexpr (kMode == Mode::update) {
          gl.NamedBufferSubData(ring.mapped_buffer().buffer(), 0, kSliceBytes, bytes);
        } else if constexpr (kMode != Mode::none) {
          auto slice = ring.acquire(kSliceBytes, kSliceBytes);
          if (!slice) stop(slice.error());
          if (auto published = ring.publish(*slice, kSliceBytes); !published) stop(published.error());
          if constexpr (kMode == Mode::each) *slice_at++ = *slice;
        } else {
          asm volatile("" : : "r"(&ring) : "memory");
        }
      }
    }
    CALLGRIND_TOGGLE_COLLECT;
    auto ticket = timeline.mark();
    if (!ticket) stop(ticket.error());
    if (auto polled = timeline.poll(); !polled) stop(polled.error());
    const pmb::Ticket behind = *ticket;
    CALLGRIND_TOGGLE_COLLECT;
    slice_at = slices.data();
    for (pmb::UploadRing& ring : rings) {
      if constexpr (kMode == Mode::all) {
        if (auto retired = ring.retire(behind); !retired) stop(retired.error());
      } else {
        for (std::size_t i = 0; i < per_round; ++i, ++slice_at) {
          if constexpr (kMode == Mode::each) {
            if (auto retired = ring.retire(*slice_at, behind); !retired) stop(retired.error());
          } else {
            asm volatile("" : : "r"(slice_at) : "memory");
          }
        }
      }
    }
    CALLGRIND_TOGGLE_COLLECT;
    done += per_round * rings.size();
  }
  return done;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 5 && argc != 6) {
    std::fprintf(stderr, "usage: hot_path LIVE_SLICES RINGS SLICES none|update|each|all [traditional]\n");
    return 1;
  }
  const auto live = static_cast<std::size_t>(std::atoll(argv[1]));
  const auto ring_count = static_cast<std::size_t>(std::atoll(argv[2]));
  const auto total = static_cast<std::size_t>(std::atoll(argv[3]));

  strict_gl::FakeConfig config;
  config.instant = true;
  strict_gl::FakeGl gl(config);
  gl.make_current();
  pmb::Options options;
  options.current_context = &strict_gl::FakeGl::current;
  if (argc == 6 && std::string_view(argv[5]) == "traditional") options.path = pmb::Path::traditional;
  auto context = pmb::Context::from_current(&load, std::move(options));
  if (!context) stop(context.error());
  GladGLContext functions = {};
  if (gladLoadGLContextUserPtr(&functions, &strict_gl::get_proc_address_user, nullptr) == 0) return 1;

  // Room for two rounds of live slices, one being filled while the other is in flight, and for 1024 slices at
  // least.
  const std::size_t per_round = live / ring_count;
  const std::size_t room = std::max<std::size_t>(2 * per_round, ring_count > 100 ? 64 : 1024);
  std::vector<pmb::UploadRing> rings;
  for (std::size_t i = 0; i < ring_count; ++i) {
    auto ring = pmb::UploadRing::create(
        *context, {.capacity_bytes = room * kSliceBytes, .max_slices = static_cast<std::uint32_t>(room)});
    if (!ring) stop(ring.error());
    rings.push_back(std::move(*ring));
  }

  pmb::Timeline& timeline = context->timeline();
  const std::string_view mode = argv[4];
  const std::size_t done = mode == "each"  ? run<Mode::each>(timeline, rings, per_round, total, functions)
                           : mode == "all" ? run<Mode::all>(timeline, rings, per_round, total, functions)
                           : mode == "update"
                               ? run<Mode::update>(timeline, rings, per_round, total, functions)
                               : run<Mode::none>(timeline, rings, per_round, total, functions);
  std::printf("%zu\n", done);
  return 0;
}
