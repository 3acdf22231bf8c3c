// SPDX-License-Identifier: MIT
#include "tune/transfer_trial.hpp"

#include <algorithm>
#include <cstring>
#include <pmb/tune/measure.hpp>

#include "gl/buffer_calls.hpp"

namespace pmb::detail {
namespace {

constexpr auto kHere = std::source_location::current();

class TransferTrial final : public Trial {
 public:
  TransferTrial(TestTransfers& shared, bool up, const TransferDirection& direction, std::uint32_t buffer)
      : shared_(shared), up_(up), direction_(direction), buffer_(buffer) {}

  Result<double> run(std::uint32_t count) override {
    Context& context = shared_.context();
    TransferPlan& plan = ContextState::of(context).plans.transfers;
    (up_ ? plan.up : plan.down) = direction_;
    const double start = tune::now_ns();
    for (std::uint32_t i = 0; i < count; ++i) {
      auto done = up_ ? upload(context, buffer_, 0, shared_.bytes())
                      : download(context, buffer_, 0, shared_.result());
      if (!done) return pass_on(done);
    }
    if (up_) {
      if (auto finished = finish(context); !finished) return pass_on(finished);
    }
    return tune::now_ns() - start;
  }

  Result<bool> verify() override {
    if (up_) {
      if (auto read = shared_.read(buffer_); !read) return pass_on(read);
    }
    return std::ranges::equal(shared_.bytes(), shared_.result());
  }

 private:
  TestTransfers& shared_;
  const bool up_;
  const TransferDirection direction_;
  const std::uint32_t buffer_;
};

}  // namespace

TestBuffer::TestBuffer(const ContextState& state) noexcept
    : state_(state), name_(BufferCalls(state.gl).create()) {}

TestBuffer::~TestBuffer() {
  if (state_.is_current() && !state_.lost) state_.gl.DeleteBuffers(1, &name_);
}

Result<void> TestBuffer::allocate(std::uint64_t size_bytes, std::optional<std::uint32_t> storage_flags) {
  const BufferCalls calls(state_.gl);
  if (storage_flags) {
    calls.storage(name_, size_bytes, *storage_flags);
  } else {
    calls.data(name_, size_bytes, GL_DYNAMIC_DRAW);
  }
  const GLenum error = state_.gl.GetError();
  if (error == GL_NO_ERROR && calls.parameter(name_, GL_BUFFER_SIZE) == calls.reported(size_bytes)) return {};
  return fail(ErrorId::storage_failed, kHere,
              {.numbers = {size_bytes},
               .gl_call = storage_flags ? calls.storage_call() : calls.data_call(),
               .gl_error = error});
}

Result<void> TestTransfers::open() {
  for (std::optional<Context>* context : {&context_, &checker_}) {
    auto made = state_.clone_for_same_gl(kHere);
    if (!made) return pass_on(made);
    *context = std::move(*made);
  }
  // The check must not use the transfers that it checks: it has a fixed plan and a ring apart.
  TransferPlan plan;
  if (!state_.gl.limits.buffer_storage) plan.up.steps[0].path = plan.down.steps[0].path = Path::traditional;
  ContextState::of(*checker_).plans.transfers = plan;
  return {};
}

void TestTransfers::resize(std::uint64_t size_bytes) {
  if (size_bytes == bytes_.size()) return;
  for (auto& buffer : buffers_) buffer.reset();
  bytes_.resize(size_bytes);
  result_.resize(size_bytes);
}

Result<std::uint32_t> TestTransfers::buffer(bool up, bool raw_call) {
  std::optional<TestBuffer>& buffer = buffers_[(up ? 2 : 0) + (raw_call ? 1 : 0)];
  if (!buffer) {
    buffer.emplace(state_);
    if (auto allocated = buffer->allocate(bytes_.size(), std::nullopt); !allocated) {
      buffer.reset();
      return pass_on(allocated);
    }
  }
  return buffer->name();
}

void TestTransfers::renew_bytes() noexcept {
  // Incompressible: a linear congruential generator.
  std::uint64_t state = ++generation_ * 0x9E3779B97F4A7C15U;
  for (std::size_t at = 0; at < bytes_.size(); at += sizeof state) {
    state = state * 6364136223846793005U + 1442695040888963407U;
    const std::uint64_t mixed = state ^ (state >> 29U);
    std::memcpy(bytes_.data() + at, &mixed, std::min(sizeof mixed, bytes_.size() - at));
  }
  std::ranges::fill(result_, std::byte{0xFF});
}

Result<void> finish(Context& context) {
  auto ticket = context.timeline().mark();
  if (!ticket) return pass_on(ticket);
  return ticket->wait(context.options().timeout);
}

Result<std::unique_ptr<Trial>> make_transfer_trial(TestTransfers& shared, bool up,
                                                   const TransferDirection& direction) {
  const auto buffer = shared.buffer(up, direction.steps.front().path == Path::traditional);
  if (!buffer) return pass_on(buffer);
  shared.renew_bytes();
  if (!up) {
    if (auto written = shared.write(*buffer); !written) return pass_on(written);
  }
  return std::make_unique<TransferTrial>(shared, up, direction, *buffer);
}

}  // namespace pmb::detail
