// SPDX-License-Identifier: MIT
// Plans: the order of the rules, and flags that are legal on every driver.
#include <gtest/gtest.h>

#include <algorithm>
#include <cstring>

#include "plan/plan_rules.hpp"
#include "pmb_fixture.hpp"

namespace {

using namespace pmb_test;
using pmb::Path;
using pmb::Placement;
using pmb::Plan;
using pmb::detail::choose;
using pmb::detail::choose_client_storage;
using pmb::detail::DriverTraits;
using pmb::detail::PlanRequest;

constexpr DriverTraits kModern{.buffer_storage = true, .memory_barrier = true};

Plan chosen(const PlanRequest& request, const DriverTraits& driver = kModern, Placement placement = {}) {
  Plan plan;
  EXPECT_TRUE(choose(request, driver, placement, plan));
  return plan;
}

TEST(PlanRules, ForcedPrecedesMeasuredAndMeasuredPrecedesDefault) {
  EXPECT_EQ(chosen({}).model, Model::coherent);
  EXPECT_EQ(chosen({.gpu_reads = 8}).path, Path::staged);
  EXPECT_EQ(chosen({.gpu_reads = 8}, kModern, Placement::gpu_memory).path, Path::direct);
  const PlanRequest forced{.gpu_reads = 8, .model = Model::explicit_flush, .path = Path::staged};
  EXPECT_EQ(chosen(forced, kModern, Placement::gpu_memory).model, Model::explicit_flush);
  EXPECT_EQ(chosen(forced, kModern, Placement::gpu_memory).path, Path::staged);
}

TEST(PlanRules, MeasuredClientStoragePrecedesQuirks) {
  DriverTraits driver = kModern;
  driver.client_writes = true;
  Plan plan = chosen({}, driver);
  EXPECT_TRUE(choose_client_storage(driver, {}, plan));
  EXPECT_FALSE(choose_client_storage(driver, {.client_storage = false}, plan));
  plan.access = Access::read;
  EXPECT_FALSE(choose_client_storage(driver, {}, plan)) << "a quirk of uploads";
  EXPECT_TRUE(choose_client_storage(driver, {.client_storage = true}, plan));
}

TEST(PlanRules, NoMeasurementOverridesAMissingFeature) {
  EXPECT_EQ(chosen({}, {}, Placement::gpu_memory).path, Path::traditional);
  EXPECT_EQ(chosen({}, {}, Placement::plain).path, Path::traditional);
}

TEST(PlanRules, UploadBuffersInVramAreNotStaged) {
  constexpr Placement kNear = Placement::gpu_memory;
  EXPECT_EQ(chosen({.gpu_reads = 8}, kModern, kNear).path, Path::direct);
  EXPECT_EQ(chosen({.access = Access::read, .gpu_reads = 8}, kModern, kNear).path, Path::staged);
  EXPECT_EQ(chosen({.gpu_reads = 8}, kModern, Placement::plain).path, Path::direct);
}

TEST(PlanRules, BytesReadManyTimesAreStagedWhereMemoryIsNotShared) {
  EXPECT_EQ(chosen({.gpu_reads = 8}).path, Path::staged);
  EXPECT_EQ(chosen({.gpu_reads = 8}, {.software = true, .buffer_storage = true}).path, Path::direct);
  EXPECT_EQ(chosen({.gpu_reads = 8}, {.unified_memory = true, .buffer_storage = true}).path, Path::direct);
}

TEST(PlanRules, WithoutBufferStorageOnlyTheTraditionalPathWorks) {
  EXPECT_EQ(chosen({}, {}).path, Path::traditional);
  Plan plan;
  EXPECT_FALSE(choose({.path = Path::direct}, {}, {}, plan));
}

TEST(PlanRules, ReadableMappingsThatAreNotCoherentNeedTheBarrier) {
  const DriverTraits old{.buffer_storage = true};
  Plan plan;
  EXPECT_FALSE(choose({.access = Access::read, .model = Model::explicit_flush}, old, {}, plan));
  EXPECT_TRUE(choose({.access = Access::read, .model = Model::coherent}, old, {}, plan));
  EXPECT_TRUE(choose({.access = Access::sequential_write, .model = Model::explicit_flush}, old, {}, plan));
}

TEST(PlanRules, EveryChoiceHasAReason) {
  EXPECT_NE(chosen({}).reasons[0], nullptr);
  EXPECT_NE(chosen({}).reasons[1], nullptr);
  Plan plan;
  for (int i = 0; i < 10; ++i) pmb::detail::add_reason(plan, "reason");
  EXPECT_EQ(std::count(plan.reasons.begin(), plan.reasons.end(), nullptr), 0);
}

struct DriverCase {
  const char* name;
  const char* vendor;
  const char* renderer;
  const char* version_suffix;
};

std::string driver_name(const testing::TestParamInfo<DriverCase>& info) {
  return info.param.name;
}

class PlanOnDriver : public PmbTest, public testing::WithParamInterface<DriverCase> {};

// For every driver that has a quirk.
TEST_P(PlanOnDriver, EveryPlanHasLegalFlags) {
  FakeConfig config;
  config.vendor = GetParam().vendor;
  config.renderer = GetParam().renderer;
  config.version_suffix = GetParam().version_suffix;
  for (const Model model : {Model::coherent, Model::explicit_flush}) {
    start(config, {.model = model});
    for (const Access access : {Access::sequential_write, Access::read, Access::bidirectional}) {
      for (const std::uint32_t reads : {1U, 8U}) {
        const Plan plan = take(context_->plan(access, 4096, reads));
        SCOPED_TRACE(plan.describe());
        const bool writes = (plan.map_flags & GL_MAP_WRITE_BIT) != 0;
        const bool coherent = (plan.map_flags & GL_MAP_COHERENT_BIT) != 0;
        const bool flushes = (plan.map_flags & GL_MAP_FLUSH_EXPLICIT_BIT) != 0;
        EXPECT_NE(plan.map_flags & GL_MAP_PERSISTENT_BIT, 0U);
        EXPECT_EQ(writes, access != Access::read);
        EXPECT_EQ((plan.map_flags & GL_MAP_READ_BIT) != 0, access != Access::sequential_write);
        EXPECT_EQ(coherent, model == Model::coherent);
        EXPECT_EQ(flushes, writes && model == Model::explicit_flush) << "writes could not be published";
        EXPECT_EQ(plan.storage_flags & GL_MAP_FLUSH_EXPLICIT_BIT, 0U) << "a flag of the mapping only";
        EXPECT_EQ(plan.map_flags & ~plan.storage_flags & ~static_cast<GLbitfield>(GL_MAP_FLUSH_EXPLICIT_BIT),
                  0U);
        EXPECT_EQ(plan.map_flags & (GL_MAP_INVALIDATE_RANGE_BIT | GL_MAP_INVALIDATE_BUFFER_BIT |
                                    GL_MAP_UNSYNCHRONIZED_BIT),
                  0U);
        const auto buffer = take(
            pmb::MappedBuffer::create(*context_, {.size_bytes = 4096, .access = access, .model = model}));
        EXPECT_EQ(buffer.plan().map_flags, plan.map_flags);
      }
    }
  }
}

INSTANTIATE_TEST_SUITE_P(
    Drivers, PlanOnDriver,
    testing::Values(DriverCase{"Unknown", "strict fake", "strict fake GL", "1.0"},
                    DriverCase{"Nvidia", "NVIDIA Corporation", "NVIDIA H200", "NVIDIA 580.159.03"},
                    DriverCase{"Radeonsi", "AMD", "AMD Radeon RX 6600", "Mesa 23.1.0"},
                    DriverCase{"Intel", "Intel", "Mesa Intel(R) UHD", "Mesa 22.3.6"},
                    DriverCase{"Llvmpipe", "Mesa/X.org", "llvmpipe (LLVM 15)", "Mesa 22.3.6"}),
    driver_name);

class PlanQuirks : public PmbTest {};

TEST_F(PlanQuirks, AskForClientStorageOnlyWhereTheyApply) {
  FakeConfig config;
  config.vendor = "AMD";
  config.renderer = "AMD Radeon RX 6600";
  config.version_suffix = "Mesa 23.1.0";
  start(config);
  EXPECT_NE(take(context_->plan(Access::sequential_write, 64)).storage_flags & GL_CLIENT_STORAGE_BIT, 0U);
  EXPECT_EQ(take(context_->plan(Access::read, 64)).storage_flags & GL_CLIENT_STORAGE_BIT, 0U);
  start(config, {.disabled_quirks = {"radeonsi_client_storage"}});
  EXPECT_EQ(take(context_->plan(Access::sequential_write, 64)).storage_flags & GL_CLIENT_STORAGE_BIT, 0U);
  config.vendor = "NVIDIA Corporation";
  config.renderer = "NVIDIA H200";
  config.version_suffix = "NVIDIA 580.159.03";
  start(config);
  EXPECT_NE(take(context_->plan(Access::sequential_write, 64)).storage_flags & GL_CLIENT_STORAGE_BIT, 0U);
  EXPECT_NE(take(context_->plan(Access::read, 64)).storage_flags & GL_CLIENT_STORAGE_BIT, 0U);
  EXPECT_EQ(take(context_->plan(Access::bidirectional, 64)).storage_flags & GL_CLIENT_STORAGE_BIT, 0U);
  EXPECT_EQ(context_->driver().kind, "nvidia");
  EXPECT_EQ(context_->driver().release[0], 580);
  EXPECT_EQ(context_->driver().release[1], 159);
}

TEST_F(PlanQuirks, ASoftwareRendererAlwaysUsesMappedMemory) {
  FakeConfig config;
  config.renderer = "llvmpipe (LLVM 15.0.6, 256 bits)";
  start(config);
  EXPECT_TRUE(context_->driver().software);
  EXPECT_EQ(take(context_->plan(Access::sequential_write, 64, 8)).path, Path::direct);
}

TEST_F(PlanQuirks, APlanForNothingIsRefused) {
  start();
  EXPECT_EQ(id_of(context_->plan(Access::sequential_write, 0)), ErrorId::zero_size);
}

TEST_F(PlanQuirks, TheContextsModelIsForcedOnEveryBuffer) {
  start({}, {.model = Model::explicit_flush});
  EXPECT_EQ(take(context_->plan(Access::sequential_write, 64)).model, Model::explicit_flush);
  const auto own = take(pmb::MappedBuffer::create(*context_, {.size_bytes = 64, .model = Model::coherent}));
  EXPECT_EQ(own.plan().model, Model::coherent);
}

TEST_F(PlanQuirks, TheContextsPathIsForcedOnMappedBuffersTooWhereItIsMapped) {
  start({}, {.path = pmb::Path::staged});
  EXPECT_EQ(take(pmb::MappedBuffer::create(*context_, {.size_bytes = 64})).plan().path, pmb::Path::staged);
  start({}, {.path = pmb::Path::traditional});
  EXPECT_EQ(take(pmb::MappedBuffer::create(*context_, {.size_bytes = 64})).plan().path, pmb::Path::direct);
}

TEST_F(PlanQuirks, ADescriptionCountsTheReadsOfTheGpu) {
  start();
  const auto describe = [&](std::uint32_t gpu_reads) {
    return take(context_->plan(Access::sequential_write, 64, gpu_reads)).describe();
  };
  EXPECT_NE(describe(1).find("touched 1 time by"), std::string::npos) << describe(1);
  EXPECT_NE(describe(2).find("touched 2 times by"), std::string::npos) << describe(2);
}

TEST(FlagNames, NameEveryKnownBitAndShowTheRest) {
  EXPECT_EQ(pmb::flag_names(0), "none");
  EXPECT_EQ(pmb::flag_names(GL_MAP_WRITE_BIT | GL_MAP_PERSISTENT_BIT), "MAP_WRITE | MAP_PERSISTENT");
  EXPECT_NE(pmb::flag_names(GL_MAP_READ_BIT | 0x10000).find("0x10000"), std::string::npos);
}

}  // namespace
