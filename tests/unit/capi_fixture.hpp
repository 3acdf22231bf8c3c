// SPDX-License-Identifier: MIT
// The fixture of the tests of pmb.h: a context made through it on the strict fake GL.
#pragma once

#include <pmb.h>

#include <string>

#include "pmb_fixture.hpp"

namespace pmb_test {

inline pmb_gl_function load(const char* name) {
  return strict_gl::get_proc_address(name);
}

/// A struct of pmb.h with its size. A braced list of some members would give a warning for the others.
template <class Struct>
Struct sized() {
  Struct values = {};
  values.struct_bytes = sizeof values;
  return values;
}

inline pmb_options c_options() {
  auto options = sized<pmb_options>();
  options.current_context = &FakeGl::current;
  return options;
}
inline pmb_ring_options c_ring_options(std::int64_t capacity) {
  auto options = sized<pmb_ring_options>();
  options.capacity_bytes = capacity;
  options.label = "ring";
  return options;
}
inline pmb_mapped_buffer_options c_buffer_options(std::int64_t size, pmb_access access) {
  auto options = sized<pmb_mapped_buffer_options>();
  options.size_bytes = size;
  options.access = access;
  return options;
}
inline pmb_block_pool_options c_pool_options(std::int64_t size, std::uint32_t count) {
  auto options = sized<pmb_block_pool_options>();
  options.block_bytes = size;
  options.count = count;
  return options;
}

/// Ends the test with pmb's sentence.
inline void ok(pmb_status status) {
  if (status != PMB_OK) throw std::runtime_error(pmb_last_error_message());
}

class CapiTest : public PmbTest {
 protected:
  void SetUp() override { open_c(c_options()); }
  void TearDown() override {
    close();
    PmbTest::TearDown();
  }

  void open_c(const pmb_options& options, const FakeConfig& config = {}) {
    close();
    start(config);
    context_.reset();
    ok(pmb_context_from_current(&load, &options, &c_));
    fake_->clear_log();
  }
  void close() {
    pmb_upload_ring_destroy(&ring_);
    pmb_context_destroy(&c_);
  }

  pmb_upload_ring* make_ring(std::int64_t capacity = 4096) {
    const auto options = c_ring_options(capacity);
    ok(pmb_upload_ring_create(c_, &options, &ring_));
    return ring_;
  }
  pmb_slice put_c(std::int64_t size = 256) {
    pmb_slice slice = {};
    ok(pmb_upload_ring_acquire(ring_, size, 0, &slice));
    ok(pmb_slice_fill(slice, 7));
    ok(pmb_upload_ring_publish(ring_, slice, size));
    return slice;
  }
  pmb_ticket mark_c() {
    pmb_ticket ticket = {};
    ok(pmb_timeline_mark(c_, &ticket));
    return ticket;
  }

  pmb_context* c_ = nullptr;
  pmb_upload_ring* ring_ = nullptr;
};

}  // namespace pmb_test
