// SPDX-License-Identifier: MIT
// A reader on a pmb::ReadbackRing. Results arrive in its slices, oldest first.
#pragma once

#include <algorithm>
#include <chrono>
#include <deque>
#include <pmb/buffer_target.hpp>
#include <pmb/context.hpp>
#include <pmb/readback_ring.hpp>
#include <pmb/timeline.hpp>
#include <utility>
#include <vector>

#include "bench/methods/reader.hpp"

namespace pmb::tool::bench {

class RingReader : public Reader {
 public:
  RingReader(pmb::Context& context, const GladGLContext& gl, pmb::ReadbackRing ring, const ReadShape& shape,
             Marks marks)
      : context_(context), gl_(gl), ring_(std::move(ring)), shape_(shape), marks_(marks) {}

  Outcome<BufferOffset> target() override {
    const auto pending = ring_.acquire(shape_.result_bytes);
    if (!pending) return gpu_failure("acquiring a readback", pending.error());
    pending_.push_back(*pending);
    return BufferOffset{pending->buffer(), pending->offset_bytes()};
  }

  Outcome<void> sent() override {
    if (marks_ == Marks::uploader) return {};
    if (auto ticket = context_.timeline().mark(); !ticket) return gpu_failure("marking", ticket.error());
    return {};
  }

  /// The scenario sets the barrier before a pull, for all methods.
  Outcome<void> pull(BufferOffset source) override {
    return pull_used(source, pmb::BufferUse::no_shader_writes);
  }

  Outcome<std::span<const std::byte>> wait_oldest() override {
    const auto view = pending_.front().wait(std::chrono::seconds(30));
    if (!view) return gpu_failure("waiting for a readback", view.error());
    return view->bytes();
  }

  Outcome<void> release_oldest() override {
    const auto done = pending_.front().release();
    pending_.pop_front();
    if (!done) return gpu_failure("releasing a readback", done.error());
    return {};
  }

  void poison() override { poison_buffer(gl_, ring_.mapped_buffer().buffer()); }
  std::uint32_t copies() const noexcept override {
    return ring_.mapped_buffer().plan().path == pmb::Path::traditional ? 1 : 0;
  }

 protected:
  /// Adds a pending readback behind the others.
  void push(const pmb::PendingReadback& pending) { pending_.push_back(pending); }
  pmb::Context& context() noexcept { return context_; }
  pmb::ReadbackRing& ring() noexcept { return ring_; }

  Outcome<void> pull_used(BufferOffset source, pmb::BufferUse use) {
    auto known = std::ranges::find(known_, source.buffer, &pmb::BufferTarget::buffer);
    if (known == known_.end()) {
      const auto found = pmb::BufferTarget::query(context_, source.buffer, use);
      if (!found) return gpu_failure("looking a buffer up", found.error());
      known = known_.insert(known, *found);
    }
    const auto pending = ring_.request(*known, source.offset_bytes, shape_.result_bytes);
    if (!pending) return gpu_failure("requesting a readback", pending.error());
    pending_.push_back(*pending);
    return RingReader::sent();
  }

 private:
  pmb::Context& context_;
  const GladGLContext& gl_;
  pmb::ReadbackRing ring_;
  ReadShape shape_;
  Marks marks_;
  std::deque<pmb::PendingReadback> pending_;
  std::vector<pmb::BufferTarget> known_;  ///< Looked up once, as a streaming program would.
};

}  // namespace pmb::tool::bench
