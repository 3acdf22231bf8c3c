// SPDX-License-Identifier: MIT
#include "tune/measuring_trials.hpp"

#include <algorithm>
#include <chrono>
#include <pmb/block_pool.hpp>
#include <pmb/context.hpp>
#include <pmb/readback_ring.hpp>
#include <pmb/stream_copy.hpp>
#include <pmb/transfer.hpp>
#include <pmb/upload_ring.hpp>

#include "gl/buffer_calls.hpp"

namespace pmb::detail {
namespace {

using detail::PlanWork;
using detail::Trial;
using Clock = std::chrono::steady_clock;

constexpr auto kHere = std::source_location::current();
// CPU and GPU work on different slices; one more each way, so that neither waits for the other.
constexpr std::uint64_t kSlices = 4;
constexpr std::uint64_t kSlicesOfLarge = 2;
constexpr std::uint64_t kLarge = std::uint64_t{1} << 20;
constexpr std::uint64_t kLeastRing = std::uint64_t{64} << 10;

std::uint64_t ring_bytes(std::uint64_t size) {
  const std::uint64_t whole = (size + 255) / 256 * 256;
  return std::max(kLeastRing, whole * (size > kLarge ? kSlicesOfLarge : kSlices));
}

double since(Clock::time_point start) {
  return std::chrono::duration<double, std::nano>(Clock::now() - start).count();
}

/// What the trials of plans share.
class PlanTrial : public Trial {
 public:
  PlanTrial(Context context, MeasuringGround& ground, const PlanWork& work, const PlanChoice& choice)
      : context_(std::move(context)), ground_(ground), work_(work), staged_(choice.path == Path::staged) {}

  Result<double> run(std::uint32_t count) final {
    const auto start = Clock::now();
    for (std::uint32_t i = 0; i < count; ++i) {
      if (auto done = once(); !done) return pass_on(done);
    }
    auto ticket = context_.timeline().mark();
    if (!ticket) return pass_on(ticket);
    if (auto waited = context_.timeline().wait(*ticket, context_.options().timeout); !waited)
      return pass_on(waited);
    return since(start);
  }

  virtual Result<void> open() {
    for (const GroundBuffer role : {GroundBuffer::origin, GroundBuffer::local, GroundBuffer::sink}) {
      auto made = ground_.buffer(role);
      if (!made) return pass_on(made);
      (role == GroundBuffer::origin ? origin_ : role == GroundBuffer::local ? local_ : sink_) = *made;
    }
    mark_ = ground_.mark_source();
    return {};
  }

 protected:
  virtual Result<void> once() = 0;

  /// A command of the GPU's that touches bytes: a copy from one to the other.
  void copy(std::uint32_t from, std::uint64_t from_offset, std::uint32_t to, std::uint64_t to_offset) {
    BufferCalls(ContextState::of(context_)).copy(from, from_offset, to, to_offset, work_.size_bytes);
  }
  /// The GPU reads a slice, in place or a copy of it, as often as the work has it.
  void read_on_gpu(std::uint32_t buffer, std::uint64_t offset) {
    if (staged_) copy(buffer, offset, local_, 0), buffer = local_, offset = 0;
    for (std::uint32_t i = 0; i < work_.gpu_reads; ++i) copy(buffer, offset, sink_, 0);
  }
  /// The GPU writes a slice in place; where it is staged, the copy that the slice is filled from.
  void write_on_gpu(std::uint32_t buffer, std::uint64_t offset) {
    for (std::uint32_t i = 0; i < work_.gpu_reads; ++i) copy(origin_, 0, buffer, offset);
  }
  void fill(std::span<std::byte> mapped) { copy_to_mapped(mapped, ground_.source()); }
  void empty(std::span<const std::byte> mapped) { copy_from_mapped(ground_.found(), mapped); }

  Context context_;
  MeasuringGround& ground_;
  const PlanWork work_;
  const bool staged_;
  std::uint32_t origin_ = 0;
  std::uint32_t local_ = 0;
  std::uint32_t sink_ = 0;
  std::uint64_t mark_ = 0;
};

class WriteTrial final : public PlanTrial {
 public:
  using PlanTrial::PlanTrial;

  Result<void> open() override {
    auto ring = UploadRing::create(context_, {.capacity_bytes = ring_bytes(work_.size_bytes)});
    if (!ring) return pass_on(ring);
    ring_ = std::move(*ring);
    return PlanTrial::open();
  }
  Result<bool> verify() override { return ground_.matches(sink_, mark_); }

 private:
  Result<void> once() override {
    const auto slice = ring_.acquire(work_.size_bytes);
    if (!slice) return pass_on(slice);
    fill(slice->raw_bytes());
    if (auto published = ring_.publish(*slice, work_.size_bytes); !published) return published;
    read_on_gpu(slice->buffer(), slice->offset_bytes());
    const auto ticket = context_.timeline().mark();
    if (!ticket) return pass_on(ticket);
    return ring_.retire(*slice, *ticket);
  }

  UploadRing ring_;
};

class ReadTrial final : public PlanTrial {
 public:
  using PlanTrial::PlanTrial;

  Result<void> open() override {
    auto ring = ReadbackRing::create(context_, {.capacity_bytes = ring_bytes(work_.size_bytes)});
    if (!ring) return pass_on(ring);
    ring_ = std::move(*ring);
    return PlanTrial::open();
  }
  Result<bool> verify() override { return ground_.matches(ground_.found(), MeasuringGround::kOriginMark); }

 private:
  Result<void> once() override {
    auto pending = staged_ ? requested() : written();
    if (!pending) return pass_on(pending);
    if (auto marked = context_.timeline().mark(); !marked) return pass_on(marked);
    const auto view = pending->wait(context_.options().timeout);
    if (!view) return pass_on(view);
    empty(view->bytes());
    return pending->release();
  }
  Result<PendingReadback> requested() {
    write_on_gpu(local_, 0);
    return ring_.request(local_, 0, work_.size_bytes);
  }
  Result<PendingReadback> written() {
    auto pending = ring_.acquire(work_.size_bytes);
    if (pending) write_on_gpu(pending->buffer(), pending->offset_bytes());
    return pending;
  }

  ReadbackRing ring_;
};

class BothTrial final : public PlanTrial {
 public:
  using PlanTrial::PlanTrial;

  Result<void> open() override {
    auto pool = BlockPool::create(context_, {.block_bytes = work_.size_bytes, .count = 2});
    if (!pool) return pass_on(pool);
    pool_ = std::move(*pool);
    return PlanTrial::open();
  }
  Result<bool> verify() override {
    if (!ground_.matches(ground_.found(), MeasuringGround::kOriginMark)) return false;
    return ground_.matches(sink_, mark_);
  }

 private:
  Result<void> once() override {
    const auto block = pool_.acquire();
    if (!block) return pass_on(block);
    fill(block->raw_bytes());
    if (auto published = pool_.publish(*block, work_.size_bytes); !published) return published;
    read_on_gpu(block->buffer(), 0);
    write_on_gpu(staged_ ? local_ : block->buffer(), 0);
    if (staged_) copy(local_, 0, block->buffer(), 0);
    const auto ticket = context_.timeline().mark();
    if (!ticket) return pass_on(ticket);
    const auto view = pool_.wait_view(*block, *ticket, context_.options().timeout);
    if (!view) return pass_on(view);
    empty(view->bytes());
    return pool_.release(*block);
  }

  BlockPool pool_;
};

class TransferTrial final : public Trial {
 public:
  TransferTrial(Context& context, MeasuringGround& ground, bool up, const TransferDirection& way)
      : context_(context), ground_(ground), up_(up), way_(way) {}

  Result<void> open() {
    const bool by_gl = way_.steps.front().path == Path::traditional;
    auto buffer = ground_.buffer(up_     ? by_gl ? GroundBuffer::updated : GroundBuffer::target
                                 : by_gl ? GroundBuffer::fetched
                                         : GroundBuffer::origin);
    if (!buffer) return pass_on(buffer);
    buffer_ = *buffer;
    mark_ = ground_.mark_source();
    return {};
  }

  Result<double> run(std::uint32_t count) override {
    ContextState& state = ContextState::of(context_);
    (up_ ? state.transfer_plan.up : state.transfer_plan.down) = way_;
    const auto start = Clock::now();
    for (std::uint32_t i = 0; i < count; ++i) {
      auto done = up_ ? upload(context_, buffer_, 0, ground_.source())
                      : download(context_, buffer_, 0, ground_.found());
      if (!done) return pass_on(done);
    }
    if (!up_) return since(start);
    auto ticket = context_.timeline().mark();
    if (!ticket) return pass_on(ticket);
    if (auto waited = context_.timeline().wait(*ticket, context_.options().timeout); !waited)
      return pass_on(waited);
    return since(start);
  }
  Result<bool> verify() override {
    if (up_) return ground_.matches(buffer_, mark_);
    return ground_.matches(ground_.found(), MeasuringGround::kOriginMark);
  }

 private:
  Context& context_;
  MeasuringGround& ground_;
  const bool up_;
  const TransferDirection way_;
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

Profile profile_of(const PlanChoice& choice) {
  Profile profile;
  for (AccessProfile& access : profile.accesses) access.steps = {{.once = choice, .many = choice}};
  return profile;
}

Result<std::unique_ptr<Trial>> make_plan_trial(ContextState& state, MeasuringGround& ground,
                                               const PlanWork& work, const PlanChoice& choice) {
  auto context = state.sister(kHere);
  if (!context) return pass_on(context);
  ContextState::of(*context).profile = profile_of(choice);
  switch (work.access) {
    case Access::sequential_write:
      return opened<WriteTrial>(std::move(*context), ground, work, choice);
    case Access::read:
      return opened<ReadTrial>(std::move(*context), ground, work, choice);
    case Access::bidirectional:
      break;
  }
  return opened<BothTrial>(std::move(*context), ground, work, choice);
}

Result<std::unique_ptr<Trial>> make_transfer_trial(Context& transfers, MeasuringGround& ground, bool up,
                                                   const TransferDirection& way) {
  return opened<TransferTrial>(transfers, ground, up, way);
}

}  // namespace pmb::detail
