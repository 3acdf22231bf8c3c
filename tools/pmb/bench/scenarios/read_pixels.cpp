// SPDX-License-Identifier: MIT
// read_pixels: frames from a framebuffer to memory that the CPU can read.

#include <pmb/readback_ring.hpp>
#include <pmb/texture.hpp>

#include "bench/methods/own_memory.hpp"
#include "bench/methods/ring_reader.hpp"
#include "bench/scenarios/frame_texture.hpp"
#include "bench/source.hpp"

namespace pmb::tool::bench {
namespace {

constexpr pmb::PixelRectangle kFrame = {.width = kTextureWidth, .height = kTextureHeight};
constexpr pmb::TexelLayout kRgba = {.format = GL_RGBA, .type = GL_UNSIGNED_BYTE};

/// A picture, and the framebuffer that it is drawn into before each read. It stays bound for drawing too: on a context
/// without a window and with none bound, NVIDIA's driver takes 0.45 s a frame (docs/drivers.md).
class DrawnFrame {
 public:
  explicit DrawnFrame(const GladGLContext& gl) : gl_(gl), picture_(gl), frame_(gl) {}

  void set(const void* pixels) const { picture_.write(pixels); }
  void draw() const {
    picture_.bind_for_reading();
    gl_.BindFramebuffer(GL_DRAW_FRAMEBUFFER, frame_.framebuffer());
    gl_.BlitFramebuffer(0, 0, kTextureWidth, kTextureHeight, 0, 0, kTextureWidth, kTextureHeight,
                        GL_COLOR_BUFFER_BIT, GL_NEAREST);
  }
  void bind_for_reading() const { frame_.bind_for_reading(); }
  void read(void* pixels) const { frame_.read(pixels); }

 private:
  const GladGLContext& gl_;
  Texture picture_;
  Texture frame_;
};

/// pmb::read_pixels of the framebuffer that is bound, into a pmb::ReadbackRing.
class PixelReader final : public RingReader {
 public:
  using RingReader::RingReader;

  Outcome<BufferOffset> target() override { return BufferOffset{}; }
  Outcome<void> pull(BufferOffset) override {
    const auto pending = pmb::read_pixels(context(), kFrame, kRgba, ring());
    if (!pending) return gpu_failure("pmb::read_pixels", pending.error());
    push(*pending);
    return RingReader::sent();
  }
  Outcome<void> sent() override { return {}; }
};

/// Reads into memory, or into the buffers of a reader; by glReadPixels, or by pmb on a context.
class ReadPixelsMethod final : public Method {
 public:
  ReadPixelsMethod(BenchContext& bench, SharedSource source, std::unique_ptr<Reader> reader,
                   pmb::Context* pmb = nullptr)
      : bench_(bench), source_(std::move(source)), reader_(std::move(reader)), frame_(bench.gl()), pmb_(pmb) {
    if (!reader_) memory_ = OwnMemory(kTextureBytes);
  }

  Outcome<void> run(std::uint32_t times) override {
    for (std::uint32_t time = 0; time < times; ++time) {
      std::uint32_t under_way = 0;
      for (std::uint32_t i = 0; i < kFrames; ++i) {
        if (under_way == kFramesInFlight) {
          if (auto taken = take(); !taken) return pass_on(taken);
          --under_way;
        }
        if (auto done = once(); !done) return done;
        if (reader_) ++under_way;
      }
      for (; under_way > 0; --under_way) {
        if (auto taken = take(); !taken) return pass_on(taken);
      }
    }
    return {};
  }

  Outcome<void> verify() override {
    if (reader_) reader_->poison();
    memory_.poison();
    for (std::uint32_t turn = 0; turn <= kFramesInFlight; ++turn) {
      frame_.set(source_->renew().data());
      if (auto done = once(); !done) return done;
      std::span<const std::byte> pixels = memory_.bytes();
      if (reader_) {
        auto oldest = reader_->wait_oldest();
        if (!oldest) return pass_on(oldest);
        pixels = *oldest;
      }
      if (auto same = compare("the pixels", source_->bytes(), pixels); !same) return same;
      if (reader_) {
        if (auto released = reader_->release_oldest(); !released) return released;
      }
    }
    return bench_.require_no_error("reading pixels");
  }

  std::uint64_t cpu_bytes_copied() const noexcept override {
    return kTextureBytes * kFrames * (reader_ ? reader_->copies() : 1);
  }

 private:
  Outcome<void> take() {
    auto bytes = reader_->wait_oldest();
    if (!bytes) return pass_on(bytes);
    return reader_->release_oldest();
  }

  Outcome<void> once() {
    frame_.draw();
    if (pmb_ != nullptr) {
      frame_.bind_for_reading();
      if (reader_) return reader_->pull({});
      if (auto done = pmb::read_pixels(*pmb_, kFrame, kRgba, memory_.bytes()); !done) {
        return gpu_failure("pmb::read_pixels", done.error());
      }
      return {};
    }
    if (!reader_) {
      frame_.read(memory_.bytes().data());
      return {};
    }
    auto place = reader_->target();
    if (!place) return pass_on(place);
    bench_.gl().BindBuffer(GL_PIXEL_PACK_BUFFER, place->buffer);
    frame_.read(as_pointer(*place));
    bench_.gl().BindBuffer(GL_PIXEL_PACK_BUFFER, 0);
    return reader_->sent();
  }

  BenchContext& bench_;
  SharedSource source_;
  std::unique_ptr<Reader> reader_;
  DrawnFrame frame_;
  pmb::Context* pmb_;
  OwnMemory memory_;
};

/// The least that a frame can cost: it is drawn, and its bytes cross the wire. No method reads before the drawing is done.
class DrawAndCopy final : public Method {
 public:
  DrawAndCopy(const GladGLContext& gl, std::unique_ptr<Method> copy)
      : gl_(gl), frame_(gl), copy_(std::move(copy)) {}

  Outcome<void> run(std::uint32_t times) override {
    for (std::uint32_t frame = 0; frame < times * kFrames; ++frame) frame_.draw();
    gl_.Finish();
    return copy_->run(times);
  }
  Outcome<void> verify() override { return copy_->verify(); }
  std::uint64_t cpu_bytes_copied() const noexcept override { return copy_->cpu_bytes_copied(); }

 private:
  const GladGLContext& gl_;
  DrawnFrame frame_;
  std::unique_ptr<Method> copy_;
};

void add_draw_and_copy_limit(BenchContext& bench, Limit& limit, Case& work) {
  const auto note = limit.describe(Wire::down);
  if (!note) return;
  work.limit_note = "drawing the frame, then " + *note;
  const WireShape shape{.wire = Wire::down, .size_bytes = work.size_bytes, .operations = work.operations};
  add_method(work, "limit", MethodKind::limit, [&bench, &limit, shape]() -> Outcome<std::unique_ptr<Method>> {
    auto copy = limit.make(shape);
    if (!copy) return pass_on(copy);
    return std::make_unique<DrawAndCopy>(bench.gl(), std::move(*copy));
  });
}

}  // namespace

void add_read_pixels_cases(const CaseSetup& setup, std::vector<Case>& cases) {
  BenchContext& bench = setup.bench;
  Case work = frame_texture_case("read_pixels");
  const auto source = std::make_shared<Source>(kTextureBytes);
  const ReadShape shape{.result_bytes = kTextureBytes, .depth = kFramesInFlight};
  add_method(work, "read_pixels", MethodKind::traditional, [=, &bench]() -> Outcome<std::unique_ptr<Method>> {
    return std::make_unique<ReadPixelsMethod>(bench, source, nullptr);
  });
  add_method(work, "pixel_buffer_map", MethodKind::traditional,
             [=, &bench]() -> Outcome<std::unique_ptr<Method>> {
               auto reader = make_traditional_reader(bench, TraditionalRead::stream_read_map, shape);
               if (!reader) return pass_on(reader);
               return std::make_unique<ReadPixelsMethod>(bench, source, std::move(*reader));
             });
  for (const PmbMethod& method : pmb_methods(bench, {pmb::Path::direct, pmb::Path::traditional})) {
    add_method(work, method.name, method.kind, [=, &bench]() -> Outcome<std::unique_ptr<Method>> {
      // If the plan is the raw GL call, the bytes may as well land in system memory.
      if (method.transfer_path_down(kTextureBytes) == pmb::Path::traditional) {
        return std::make_unique<ReadPixelsMethod>(bench, source, nullptr, method.context);
      }
      auto ring = pmb::ReadbackRing::create(
          *method.context,
          {.capacity_bytes = kTextureBytes * kFramesInFlight, .label = "bench pixels", .prefault = true});
      if (!ring) return gpu_failure("a readback ring", ring.error());
      auto reader =
          std::make_unique<PixelReader>(*method.context, bench.gl(), std::move(*ring), shape, Marks::reader);
      return std::make_unique<ReadPixelsMethod>(bench, source, std::move(reader), method.context);
    });
  }
  add_draw_and_copy_limit(bench, setup.limit, work);
  add_reference(work, setup.limit, Wire::pageable_down, "cuda_pageable");
  cases.push_back(std::move(work));
}

}  // namespace pmb::tool::bench
