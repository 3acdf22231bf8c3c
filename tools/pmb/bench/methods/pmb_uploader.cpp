// SPDX-License-Identifier: MIT
// Uploads with pmb.

#include <algorithm>
#include <chrono>
#include <pmb/timeline.hpp>
#include <pmb/transfer.hpp>
#include <pmb/upload_ring.hpp>
#include <vector>

#include "bench/methods/uploader.hpp"

namespace pmb::tool::bench {
namespace {

/// Room for this many frames: a ring makes a fence for each quarter.
constexpr std::uint32_t kFramesOfPacedRing = 256;

Outcome<pmb::UploadRing> make_ring(pmb::Context& context, const UploadShape& shape) {
  // Every piece at the alignment of any binding, in separate cache lines.
  constexpr std::uint64_t kLine = 64;
  const std::uint64_t step =
      std::max({context.limits().storage_offset_alignment, context.limits().uniform_offset_alignment, kLine});
  const std::uint64_t padded = (shape.piece_bytes + step - 1) / step * step;
  const std::uint64_t frames =
      shape.paced_by_ring ? std::max(shape.frames, kFramesOfPacedRing) : shape.frames;
  auto ring = pmb::UploadRing::create(
      context, {.capacity_bytes = padded * shape.pieces * frames,
                .label = "bench upload",
                .max_slices = std::max(16U, static_cast<std::uint32_t>(shape.pieces * frames)),
                .prefault = true});
  if (!ring) return gpu_failure("an upload ring", ring.error());
  return std::move(*ring);
}

class RingUploader : public Uploader {
 public:
  RingUploader(pmb::Context& context, pmb::UploadRing ring) : context_(context), ring_(std::move(ring)) {}

  Outcome<BufferOffset> put(std::span<const std::byte> bytes, Content content) override {
    const auto slice = ring_.acquire(bytes.size());
    if (!slice) return gpu_failure("acquiring a slice", slice.error());
    // A slice just acquired for these bytes takes them.
    if (content == Content::fresh) static_cast<void>(slice->copy_from(bytes));
    if (auto done = ring_.publish(*slice, bytes.size()); !done) {
      return gpu_failure("publishing a slice", done.error());
    }
    return BufferOffset{slice->buffer(), slice->offset_bytes()};
  }

  Outcome<void> end_frame() override {
    const auto ticket = context_.timeline().mark();
    if (!ticket) return gpu_failure("marking", ticket.error());
    if (auto done = ring_.retire(*ticket); !done) return gpu_failure("retiring", done.error());
    last_ = *ticket;
    return {};
  }

  Outcome<void> finish() override {
    if (auto done = last_.wait(kLongestWait); !done) {
      return gpu_failure("waiting for a ticket", done.error());
    }
    return {};
  }

  std::uint32_t copies(Content content) const noexcept override {
    const pmb::Path path = ring_.mapped_buffer().plan().path;
    const bool sent_by_gl = path == pmb::Path::traditional || path == pmb::Path::orphaned;
    return (content == Content::fresh ? 1 : 0) + (sent_by_gl ? 1 : 0);
  }

 protected:
  pmb::UploadRing& ring() noexcept { return ring_; }

 private:
  pmb::Context& context_;
  pmb::UploadRing ring_;
  pmb::Ticket last_ = {};
};

/// A ring that makes its fences without marks.
class PacedUploader final : public RingUploader {
 public:
  PacedUploader(BenchContext& bench, pmb::Context& context, pmb::UploadRing ring)
      : RingUploader(context, std::move(ring)), bench_(bench) {}

  Outcome<void> end_frame() override {
    if (auto done = ring().retire_issued(); !done) return gpu_failure("retiring", done.error());
    return {};
  }
  Outcome<void> finish() override { return bench_.finish(); }

 private:
  BenchContext& bench_;
};

class StagedUploader final : public RingUploader {
 public:
  StagedUploader(BenchContext& bench, pmb::Context& context, pmb::UploadRing ring,
                 std::vector<GlBuffer> targets)
      : RingUploader(context, std::move(ring)), bench_(bench), targets_(std::move(targets)) {}

  Outcome<BufferOffset> put(std::span<const std::byte> bytes, Content content) override {
    auto slice = RingUploader::put(bytes, content);
    if (!slice) return slice;
    const BufferOffset target{targets_[turn_].name(), 0};
    turn_ = (turn_ + 1) % targets_.size();
    copy_buffer(bench_.gl(), *slice, target, bytes.size());
    return target;
  }

 private:
  BenchContext& bench_;
  std::vector<GlBuffer> targets_;
  std::size_t turn_ = 0;
};

class TransferUploader final : public Uploader {
 public:
  TransferUploader(BenchContext& bench, pmb::Context& context, std::vector<GlBuffer> targets,
                   std::vector<pmb::BufferTarget> known)
      : bench_(bench), context_(context), targets_(std::move(targets)), known_(std::move(known)) {}

  Outcome<BufferOffset> put(std::span<const std::byte> bytes, Content) override {
    const pmb::BufferTarget& target = known_[turn_];
    if (auto done = pmb::upload(context_, target, 0, bytes); !done) {
      return gpu_failure("pmb::upload", done.error());
    }
    return BufferOffset{target.buffer(), 0};
  }

  Outcome<void> end_frame() override {
    turn_ = (turn_ + 1) % targets_.size();
    return {};
  }
  Outcome<void> finish() override { return bench_.finish(); }

  std::uint32_t copies(Content) const noexcept override { return 1; }

 private:
  BenchContext& bench_;
  pmb::Context& context_;
  std::vector<GlBuffer> targets_;
  std::vector<pmb::BufferTarget> known_;  ///< The targets, looked up once, as a streaming program would.
  std::size_t turn_ = 0;
};

Outcome<std::vector<GlBuffer>> make_targets(BenchContext& bench, std::uint64_t size_bytes,
                                            std::uint32_t count) {
  std::vector<GlBuffer> targets;
  for (std::uint32_t i = 0; i < count; ++i) {
    // Like the traditional methods' targets, so that pmb's plan has the same choices.
    auto target = GlBuffer::create(bench.gl(), size_bytes, bench.usage_of_kept_bytes());
    if (!target) return pass_on(target);
    targets.push_back(std::move(*target));
  }
  return targets;
}

}  // namespace

Outcome<std::unique_ptr<Uploader>> make_ring_uploader(BenchContext& bench, pmb::Context& context,
                                                      const UploadShape& shape) {
  auto ring = make_ring(context, shape);
  if (!ring) return pass_on(ring);
  if (shape.paced_by_ring) return std::make_unique<PacedUploader>(bench, context, std::move(*ring));
  return std::make_unique<RingUploader>(context, std::move(*ring));
}

Outcome<std::unique_ptr<Uploader>> make_staged_uploader(BenchContext& bench, pmb::Context& context,
                                                        const UploadShape& shape) {
  auto ring = make_ring(context, shape);
  if (!ring) return pass_on(ring);
  auto targets = make_targets(bench, shape.piece_bytes, shape.frames);
  if (!targets) return pass_on(targets);
  return std::make_unique<StagedUploader>(bench, context, std::move(*ring), std::move(*targets));
}

Outcome<std::unique_ptr<Uploader>> make_transfer_uploader(BenchContext& bench, pmb::Context& context,
                                                          const UploadShape& shape) {
  auto targets = make_targets(bench, shape.piece_bytes, shape.frames);
  if (!targets) return pass_on(targets);
  std::vector<pmb::BufferTarget> known;
  for (const GlBuffer& target : *targets) {
    // These uses hold: the traditional methods set no barrier either, and the buffers have no other use.
    const auto found =
        pmb::BufferTarget::query(context, target.name(),
                                 shape.read_as_storage ? pmb::BufferUse::upload_only_no_shader_writes
                                                       : pmb::BufferUse::vertices_and_uniforms);
    if (!found) return gpu_failure("looking a buffer up", found.error());
    known.push_back(*found);
  }
  return std::make_unique<TransferUploader>(bench, context, std::move(*targets), std::move(known));
}

}  // namespace pmb::tool::bench
