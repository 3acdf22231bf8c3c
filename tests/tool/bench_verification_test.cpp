// SPDX-License-Identifier: MIT
// The verification of `pmb bench` finds wrong and stale bytes in every kind of work, and such a method gets no figures.

#include <gtest/gtest.h>

#include <memory>
#include <optional>
#include <utility>
#include <vector>

#include "../support/gl_needs.hpp"
#include "bench/bench_context.hpp"
#include "bench/measure.hpp"
#include "bench/methods/flow_method.hpp"
#include "bench/methods/upload_method.hpp"

namespace {

using namespace pmb::tool::bench;
using pmb::tool::ExitCode;
using pmb::tool::Outcome;

constexpr std::uint64_t kBytes = 4096;

enum class Fault { none, wrong_byte, stale };

/// Uploads its bytes, with a fault.
class FaultyUploader final : public Uploader {
 public:
  /// Every `every`-th put has wrong bytes.
  FaultyUploader(std::unique_ptr<Uploader> real, Fault fault, std::uint32_t every)
      : real_(std::move(real)), fault_(fault), every_(every) {}
  Outcome<BufferOffset> put(std::span<const std::byte> bytes, Content content) override {
    std::vector<std::byte> sent(bytes.begin(), bytes.end());
    if (fault_ == Fault::wrong_byte && ++puts_ % every_ == 0) sent[sent.size() / 2] ^= std::byte{1};
    if (fault_ == Fault::stale && first_.empty()) first_ = sent;
    return real_->put(fault_ == Fault::stale ? first_ : sent, content);
  }
  Outcome<void> end_frame() override { return real_->end_frame(); }
  Outcome<void> finish() override { return real_->finish(); }
  std::uint32_t copies(Content content) const noexcept override { return real_->copies(content); }

 private:
  std::unique_ptr<Uploader> real_;
  Fault fault_;
  std::uint32_t every_;
  std::uint32_t puts_ = 0;
  std::vector<std::byte> first_;
};

/// Reads the bytes back, with a fault.
class FaultyReader final : public Reader {
 public:
  FaultyReader(std::unique_ptr<Reader> real, Fault fault) : real_(std::move(real)), fault_(fault) {}
  Outcome<BufferOffset> target() override { return real_->target(); }
  Outcome<void> sent() override { return real_->sent(); }
  Outcome<void> pull(BufferOffset source) override { return real_->pull(source); }
  Outcome<std::span<const std::byte>> wait_oldest() override {
    auto bytes = real_->wait_oldest();
    if (!bytes) return bytes;
    if (seen_.empty() || fault_ != Fault::stale) seen_.assign(bytes->begin(), bytes->end());
    if (fault_ == Fault::wrong_byte) seen_.back() ^= std::byte{0x80};
    return seen_;
  }
  Outcome<void> release_oldest() override { return real_->release_oldest(); }
  void poison() override { real_->poison(); }
  std::uint32_t copies() const noexcept override { return real_->copies(); }

 private:
  std::unique_ptr<Reader> real_;
  Fault fault_;
  std::vector<std::byte> seen_;
};

class BenchVerification : public testing::Test {
 protected:
  void SetUp() override {
    auto bench = BenchContext::open({});
    if (!bench) PMB_SKIP(bench.error().message);
    bench_ = std::move(*bench);
  }

  std::unique_ptr<Uploader> uploader(Fault fault, const UploadShape& shape, std::uint32_t every = 1) {
    auto real = make_traditional_uploader(*bench_, TraditionalUpload::buffer_sub_data, shape, GL_STATIC_DRAW);
    EXPECT_TRUE(real);
    return std::make_unique<FaultyUploader>(std::move(*real), fault, every);
  }
  std::unique_ptr<Reader> reader(Fault fault, const ReadShape& shape) {
    auto real = make_traditional_reader(*bench_, TraditionalRead::pixel_buffer_map, shape);
    EXPECT_TRUE(real);
    return std::make_unique<FaultyReader>(std::move(*real), fault);
  }

  /// Verifies twice: stale bytes are right the first time.
  static ExitCode verdict(Method& method) {
    for (int i = 0; i < 2; ++i) {
      const auto right = method.verify();
      if (!right) return right.error().code;
    }
    return ExitCode::kSuccess;
  }
  static ExitCode expected(Fault fault) {
    return fault == Fault::none ? ExitCode::kSuccess : ExitCode::kMismatch;
  }

  FlowKernel transformation() {
    auto made = Transformation::create(*bench_);
    EXPECT_TRUE(made);
    const auto shared = std::make_shared<Transformation>(std::move(*made));
    return {.run = [shared](BufferOffset input, BufferOffset output) { shared->run(input, output, kBytes); },
            .expected = &Transformation::expected};
  }

  std::unique_ptr<BenchContext> bench_;
  const SharedSource source_ = std::make_shared<Source>(kBytes);
};

constexpr Fault kEveryFault[] = {Fault::none, Fault::wrong_byte, Fault::stale};

TEST_F(BenchVerification, FindsWrongAndStaleBytesInVram) {
  for (const Fault fault : kEveryFault) {
    const auto method = make_kept_method(*bench_, source_, 1, uploader(fault, {.piece_bytes = kBytes}));
    EXPECT_EQ(verdict(*method), expected(fault));
  }
}

TEST_F(BenchVerification, FindsWrongAndStaleBytesThatAShaderReads) {
  for (const Fault fault : kEveryFault) {
    auto method = make_consumed_method(*bench_, source_, uploader(fault, {.piece_bytes = kBytes}));
    ASSERT_TRUE(method);
    EXPECT_EQ(verdict(**method), expected(fault));
  }
}

TEST_F(BenchVerification, FindsOneWrongByteInOneOfManyUpdates) {
  const UpdateShape shape{.update_bytes = 256, .updates = 16};
  for (const Fault fault : kEveryFault) {
    const auto updates = std::make_shared<Source>(
        256 * 16, [](std::uint64_t seed, std::span<std::byte> bytes) { fill_updates(seed, 256, bytes); });
    auto method =
        make_update_method(*bench_, updates, shape, uploader(fault, {.piece_bytes = 256, .pieces = 16}, 11));
    ASSERT_TRUE(method);
    EXPECT_EQ(verdict(**method), expected(fault));
  }
}

TEST_F(BenchVerification, FindsWrongAndStaleBytesOfReaders) {
  const ReadShape shape{.result_bytes = kBytes};
  for (const Fault fault : kEveryFault) {
    auto pulled = make_download_method(*bench_, source_, 1, shape, reader(fault, shape));
    ASSERT_TRUE(pulled);
    EXPECT_EQ(verdict(**pulled), expected(fault));
    auto produced = make_produced_method(*bench_, 1, shape, reader(fault, shape));
    ASSERT_TRUE(produced);
    EXPECT_EQ(verdict(**produced), expected(fault));
  }
}

TEST_F(BenchVerification, FindsWrongAndStaleBytesInBothDirectionsOfAStream) {
  const FlowShape shape{.output_bytes = kBytes, .frames = 4, .depth = 2};
  for (const Fault up : kEveryFault) {
    for (const Fault down : kEveryFault) {
      const auto method = make_flow_method(source_, shape, transformation(),
                                           uploader(up, {.piece_bytes = kBytes, .frames = 2}),
                                           reader(down, {.result_bytes = kBytes, .depth = 2}));
      const bool right = up == Fault::none && down == Fault::none;
      EXPECT_EQ(verdict(*method), right ? ExitCode::kSuccess : ExitCode::kMismatch);
    }
  }
}

TEST_F(BenchVerification, AMethodWithWrongBytesHasNoFiguresAndTheOthersHave) {
  Case work{.scenario = "test", .size_bytes = kBytes, .moved_bytes = kBytes};
  for (const Fault fault : {Fault::wrong_byte, Fault::none}) {
    work.methods.push_back({fault == Fault::none ? "right" : "wrong", MethodKind::traditional,
                            [this, fault]() -> Outcome<std::unique_ptr<Method>> {
                              return make_kept_method(*bench_, source_, 1,
                                                      uploader(fault, {.piece_bytes = kBytes}));
                            }});
  }
  const CaseResult result = measure(*bench_, std::move(work), {.seconds = 0, .least_turns = 2});
  ASSERT_EQ(result.methods.size(), 2u);
  ASSERT_TRUE(result.methods[0].failure);
  EXPECT_EQ(result.methods[0].failure->code, ExitCode::kMismatch);
  EXPECT_FALSE(result.methods[0].verified);
  EXPECT_EQ(result.methods[0].wall.samples, 0u);
  EXPECT_FALSE(result.methods[0].vs_traditional);
  EXPECT_FALSE(result.methods[1].failure);
  EXPECT_TRUE(result.methods[1].verified);
  EXPECT_EQ(result.methods[1].wall.samples, 2u);
  EXPECT_GT(result.methods[1].wall.median, 0);
  EXPECT_EQ(exit_code_of({result}), ExitCode::kMismatch);
}

TEST_F(BenchVerification, AMethodWithoutTurnsIsNotReported) {
  bool stopped = false;
  Case work{.scenario = "test", .size_bytes = kBytes, .moved_bytes = kBytes};
  for (const bool last : {false, true}) {
    work.methods.push_back({"way", MethodKind::traditional, [&, last]() -> Outcome<std::unique_ptr<Method>> {
                              stopped = last;
                              return make_kept_method(*bench_, source_, 1,
                                                      uploader(Fault::none, {.piece_bytes = kBytes}));
                            }});
  }
  const CaseResult result =
      measure(*bench_, std::move(work), {.seconds = 0, .stopped = [&] { return stopped; }});
  EXPECT_TRUE(result.methods.empty());
}

TEST_F(BenchVerification, FencesAreCountedPerOperation) {
  Case work{.scenario = "test", .size_bytes = kBytes, .operations = 4, .moved_bytes = kBytes};
  work.methods.push_back(
      {"unsynchronized", MethodKind::traditional, [this]() -> Outcome<std::unique_ptr<Method>> {
         auto real = make_traditional_uploader(*bench_, TraditionalUpload::map_unsynchronized,
                                               {.piece_bytes = kBytes, .frames = 3}, GL_STATIC_DRAW);
         if (!real) return pmb::tool::pass_on(real);
         return make_kept_method(*bench_, source_, 4, std::move(*real));
       }});
  const CaseResult result = measure(*bench_, std::move(work), {.seconds = 0, .least_turns = 1});
  EXPECT_EQ(result.methods.at(0).fences, 1);
  EXPECT_EQ(result.methods.at(0).cpu_bytes_copied, kBytes);
}

}  // namespace
