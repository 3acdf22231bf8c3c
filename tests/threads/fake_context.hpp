// SPDX-License-Identifier: MIT
// One strict fake GL and a pmb context on it, for the thread that makes it. All of the "GPU" runs in
// instrumented code on that thread, so that the thread sanitizer sees every access.
#pragma once

#include <gtest/gtest.h>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <pmb/pmb.hpp>
#include <span>
#include <utility>
#include <vector>

#include "fake_gl.hpp"
#include "strict_gl_gtest.hpp"

namespace thread_test {

inline constexpr std::chrono::seconds kPatience{60};  // a bound for a machine that hangs, never a speed limit

inline std::vector<std::byte> pattern(std::size_t count, std::uint32_t seed) {
  std::vector<std::byte> bytes(count);
  std::uint32_t state = seed * 2654435761u + 99991u;
  for (std::byte& byte : bytes) {
    state = state * 1664525u + 1013904223u;
    byte = static_cast<std::byte>(state >> 24);
  }
  return bytes;
}

// The value; a failure of the test and a default where there is none.
template <class T>
T take(pmb::Result<T> result) {
  EXPECT_TRUE(result) << result.error().message();
  return result ? std::move(*result) : T();
}
inline void take(const pmb::Result<void>& result) {
  EXPECT_TRUE(result) << result.error().message();
}

// The ways in which a ring of a test works.
struct Way {
  const char* name;
  pmb::Model model;
  bool validate;
};

inline constexpr Way kWays[] = {{"Coherent", pmb::Model::coherent, false},
                                {"CoherentWatched", pmb::Model::coherent, true},
                                {"ExplicitFlush", pmb::Model::explicit_flush, false},
                                {"ExplicitFlushWatched", pmb::Model::explicit_flush, true}};

class FakeContext {
 public:
  explicit FakeContext(std::optional<pmb::Model> model = {}, pmb::ValidationSink sink = {}) : fake_(quiet()) {
    fake_.make_current();
    open(model, std::move(sink));
  }
  ~FakeContext() {
    context_.reset();
    strict_gl::expect_clean(fake_);
    EXPECT_EQ(fake_.live_syncs(), 0u);
    EXPECT_EQ(fake_.mapped_buffers(), 0u);
    strict_gl::FakeGl::release_current();
  }
  FakeContext(const FakeContext&) = delete;
  FakeContext& operator=(const FakeContext&) = delete;

  // Another pmb context on the same fake, after close_context().
  void open(std::optional<pmb::Model> model = {}, pmb::ValidationSink sink = {}) {
    pmb::Options options;
    options.model = model;
    options.validation = std::move(sink);
    options.current_context = &strict_gl::FakeGl::current;
    auto context = pmb::Context::from_current(&strict_gl::get_proc_address, std::move(options));
    ASSERT_TRUE(context) << context.error().message();
    context_ = std::move(*context);
  }
  void close_context() { context_.reset(); }

  strict_gl::FakeGl& fake() { return fake_; }
  pmb::Context& context() { return *context_; }
  pmb::Timeline& timeline() { return context_->timeline(); }
  pmb::Ticket mark() { return take(timeline().mark()); }
  void wait(pmb::Ticket ticket) { take(ticket.wait(kPatience)); }

 private:
  static strict_gl::FakeConfig quiet() {
    strict_gl::FakeConfig config;
    config.max_logged_calls = 0;
    return config;
  }

  strict_gl::FakeGl fake_;
  std::optional<pmb::Context> context_;
};

}  // namespace thread_test
