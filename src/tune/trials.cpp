// SPDX-License-Identifier: MIT
#include "tune/trials.hpp"

#include <algorithm>
#include <pmb/context.hpp>
#include <pmb/copy.hpp>
#include <pmb/readback_ring.hpp>
#include <pmb/transfer.hpp>
#include <pmb/tune/measure.hpp>
#include <pmb/upload_ring.hpp>

#include "gl/buffer_calls.hpp"

namespace pmb::detail {
namespace {

constexpr auto kHere = std::source_location::current();
// One slice for the CPU, one for the GPU, and one more for each, so that neither waits. Large slices take time enough.
constexpr std::uint64_t kSlices = 4;
constexpr std::uint64_t kSlicesOfLarge = 2;
constexpr std::uint64_t kLarge = std::uint64_t{1} << 20;
constexpr std::uint64_t kLeastRing = std::uint64_t{64} << 10;

std::uint64_t ring_bytes(std::uint64_t size) {
  const std::uint64_t whole = (size + 255) / 256 * 256;
  return std::max(kLeastRing, whole * (size > kLarge ? kSlicesOfLarge : kSlices));
}

/// A ring that is written or read as programs do, with copies as the GPU's work.
class PlanTrial final : public Trial {
 public:
  PlanTrial(Context context, TestBuffers& buffers, const PlanWork& work, const PlanChoice& choice)
      : context_(std::move(context)), buffers_(buffers), work_(work), staged_(choice.path == Path::staged) {}

  Result<void> open() {
    const RingOptions options{.capacity_bytes = ring_bytes(work_.size_bytes)};
    if (work_.access == Access::read) {
      auto ring = ReadbackRing::create(context_, options);
      if (!ring) return pass_on(ring);
      readback_ = std::move(*ring);
    } else {
      auto ring = UploadRing::create(context_, options);
      if (!ring) return pass_on(ring);
      upload_ = std::move(*ring);
    }
    for (auto [role, name] : {std::pair{TestBuffer::source, &source_}, std::pair{TestBuffer::vram, &vram_},
                              std::pair{TestBuffer::sink, &sink_}}) {
      auto made = buffers_.buffer(role);
      if (!made) return pass_on(made);
      *name = *made;
    }
    mark_ = buffers_.mark_bytes();
    return {};
  }

  Result<double> run(std::uint32_t count) override {
    const double start = tune::now_ns();
    for (std::uint32_t i = 0; i < count; ++i) {
      if (auto done = work_.access == Access::read ? read() : write(); !done) return pass_on(done);
    }
    if (auto finished = finish(context_); !finished) return pass_on(finished);
    return tune::now_ns() - start;
  }

  Result<bool> verify() override {
    if (work_.access == Access::read) return buffers_.matches(buffers_.result(), TestBuffers::kFirstMark);
    return buffers_.matches(sink_, mark_);
  }

 private:
  Result<void> write() {
    const auto slice = upload_.acquire(work_.size_bytes);
    if (!slice) return pass_on(slice);
    copy_to_mapped(slice->raw_bytes(), buffers_.bytes());
    if (auto published = upload_.publish(*slice, work_.size_bytes); !published) return published;
    if (staged_) copy(slice->buffer(), slice->offset_bytes(), vram_, 0);
    for (std::uint32_t i = 0; i < work_.gpu_reads; ++i) {
      copy(staged_ ? vram_ : slice->buffer(), staged_ ? 0 : slice->offset_bytes(), sink_, 0);
    }
    const auto ticket = context_.timeline().mark();
    if (!ticket) return pass_on(ticket);
    return upload_.retire(*slice, *ticket);
  }

  Result<void> read() {
    if (staged_) write_on_gpu(vram_, 0);
    auto pending =
        staged_ ? readback_.request(vram_, 0, work_.size_bytes) : readback_.acquire(work_.size_bytes);
    if (!pending) return pass_on(pending);
    if (!staged_) write_on_gpu(pending->buffer(), pending->offset_bytes());
    if (auto marked = context_.timeline().mark(); !marked) return pass_on(marked);
    const auto view = pending->wait(context_.options().timeout);
    if (!view) return pass_on(view);
    copy_from_mapped(buffers_.result(), view->bytes());
    return pending->release();
  }

  void write_on_gpu(std::uint32_t buffer, std::uint64_t offset) {
    for (std::uint32_t i = 0; i < work_.gpu_reads; ++i) copy(source_, 0, buffer, offset);
  }
  void copy(std::uint32_t from, std::uint64_t from_offset, std::uint32_t to, std::uint64_t to_offset) {
    BufferCalls(ContextState::of(context_).gl).copy(from, from_offset, to, to_offset, work_.size_bytes);
  }

  Context context_;
  TestBuffers& buffers_;
  const PlanWork work_;
  const bool staged_;
  UploadRing upload_;
  ReadbackRing readback_;
  std::uint32_t source_ = 0;
  std::uint32_t vram_ = 0;
  std::uint32_t sink_ = 0;
  std::uint64_t mark_ = 0;
};

class TransferTrial final : public Trial {
 public:
  TransferTrial(Context& context, TestBuffers& buffers, bool up, const TransferDirection& direction)
      : context_(context), buffers_(buffers), up_(up), direction_(direction) {}

  Result<void> open() {
    const bool raw_call = direction_.steps.front().path == Path::traditional;
    const TestBuffer of_ring = up_ ? TestBuffer::target : TestBuffer::source;
    const TestBuffer of_call = up_ ? TestBuffer::sub_data : TestBuffer::get_sub_data;
    auto buffer = buffers_.buffer(raw_call ? of_call : of_ring);
    if (!buffer) return pass_on(buffer);
    buffer_ = *buffer;
    mark_ = buffers_.mark_bytes();
    return {};
  }

  Result<double> run(std::uint32_t count) override {
    ContextState& state = ContextState::of(context_);
    (up_ ? state.plans.transfers.up : state.plans.transfers.down) = direction_;
    const double start = tune::now_ns();
    for (std::uint32_t i = 0; i < count; ++i) {
      auto done = up_ ? upload(context_, buffer_, 0, buffers_.bytes())
                      : download(context_, buffer_, 0, buffers_.result());
      if (!done) return pass_on(done);
    }
    if (up_) {
      if (auto finished = finish(context_); !finished) return pass_on(finished);
    }
    return tune::now_ns() - start;
  }
  Result<bool> verify() override {
    if (up_) return buffers_.matches(buffer_, mark_);
    return buffers_.matches(buffers_.result(), TestBuffers::kFirstMark);
  }

 private:
  Context& context_;
  TestBuffers& buffers_;
  const bool up_;
  const TransferDirection direction_;
  std::uint32_t buffer_ = 0;
  std::uint64_t mark_ = 0;
};

template <class Made, class... Args>
Result<std::unique_ptr<Trial>> opened(Args&&... args) {
  auto trial = std::make_unique<Made>(std::forward<Args>(args)...);
  if (auto ready = trial->open(); !ready) return pass_on(ready);
  return trial;
}

}  // namespace

Result<void> finish(Context& context) {
  auto ticket = context.timeline().mark();
  if (!ticket) return pass_on(ticket);
  return ticket->wait(context.options().timeout);
}

Profile profile_of(const PlanChoice& choice) {
  Profile profile;
  for (AccessProfile& access : profile.accesses) access.steps = {{.once = choice, .many = choice}};
  return profile;
}

Result<std::unique_ptr<Trial>> make_plan_trial(ContextState& state, TestBuffers& buffers,
                                               const PlanWork& work, const PlanChoice& choice) {
  auto context = state.clone_for_same_gl(kHere);
  if (!context) return pass_on(context);
  ContextState::of(*context).plans.profile = profile_of(choice);
  return opened<PlanTrial>(std::move(*context), buffers, work, choice);
}

Result<std::unique_ptr<Trial>> make_transfer_trial(Context& transfers, TestBuffers& buffers, bool up,
                                                   const TransferDirection& direction) {
  return opened<TransferTrial>(transfers, buffers, up, direction);
}

}  // namespace pmb::detail
