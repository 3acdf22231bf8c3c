// SPDX-License-Identifier: MIT
//
// A fake of CUDA's driver library, as strict as the strict fake GL. It is a shared object with the name of the real one,
// libcuda.so.1: once a test has loaded it, by linking it or by its path, it is what dlopen("libcuda.so.1") returns.
//
//   fake_cuda::set_graphics(fake_cuda::graphics_of(fake_gl));  // strict_gl_graphics.hpp
//   ... use CUDA ...
//   EXPECT_EQ(fake_cuda::live_objects(), 0);
//   EXPECT_TRUE(fake_cuda::violations().empty());
//
// Order:   work of a stream runs when it is synchronised, polled a second time, or when GL waits for it; never earlier.
//          Streams are not ordered with each other. README.md has the rest.
#pragma once

#include <cstddef>
#include <functional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#define FAKE_CUDA_API __attribute__((visibility("default")))

namespace fake_cuda {

// What the fake asks the GL context that is current. Every function may be empty: then no GL context is on a CUDA device.
struct Graphics {
  std::function<bool()> is_current;
  std::function<std::span<std::byte>(unsigned buffer)> memory_of;
  // Registration moves the buffer to VRAM, away from its mapping.
  std::function<bool(unsigned buffer)> leaves_its_mapping;
  std::function<void(unsigned buffer)> move_away;
  std::function<std::function<bool()>()> commands_so_far;
  std::function<void(std::function<void()>)> wait_for;
};
FAKE_CUDA_API void set_graphics(Graphics graphics);

// The nth call of that name from now on (1 is the next) does nothing and returns `error`.
FAKE_CUDA_API void fail(std::string_view call, unsigned nth, int error);
// From now on no kernel ends by itself: polls find work undone, however often.
FAKE_CUDA_API void never_end(bool endless);
// The names of all calls since reset(), in order.
FAKE_CUDA_API const std::vector<std::string>& calls();
// Ends all work and forgets everything.
FAKE_CUDA_API void reset();

// Drops the error of a kernel, and what the driver refused to free: only the program's own context and streams are left.
FAKE_CUDA_API void forgive();

// Memory, streams, events, registrations, and contexts that were not freed.
FAKE_CUDA_API int live_objects();
// Rules that real drivers do not check, one sentence each.
FAKE_CUDA_API const std::vector<std::string>& violations();
// Queued work of all streams.
FAKE_CUDA_API std::size_t queued();

}  // namespace fake_cuda
