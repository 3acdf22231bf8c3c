// SPDX-License-Identifier: MIT
// Runs and verifies uploads and small updates.

#include "bench/methods/upload_method.hpp"

#include <cstring>
#include <utility>

namespace pmb::tool::bench {
namespace {

class KeptMethod final : public Method {
 public:
  KeptMethod(BenchContext& bench, SharedSource source, std::uint32_t operations,
             std::unique_ptr<Uploader> uploader)
      : bench_(bench), source_(std::move(source)), operations_(operations), uploader_(std::move(uploader)) {}

  Outcome<void> run(std::uint32_t times) override {
    const std::span<const std::byte> bytes = source_->bytes();
    for (std::uint32_t time = 0; time < times; ++time) {
      for (std::uint32_t i = 0; i < operations_; ++i) {
        if (auto place = uploader_->put(bytes, Content::fresh); !place) return pass_on(place);
        if (auto ended = uploader_->end_frame(); !ended) return ended;
      }
      if (auto done = uploader_->finish(); !done) return done;
    }
    return {};
  }

  Outcome<void> verify() override {
    // Overwrites different bytes that may still be in flight; with three buffers the first one is reused.
    Outcome<BufferOffset> place = BufferOffset{};
    for (std::uint32_t turn = 0; turn < 4; ++turn) {
      place = uploader_->put(source_->renew(), Content::fresh);
      if (!place) return pass_on(place);
      if (auto ended = uploader_->end_frame(); !ended) return ended;
    }
    if (auto done = uploader_->finish(); !done) return done;
    auto arrived = bench_.read_back(*place, source_->size_bytes());
    if (!arrived) return pass_on(arrived);
    return compare("what arrived on the GPU", source_->bytes(), *arrived);
  }

  std::uint64_t cpu_bytes_copied() const noexcept override {
    return source_->size_bytes() * operations_ * uploader_->copies(Content::fresh);
  }

 private:
  BenchContext& bench_;
  SharedSource source_;
  std::uint32_t operations_;
  std::unique_ptr<Uploader> uploader_;
};

class ConsumedMethod final : public Method {
 public:
  ConsumedMethod(SharedSource source, std::unique_ptr<Uploader> uploader, Reduction reduction)
      : source_(std::move(source)), uploader_(std::move(uploader)), reduction_(std::move(reduction)) {}

  Outcome<void> run(std::uint32_t times) override {
    for (std::uint32_t time = 0; time < times; ++time) {
      if (auto done = once(source_->bytes(), Content::produced_in_place); !done) return done;
    }
    return {};
  }

  Outcome<void> verify() override {
    // Fills every slot of a ring, then reads every slot.
    for (std::uint32_t turn = 0; turn < 3; ++turn) {
      if (auto done = once(source_->renew(), Content::fresh); !done) return done;
      auto sum = reduction_.result();
      if (!sum) return pass_on(sum);
      if (*sum != Reduction::expected(source_->bytes())) {
        return fail(kMismatch, "the GPU's checksum is 0x{:08X} and should be 0x{:08X}", *sum,
                    Reduction::expected(source_->bytes()));
      }
    }
    return {};
  }

  std::uint64_t cpu_bytes_copied() const noexcept override {
    return source_->size_bytes() * uploader_->copies(Content::produced_in_place);
  }

 private:
  Outcome<void> once(std::span<const std::byte> bytes, Content content) {
    auto place = uploader_->put(bytes, content);
    if (!place) return pass_on(place);
    reduction_.run(*place, bytes.size());
    if (auto ended = uploader_->end_frame(); !ended) return ended;
    return uploader_->finish();
  }

  SharedSource source_;
  std::unique_ptr<Uploader> uploader_;
  Reduction reduction_;
};

class UpdateMethod final : public Method {
 public:
  UpdateMethod(SharedSource source, const UpdateShape& shape, std::unique_ptr<Uploader> uploader,
               UpdateReader reader)
      : source_(std::move(source)),
        shape_(shape),
        uploader_(std::move(uploader)),
        reader_(std::move(reader)) {}

  Outcome<void> run(std::uint32_t times) override {
    const std::span<const std::byte> bytes = source_->bytes();
    for (std::uint32_t time = 0; time < times; ++time) {
      for (std::uint32_t frame = 0; frame < shape_.frames; ++frame) {
        if (auto done = frame_of(bytes, shape_.dispatched); !done) return done;
      }
      if (auto done = uploader_->finish(); !done) return done;
    }
    return {};
  }

  Outcome<void> verify() override {
    reader_.poison();
    std::vector<std::uint32_t> expected;
    for (std::uint32_t frame = 0; frame < verified_frames(shape_); ++frame) {
      const auto fresh = source_->renew();
      std::vector<std::byte> bytes(fresh.begin(), fresh.end());
      if (shape_.updates == 1) std::memcpy(bytes.data(), &frame, sizeof(frame));
      for (std::uint32_t i = 0; i < shape_.updates; ++i)
        expected.push_back(UpdateReader::expected(update(bytes, i)));
      if (auto done = frame_of(bytes, true); !done) return done;
    }
    if (auto done = uploader_->finish(); !done) return done;
    auto results = reader_.results();
    if (!results) return pass_on(results);
    for (std::size_t i = 0; i < expected.size(); ++i) {
      if ((*results)[i] == expected[i]) continue;
      return fail(kMismatch, "the GPU's checksum of update {} of {} is 0x{:08X} and should be 0x{:08X}", i,
                  expected.size(), (*results)[i], expected[i]);
    }
    return {};
  }

  /// Enough frames in flight to fill the memory of every method more than once, each with different bytes and a separate
  /// result.
  static std::uint32_t verified_frames(const UpdateShape& shape) noexcept {
    return shape.frames > 1 ? 600 : 1;
  }

  std::uint64_t cpu_bytes_copied() const noexcept override {
    return shape_.update_bytes * shape_.updates * shape_.frames * uploader_->copies(Content::fresh);
  }

 private:
  std::span<const std::byte> update(std::span<const std::byte> bytes, std::uint32_t index) const {
    return bytes.subspan(index * shape_.update_bytes, shape_.update_bytes);
  }

  Outcome<void> frame_of(std::span<const std::byte> bytes, bool dispatched) {
    reader_.begin();
    for (std::uint32_t i = 0; i < shape_.updates; ++i) {
      auto place = uploader_->put(update(bytes, i), Content::fresh);
      if (!place) return pass_on(place);
      reader_.bind(*place);
      if (dispatched) reader_.dispatch();
    }
    return uploader_->end_frame();
  }

  SharedSource source_;
  UpdateShape shape_;
  std::unique_ptr<Uploader> uploader_;
  UpdateReader reader_;
};

class DispatchMethod final : public Method {
 public:
  DispatchMethod(BenchContext& bench, SharedSource source, const UpdateShape& shape, GlBuffer update,
                 UpdateReader reader)
      : bench_(bench),
        source_(std::move(source)),
        shape_(shape),
        update_(std::move(update)),
        reader_(std::move(reader)) {}

  Outcome<void> run(std::uint32_t times) override {
    for (std::uint32_t time = 0; time < times; ++time) {
      reader_.begin();
      reader_.bind({update_.name(), 0});
      for (std::uint32_t i = 0; i < shape_.updates * shape_.frames; ++i) reader_.dispatch();
      if (auto done = bench_.finish(); !done) return done;
    }
    return {};
  }

  Outcome<void> verify() override {
    reader_.poison();
    const auto update = source_->bytes().first(shape_.update_bytes);
    bench_.gl().BindBuffer(GL_COPY_WRITE_BUFFER, update_.name());
    bench_.gl().BufferSubData(GL_COPY_WRITE_BUFFER, 0, static_cast<GLsizeiptr>(update.size()), update.data());
    if (auto done = run(1); !done) return done;
    auto results = reader_.results();
    if (!results) return pass_on(results);
    if (results->front() == UpdateReader::expected(update)) return {};
    return fail(kMismatch, "the GPU's checksum of one update is wrong");
  }

  std::uint64_t cpu_bytes_copied() const noexcept override { return 0; }

 private:
  BenchContext& bench_;
  SharedSource source_;
  UpdateShape shape_;
  GlBuffer update_;
  UpdateReader reader_;
};

}  // namespace

void fill_updates(std::uint64_t seed, std::uint64_t update_bytes, std::span<std::byte> bytes) {
  fill_pattern(seed, bytes);
  std::uint32_t index = 0;
  for (std::size_t at = 0; at + update_bytes <= bytes.size(); at += update_bytes, ++index) {
    std::memcpy(bytes.data() + at, &index, sizeof(index));
  }
}

std::unique_ptr<Method> make_kept_method(BenchContext& bench, SharedSource source, std::uint32_t operations,
                                         std::unique_ptr<Uploader> uploader) {
  return std::make_unique<KeptMethod>(bench, std::move(source), operations, std::move(uploader));
}

Outcome<std::unique_ptr<Method>> make_consumed_method(BenchContext& bench, SharedSource source,
                                                      std::unique_ptr<Uploader> uploader) {
  auto reduction = Reduction::create(bench);
  if (!reduction) return pass_on(reduction);
  return std::make_unique<ConsumedMethod>(std::move(source), std::move(uploader), std::move(*reduction));
}

Outcome<std::unique_ptr<Method>> make_update_method(BenchContext& bench, SharedSource source,
                                                    const UpdateShape& shape,
                                                    std::unique_ptr<Uploader> uploader) {
  auto reader =
      UpdateReader::create(bench, shape.updates * UpdateMethod::verified_frames(shape), shape.update_bytes);
  if (!reader) return pass_on(reader);
  return std::make_unique<UpdateMethod>(std::move(source), shape, std::move(uploader), std::move(*reader));
}

Outcome<std::unique_ptr<Method>> make_dispatch_method(BenchContext& bench, SharedSource source,
                                                      const UpdateShape& shape) {
  auto reader = UpdateReader::create(bench, shape.updates, shape.update_bytes);
  if (!reader) return pass_on(reader);
  auto update = GlBuffer::create(bench.gl(), shape.update_bytes, GL_STATIC_DRAW);
  if (!update) return pass_on(update);
  return std::make_unique<DispatchMethod>(bench, std::move(source), shape, std::move(*update),
                                          std::move(*reader));
}

}  // namespace pmb::tool::bench
