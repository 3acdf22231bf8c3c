// SPDX-License-Identifier: MIT
// Runs and verifies downloads, results and streams.

#include "bench/methods/flow_method.hpp"

#include <algorithm>
#include <deque>
#include <utility>
#include <vector>

namespace pmb::tool::bench {
namespace {

/// Sends results until `depth` are in flight, and takes the oldest in between.
class ResultQueue {
 public:
  ResultQueue(Reader& reader, std::uint32_t depth) : reader_(reader), depth_(depth) {}

  /// Makes room for one more result, then calls `send`.
  template <class Send>
  Outcome<void> send(Send&& issue) {
    while (under_way_ >= depth_) {
      if (auto taken = take(); !taken) return taken;
    }
    if (auto issued = issue(); !issued) return issued;
    ++under_way_;
    return {};
  }
  /// Takes all results in flight.
  Outcome<void> drain() {
    while (under_way_ > 0) {
      if (auto taken = take(); !taken) return taken;
    }
    return {};
  }

 private:
  Outcome<void> take() {
    auto bytes = reader_.wait_oldest();
    if (!bytes) return pass_on(bytes);
    --under_way_;
    return reader_.release_oldest();
  }

  Reader& reader_;
  std::uint32_t depth_;
  std::uint32_t under_way_ = 0;
};

/// Compares the oldest result and releases it.
Outcome<void> check_oldest(Reader& reader, std::span<const std::byte> expected) {
  auto bytes = reader.wait_oldest();
  if (!bytes) return pass_on(bytes);
  auto same = compare("what arrived on the CPU", expected, *bytes);
  auto released = reader.release_oldest();
  return same ? released : same;
}

class DownloadMethod final : public Method {
 public:
  DownloadMethod(BenchContext& bench, SharedSource source, std::uint32_t operations, const ReadShape& shape,
                 std::unique_ptr<Reader> reader, GlBuffer buffer, Production production)
      : bench_(bench),
        source_(std::move(source)),
        operations_(operations),
        shape_(shape),
        reader_(std::move(reader)),
        buffer_(std::move(buffer)),
        production_(std::move(production)) {}

  Outcome<void> run(std::uint32_t times) override {
    ResultQueue queue(*reader_, shape_.depth);
    for (std::uint32_t time = 0; time < times; ++time) {
      for (std::uint32_t i = 0; i < operations_; ++i) {
        if (auto sent = queue.send([&] { return pull(0); }); !sent) return sent;
      }
      if (auto done = queue.drain(); !done) return done;
    }
    return {};
  }

  Outcome<void> verify() override {
    const auto bytes = source_->renew();
    auto staging = GlBuffer::create(bench_.gl(), bytes.size(), GL_STREAM_DRAW);
    if (!staging) return pass_on(staging);
    bench_.gl().BufferSubData(GL_COPY_WRITE_BUFFER, 0, static_cast<GLsizeiptr>(bytes.size()), bytes.data());
    copy_buffer(bench_.gl(), {staging->name(), 0}, {buffer_.name(), 0}, bytes.size());
    const std::uint64_t seed = Source::next_seed();
    std::vector<std::byte> expected(bytes.begin(), bytes.end());
    fill_pattern(seed, std::span(expected).first(kUnitBytes));
    reader_->poison();
    if (auto sent = pull(seed); !sent) return sent;
    return check_oldest(*reader_, expected);
  }

  std::uint64_t cpu_bytes_copied() const noexcept override {
    return source_->size_bytes() * operations_ * reader_->copies();
  }

 private:
  /// A shader writes part of the buffer first. Otherwise some drivers serve the bytes from a cached copy, which no real
  /// program would benefit from.
  Outcome<void> pull(std::uint64_t seed) {
    const BufferOffset source{buffer_.name(), 0};
    production_.run(seed, source, kUnitBytes);
    bench_.gl().MemoryBarrier(GL_BUFFER_UPDATE_BARRIER_BIT);
    return reader_->pull(source);
  }

  BenchContext& bench_;
  SharedSource source_;
  std::uint32_t operations_;
  ReadShape shape_;
  std::unique_ptr<Reader> reader_;
  GlBuffer buffer_;
  Production production_;
};

class ProducedMethod final : public Method {
 public:
  ProducedMethod(std::uint32_t operations, const ReadShape& shape, std::unique_ptr<Reader> reader,
                 Production production)
      : operations_(operations),
        shape_(shape),
        reader_(std::move(reader)),
        production_(std::move(production)) {}

  Outcome<void> run(std::uint32_t times) override {
    ResultQueue queue(*reader_, shape_.depth);
    for (std::uint32_t time = 0; time < times; ++time) {
      for (std::uint32_t i = 0; i < operations_; ++i) {
        if (auto sent = queue.send([&] { return produce(i); }); !sent) return sent;
      }
      if (auto done = queue.drain(); !done) return done;
    }
    return {};
  }

  Outcome<void> verify() override {
    reader_->poison();
    const std::uint64_t seed = Source::next_seed();
    if (auto sent = produce(seed); !sent) return sent;
    std::vector<std::byte> expected(shape_.result_bytes);
    fill_pattern(seed, expected);
    return check_oldest(*reader_, expected);
  }

  std::uint64_t cpu_bytes_copied() const noexcept override {
    return shape_.result_bytes * operations_ * reader_->copies();
  }

 private:
  Outcome<void> produce(std::uint64_t seed) {
    auto target = reader_->target();
    if (!target) return pass_on(target);
    production_.run(seed, *target, shape_.result_bytes);
    return reader_->sent();
  }

  std::uint32_t operations_;
  ReadShape shape_;
  std::unique_ptr<Reader> reader_;
  Production production_;
};

class FlowMethod final : public Method {
 public:
  FlowMethod(SharedSource source, const FlowShape& shape, FlowKernel kernel,
             std::unique_ptr<Uploader> uploader, std::unique_ptr<Reader> reader)
      : source_(std::move(source)),
        shape_(shape),
        kernel_(std::move(kernel)),
        uploader_(std::move(uploader)),
        reader_(std::move(reader)) {}

  Outcome<void> run(std::uint32_t times) override {
    const auto bytes = source_->bytes();
    ResultQueue queue(*reader_, shape_.depth);
    for (std::uint32_t time = 0; time < times; ++time) {
      for (std::uint32_t i = 0; i < shape_.frames; ++i) {
        auto sent = queue.send([&] { return send(bytes, Content::produced_in_place); });
        if (!sent) return sent;
      }
      if (auto done = queue.drain(); !done) return done;
    }
    return {};
  }

  Outcome<void> verify() override {
    // One more than are in flight, each with different bytes: every slot is filled, and one is reused while others are in
    // flight.
    reader_->poison();
    std::deque<std::vector<std::byte>> expected;
    for (std::uint32_t i = 0; i <= shape_.depth; ++i) {
      if (expected.size() == shape_.depth) {
        if (auto same = check_oldest(*reader_, expected.front()); !same) return same;
        expected.pop_front();
      }
      const auto bytes = source_->renew();
      expected.emplace_back(shape_.output_bytes);
      kernel_.expected(bytes, expected.back());
      if (auto sent = send(bytes, Content::fresh); !sent) return sent;
    }
    for (const std::vector<std::byte>& bytes : expected) {
      if (auto same = check_oldest(*reader_, bytes); !same) return same;
    }
    return {};
  }

  std::uint64_t cpu_bytes_copied() const noexcept override {
    return shape_.frames * (source_->size_bytes() * uploader_->copies(Content::produced_in_place) +
                            shape_.output_bytes * reader_->copies());
  }

 private:
  Outcome<void> send(std::span<const std::byte> bytes, Content content) {
    auto input = uploader_->put(bytes, content);
    if (!input) return pass_on(input);
    auto output = reader_->target();
    if (!output) return pass_on(output);
    kernel_.run(*input, *output);
    if (auto sent = reader_->sent(); !sent) return sent;
    return uploader_->end_frame();
  }

  SharedSource source_;
  FlowShape shape_;
  FlowKernel kernel_;
  std::unique_ptr<Uploader> uploader_;
  std::unique_ptr<Reader> reader_;
};

}  // namespace

Outcome<std::unique_ptr<Method>> make_download_method(BenchContext& bench, SharedSource source,
                                                      std::uint32_t operations, const ReadShape& shape,
                                                      std::unique_ptr<Reader> reader) {
  auto buffer = bench.buffer_in_vram(shape.result_bytes);
  if (!buffer) return pass_on(buffer);
  auto production = Production::create(bench);
  if (!production) return pass_on(production);
  return std::make_unique<DownloadMethod>(bench, std::move(source), operations, shape, std::move(reader),
                                          std::move(*buffer), std::move(*production));
}

Outcome<std::unique_ptr<Method>> make_produced_method(BenchContext& bench, std::uint32_t operations,
                                                      const ReadShape& shape,
                                                      std::unique_ptr<Reader> reader) {
  auto production = Production::create(bench);
  if (!production) return pass_on(production);
  return std::make_unique<ProducedMethod>(operations, shape, std::move(reader), std::move(*production));
}

std::unique_ptr<Method> make_flow_method(SharedSource source, const FlowShape& shape, FlowKernel kernel,
                                         std::unique_ptr<Uploader> uploader, std::unique_ptr<Reader> reader) {
  return std::make_unique<FlowMethod>(std::move(source), shape, std::move(kernel), std::move(uploader),
                                      std::move(reader));
}

}  // namespace pmb::tool::bench
