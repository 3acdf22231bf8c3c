// SPDX-License-Identifier: MIT
// The hot path in isolation, to be counted under callgrind: acquire, publish and retire of 256-byte slices over a
// fake driver, so that every instruction counted is pmb's own, on coherent rings or on private memory. mark() is left out of
// the count: it is one a frame, whatever the number of slices and rings.
//
//   hot_path LIVE_SLICES RINGS SLICES MODE [traditional|c|validate]
//
// MODE is `each` for retire(slice, ticket), `all` for one retire(ticket) a ring and frame, `none` for the
// loops alone, whose count bench/hot_path.sh takes off, and `update` for the loops with one glNamedBufferSubData of
// a slice's size each, which is what the fake driver does on the traditional path. With `c` the calls are those of pmb.h.
// With `validate` the context has a validation sink, and mark() is counted, too: it compares the bytes of every slice.
#include <glad/gl.h>
#include <pmb.h>
#include <valgrind/callgrind.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <optional>
#include <pmb/pmb.hpp>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

#include "fake_gl.hpp"

namespace {

constexpr std::uint64_t kSliceBytes = 256;

[[noreturn]] void stop(const pmb::Error& error) {
  std::fprintf(stderr, "hot_path: %s\n", error.message().c_str());
  std::exit(1);
}

/// The value, or the end of the program.
template <class T>
T take(pmb::Result<T> result) {
  if (!result) stop(result.error());
  if constexpr (!std::is_void_v<T>) return std::move(*result);
}

void* load(const char* name) {
  return reinterpret_cast<void*>(strict_gl::get_proc_address(name));
}

enum class Mode { none, update, each, all };

/// The calls of C++. Each function stops at an error.
struct InCpp {
  using Slice = pmb::Slice;
  using Ticket = pmb::Ticket;

  InCpp(std::size_t count, const pmb::RingOptions& options, std::string_view variant)
      : context(take(pmb::Context::from_current(&load, options_of(variant)))) {
    for (std::size_t i = 0; i < count; ++i) rings.push_back(take(pmb::UploadRing::create(context, options)));
  }
  static pmb::Options options_of(std::string_view variant) {
    pmb::Options options;
    options.current_context = &strict_gl::FakeGl::current;
    if (variant == "traditional") options.path = pmb::Path::traditional;
    if (variant == "validate") options.validation = pmb::print_report;
    return options;
  }
  static Slice put(pmb::UploadRing& ring) {
    auto slice = ring.acquire(kSliceBytes, kSliceBytes);
    if (!slice) stop(slice.error());
    if (auto published = ring.publish(*slice, kSliceBytes); !published) stop(published.error());
    return *slice;
  }
  static void retire(pmb::UploadRing& ring, Slice slice, Ticket ticket) {
    if (auto retired = ring.retire(slice, ticket); !retired) stop(retired.error());
  }
  static void retire_all(pmb::UploadRing& ring, Ticket ticket) {
    if (auto retired = ring.retire(ticket); !retired) stop(retired.error());
  }
  static GLuint buffer_of(const pmb::UploadRing& ring) { return ring.mapped_buffer().buffer(); }
  Ticket mark() {
    const bool counted = static_cast<bool>(context.options().validation);
    if (counted) CALLGRIND_TOGGLE_COLLECT;
    const Ticket ticket = take(context.timeline().mark());
    if (counted) CALLGRIND_TOGGLE_COLLECT;
    take(context.timeline().poll());
    return ticket;
  }

  pmb::Context context;
  std::vector<pmb::UploadRing> rings;
};

/// The calls of pmb.h. The process ends with the objects.
struct InC {
  using Slice = pmb_slice;
  using Ticket = pmb_ticket;

  static void need(pmb_status status) {
    if (status == PMB_OK) return;
    std::fprintf(stderr, "hot_path: %s\n", pmb_last_error_message());
    std::exit(1);
  }

  InC(std::size_t count, const pmb::RingOptions& options) {
    pmb_options of_context = {};
    of_context.struct_bytes = sizeof of_context;
    of_context.current_context = &strict_gl::FakeGl::current;
    need(pmb_context_from_current(reinterpret_cast<pmb_loader>(&strict_gl::get_proc_address), &of_context,
                                  &context));
    pmb_ring_options of_ring = {};
    of_ring.struct_bytes = sizeof of_ring;
    of_ring.capacity_bytes = static_cast<std::int64_t>(options.capacity_bytes);
    of_ring.max_slices = options.max_slices;
    rings.resize(count);
    for (pmb_upload_ring*& ring : rings) need(pmb_upload_ring_create(context, &of_ring, &ring));
  }
  static Slice put(pmb_upload_ring* ring) {
    Slice slice;
    need(pmb_upload_ring_acquire(ring, kSliceBytes, kSliceBytes, &slice));
    need(pmb_upload_ring_publish(ring, slice, kSliceBytes));
    return slice;
  }
  static void retire(pmb_upload_ring* ring, Slice slice, Ticket ticket) {
    need(pmb_upload_ring_retire(ring, slice, ticket));
  }
  static void retire_all(pmb_upload_ring* ring, Ticket ticket) {
    need(pmb_upload_ring_retire_all(ring, ticket));
  }
  static GLuint buffer_of(pmb_upload_ring* ring) {
    return pmb_mapped_buffer_buffer(pmb_upload_ring_mapped_buffer(ring));
  }
  Ticket mark() {
    Ticket ticket;
    need(pmb_timeline_mark(context, &ticket));
    need(pmb_timeline_poll(context));
    return ticket;
  }

  pmb_context* context = nullptr;
  std::vector<pmb_upload_ring*> rings;
};

/// Rounds of `per_round` slices on each ring until `total` slices are done; returns how many were.
template <Mode kMode, class Calls>
std::size_t run(Calls& calls, std::size_t per_round, std::size_t total,
                [[maybe_unused]] const GladGLContext& gl) {
  [[maybe_unused]] static const std::byte bytes[kSliceBytes] = {};
  std::vector<typename Calls::Slice> slices(per_round * calls.rings.size());
  std::size_t done = 0;
  while (done < total) {
    CALLGRIND_TOGGLE_COLLECT;
    auto* slice_at = slices.data();
    for (auto& ring : calls.rings) {
      for (std::size_t i = 0; i < per_round; ++i) {
        if constexpr (kMode == Mode::update) {
          gl.NamedBufferSubData(Calls::buffer_of(ring), 0, kSliceBytes, bytes);
        } else if constexpr (kMode != Mode::none) {
          const auto slice = Calls::put(ring);
          if constexpr (kMode == Mode::each) *slice_at++ = slice;
        } else {
          asm volatile("" : : "r"(&ring) : "memory");
        }
      }
    }
    CALLGRIND_TOGGLE_COLLECT;
    const auto behind = calls.mark();
    CALLGRIND_TOGGLE_COLLECT;
    slice_at = slices.data();
    for (auto& ring : calls.rings) {
      if constexpr (kMode == Mode::all) {
        Calls::retire_all(ring, behind);
      } else {
        for (std::size_t i = 0; i < per_round; ++i, ++slice_at) {
          if constexpr (kMode == Mode::each) {
            Calls::retire(ring, *slice_at, behind);
          } else {
            asm volatile("" : : "r"(slice_at) : "memory");
          }
        }
      }
    }
    CALLGRIND_TOGGLE_COLLECT;
    done += per_round * calls.rings.size();
  }
  return done;
}

template <class Calls>
std::size_t run(std::string_view mode, Calls&& calls, std::size_t per_round, std::size_t total) {
  GladGLContext gl = {};
  if (gladLoadGLContextUserPtr(&gl, &strict_gl::get_proc_address_user, nullptr) == 0) std::exit(1);
  if (mode == "each") return run<Mode::each>(calls, per_round, total, gl);
  if (mode == "all") return run<Mode::all>(calls, per_round, total, gl);
  if (mode == "update") return run<Mode::update>(calls, per_round, total, gl);
  return run<Mode::none>(calls, per_round, total, gl);
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 5 && argc != 6) {
    std::fprintf(stderr,
                 "usage: hot_path LIVE_SLICES RINGS SLICES none|update|each|all [traditional|c|validate]\n");
    return 1;
  }
  const auto live = static_cast<std::size_t>(std::atoll(argv[1]));
  const auto ring_count = static_cast<std::size_t>(std::atoll(argv[2]));
  const auto total = static_cast<std::size_t>(std::atoll(argv[3]));

  strict_gl::FakeConfig config;
  config.instant = true;
  strict_gl::FakeGl gl(config);
  gl.make_current();

  // Room for two rounds of live slices, one being filled while the other is in flight, and for 1024 slices at
  // least.
  const std::size_t per_round = live / ring_count;
  const std::size_t room = std::max<std::size_t>(2 * per_round, ring_count > 100 ? 64 : 1024);
  const pmb::RingOptions options = {.capacity_bytes = room * kSliceBytes,
                                    .max_slices = static_cast<std::uint32_t>(room)};
  const std::string_view variant = argc == 6 ? argv[5] : "";
  const std::size_t done = variant == "c"
                               ? run(argv[4], InC(ring_count, options), per_round, total)
                               : run(argv[4], InCpp(ring_count, options, variant), per_round, total);
  std::printf("%zu\n", done);
  return 0;
}
