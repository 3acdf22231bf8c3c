// SPDX-License-Identifier: MIT
// The strict fake GL as a driver for the checks of `pmb verify`.
#pragma once

#include <cstring>
#include <memory>
#include <optional>
#include <stdexcept>
#include <utility>
#include <vector>

#include "fake_gl.hpp"
#include "verify/shaders.hpp"
#include "verify/surroundings.hpp"

namespace verify_test {

using strict_gl::FakeConfig;
using strict_gl::FakeGl;
using strict_gl::Lie;
using namespace pmb::tool::verify;

/// Every draw is a simulated read or write of the fake.
class FakeShaders : public Shaders {
 public:
  bool can_read(Reader) const override { return true; }
  bool can_store() const override { return true; }
  void start_reads() override { reads_.clear(); }
  void read(Reader, GLuint buffer, std::uint64_t offset, std::chrono::milliseconds) override {
    reads_.push_back(
        FakeGl::current_fake()->shader_read(buffer, static_cast<std::int64_t>(offset), kBlockBytes));
  }
  std::vector<Words> results() override {
    std::vector<Words> words(reads_.size());
    for (std::size_t i = 0; i < words.size(); ++i)
      std::memcpy(words[i].data(), reads_[i]->bytes().data(), reads_[i]->bytes().size());
    return words;
  }
  void store(std::uint32_t number, GLuint buffer, std::uint64_t offset, std::chrono::milliseconds) override {
    const Words words = words_of(number);
    FakeGl::current_fake()->shader_write(buffer, static_cast<std::int64_t>(offset),
                                         std::as_bytes(std::span(words)));
  }

 private:
  std::vector<std::shared_ptr<strict_gl::GpuRead>> reads_;
};

class FakeOther : public OtherContext {
 public:
  FakeOther(const FakeConfig& config, FakeGl* share_with) : fake_(config, share_with) {
    fake_.make_current();
  }
  void make_current() override { fake_.make_current(); }

 private:
  FakeGl fake_;
};

class FakeDevice : public Surroundings {
 public:
  // Page protection does not stop a GPU that has its own addresses.
  explicit FakeDevice(const FakeConfig& config = {}, std::vector<std::string> disabled_quirks = {},
                      bool gpu_has_own_addresses = true)
      : fake_(with_addresses(config, gpu_has_own_addresses)) {
    fake_.make_current();
    const auto load = config.es ? &gladLoadGLES2ContextUserPtr : &gladLoadGLContextUserPtr;
    if (load(&gl_, &strict_gl::get_proc_address_user, nullptr) == 0)
      throw std::runtime_error("the fake's entry points cannot be loaded");
    if (config.es) gl_.BufferStorage = gl_.BufferStorageEXT;
    auto context = pmb::Context::from_current(
        &strict_gl::get_proc_address,
        {.disabled_quirks = std::move(disabled_quirks), .current_context = &FakeGl::current});
    if (!context) throw std::runtime_error(context.error().message());
    context_.emplace(std::move(*context));
  }

  Gpu gpu() { return {gl_, *context_, shaders_, *this}; }
  FakeGl& fake() { return fake_; }

  void make_current() override { fake_.make_current(); }
  std::unique_ptr<OtherContext> open_context(bool shares_objects) override {
    return std::make_unique<FakeOther>(fake_.config(), shares_objects ? &fake_ : nullptr);
  }
  // The fake compares the bytes of such a mapping with those before, one by one.
  std::uint64_t free_memory_bytes() const override {
    return fake_.config().lie == Lie::coherent_reads_are_late ? 0 : std::uint64_t{1} << 40U;
  }

 private:
  static FakeConfig with_addresses(FakeConfig config, bool gpu_has_own_addresses) {
    config.gpu_has_own_addresses = gpu_has_own_addresses;
    return config;
  }

  FakeGl fake_;
  GladGLContext gl_ = {};
  std::optional<pmb::Context> context_;
  FakeShaders shaders_;
};

}  // namespace verify_test
