// SPDX-License-Identifier: MIT
// The checks of `pmb verify` on the strict fake GL: a truthful driver has every property, and each lie is found.

#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <set>
#include <string>
#include <string_view>

#include "strict_gl_gtest.hpp"
#include "verify_fake.hpp"

namespace verify_test {
namespace {

using Names = std::set<std::string>;

std::vector<Finding> measure_all(const Gpu& gpu) {
  std::vector<Finding> findings;
  for (const Property& property : all_properties()) findings.push_back(measure(gpu, property));
  return findings;
}

Names names_with(const std::vector<Finding>& findings, Verdict verdict) {
  Names names;
  for (const Finding& finding : findings) {
    if (finding.verdict == verdict) names.insert(finding.name);
  }
  return names;
}

TEST(VerifyChecks, ATruthfulDriverHasEveryProperty) {
  FakeDevice device;
  for (const Finding& finding : measure_all(device.gpu()))
    EXPECT_EQ(finding.verdict, Verdict::pass) << finding.name << ": " << finding.evidence;
  strict_gl::expect_clean(device.fake());
  EXPECT_EQ(device.fake().live_syncs(), 0U);
  EXPECT_EQ(device.fake().live_buffers(), 0U);
  EXPECT_EQ(device.fake().live_framebuffers(), 0U);
}

TEST(VerifyChecks, OpenGlEsHasEveryPropertyThatApplies) {
  FakeDevice device({.major = 3, .minor = 2, .es = true, .extensions = {"GL_EXT_buffer_storage"}});
  const auto findings = measure_all(device.gpu());
  for (const Finding& finding : findings)
    EXPECT_NE(finding.verdict, Verdict::fail) << finding.name << ": " << finding.evidence;
  EXPECT_EQ(names_with(findings, Verdict::not_applicable),
            (Names{"map_alignment", "read_after_copy", "update_after_clear"}));
  strict_gl::expect_clean(device.fake());
}

TEST(VerifyChecks, WithoutBufferStorageNoPropertyOfMappingsApplies) {
  FakeDevice device({.major = 4, .minor = 3, .extensions = {"GL_KHR_debug"}});
  const auto findings = measure_all(device.gpu());
  for (const Finding& finding : findings)
    EXPECT_NE(finding.verdict, Verdict::fail) << finding.name << ": " << finding.evidence;
  const Names skipped = names_with(findings, Verdict::not_applicable);
  for (const char* name :
       {"coherent_to_copy", "flush_to_storage", "copy_to_barrier", "flags_echo", "size_2_gib"})
    EXPECT_TRUE(skipped.contains(name)) << name;
  for (const char* name : {"update_after_storage", "flushed_fence", "server_wait", "out_of_memory"})
    EXPECT_FALSE(skipped.contains(name)) << name;
  strict_gl::expect_clean(device.fake());
}

struct LieCase {
  Lie lie;
  const char* name;
  Names found;  ///< Every property that fails.
};

const LieCase kLies[] = {
    {Lie::polled_fence_signals_early, "PolledFenceSignalsEarly", {"fence_after_store", "fence_after_read"}},
    {Lie::polled_fence_never_signals,
     "PolledFenceNeverSignals",
     {"fence_after_store", "fence_after_read", "flushed_fence"}},
    {Lie::flush_bit_is_ignored, "FlushBitIsIgnored", {"waiting_flushes"}},
    {Lie::wait_outlives_its_bound, "WaitOutlivesItsBound", {"bounded_wait"}},
    {Lie::foreign_fence_signals_early, "ForeignFenceSignalsEarly", {"shared_writes"}},
    {Lie::server_wait_is_ignored, "ServerWaitIsIgnored", {"server_wait"}},
    {Lie::coherent_writes_are_late,
     "CoherentWritesAreLate",
     {"coherent_to_storage", "coherent_to_uniform", "coherent_to_vertex", "coherent_to_copy",
      "coherent_to_texels", "fence_after_read", "other_context", "shared_reads"}},
    {Lie::coherent_reads_are_late,
     "CoherentReadsAreLate",
     {"storage_to_coherent", "copy_to_coherent", "texels_to_coherent", "fence_after_store", "page_protection",
      "other_context", "shared_writes", "pixel_frames", "no_draw_framebuffer", "processes"}},
    {Lie::flush_is_lost,
     "FlushIsLost",
     {"flush_to_storage", "flush_to_uniform", "flush_to_vertex", "flush_to_copy", "flush_to_texels",
      "flush_offset"}},
    {Lie::flush_counts_from_buffer, "FlushCountsFromBuffer", {"flush_offset"}},
    {Lie::flush_leaves_shader_caches,
     "FlushLeavesShaderCaches",
     {"flush_to_storage", "flush_to_uniform", "flush_to_vertex"}},
    {Lie::update_leaves_shader_caches,
     "UpdateLeavesShaderCaches",
     {"update_to_storage", "update_to_uniform", "update_to_vertex"}},
    {Lie::barrier_is_ignored,
     "BarrierIsIgnored",
     {"storage_to_barrier", "copy_to_barrier", "texels_to_barrier"}},
    {Lie::update_overtakes,
     "UpdateOvertakes",
     {"update_after_storage", "update_after_uniform", "update_after_vertex", "update_after_copy_from",
      "update_after_copy", "update_after_clear"}},
    {Lie::read_overtakes, "ReadOvertakes", {"read_after_copy"}},
    {Lie::new_store_is_the_old_one,
     "NewStoreIsTheOldOne",
     {"new_store_after_storage", "new_store_after_uniform", "update_after_storage", "update_after_uniform",
      "update_after_vertex", "update_after_copy_from", "update_after_copy", "update_after_clear"}},
    {Lie::pointer_is_aligned_to_16, "PointerIsAlignedTo16", {"map_alignment"}},
    {Lie::access_flags_lack_coherent, "AccessFlagsLackCoherent", {"flags_echo"}},
    {Lie::size_has_32_bits, "SizeHas32Bits", {"size_2_gib", "size_4_gib"}},
    {Lie::memory_stays_exhausted, "MemoryStaysExhausted", {"out_of_memory"}},
    {Lie::mapping_dies_with_its_context, "MappingDiesWithItsContext", {"other_context", "shared_reads"}},
    {Lie::pixels_need_draw_framebuffer, "PixelsNeedDrawFramebuffer", {"no_draw_framebuffer"}},
    {Lie::frames_end_after_64_kib,
     "FramesEndAfter64Kib",
     {"pixel_frames", "no_draw_framebuffer", "processes"}},
    {Lie::page_protection_is_lifted, "PageProtectionIsLifted", {"page_protection"}},
};

class VerifyLies : public testing::TestWithParam<LieCase> {};

TEST_P(VerifyLies, AreFoundByTheRightProperties) {
  FakeDevice device({.lie = GetParam().lie});
  Gpu gpu = device.gpu();
  // The only lie that makes a check wait for ever.
  if (GetParam().lie == Lie::polled_fence_never_signals) gpu.patience = std::chrono::milliseconds(50);
  const auto findings = measure_all(gpu);
  EXPECT_EQ(names_with(findings, Verdict::fail), GetParam().found);
  for (const Finding& finding : findings) EXPECT_FALSE(finding.evidence.empty()) << finding.name;
}

INSTANTIATE_TEST_SUITE_P(Each, VerifyLies, testing::ValuesIn(kLies),
                         [](const testing::TestParamInfo<LieCase>& told) { return told.param.name; });

bool is_of_visibility(std::string_view name) {
  return name.starts_with("coherent_to_") || name.starts_with("flush_to_") ||
         name.ends_with("_to_coherent") || name.ends_with("_to_barrier");
}

// A lie about visibility spoils checks of every subject: only one that spares visibility shows that the others can fail.
TEST(VerifyChecks, EachPropertyHasALie) {
  Names missing;
  for (const Property& property : all_properties()) missing.insert(property.name);
  for (const auto& [lie, name, found] : kLies) {
    const bool spares_visibility = std::ranges::none_of(found, is_of_visibility);
    for (const std::string& property : found) {
      if (spares_visibility || is_of_visibility(property)) missing.erase(property);
    }
  }
  EXPECT_EQ(missing, Names());
}

const Property& property_named(const std::string& name) {
  for (const Property& property : all_properties()) {
    if (property.name == name) return property;
  }
  throw std::out_of_range(name);
}

const FakeConfig kNvidia = {.vendor = "NVIDIA Corporation",
                            .renderer = "NVIDIA H200/PCIe/SSE2",
                            .version_suffix = "NVIDIA 580.159.04",
                            .lie = Lie::flush_leaves_shader_caches};

TEST(VerifyQuirks, AQuirkInForceThatHelpsAvoidsTheLack) {
  FakeDevice device(kNvidia);
  for (const char* name : {"flush_to_storage", "flush_to_uniform", "flush_to_vertex"}) {
    const Finding finding = measure(device.gpu(), property_named(name));
    EXPECT_EQ(finding.verdict, Verdict::avoided) << name;
    EXPECT_NE(finding.evidence.find("nvidia_flush_barrier"), std::string::npos) << finding.evidence;
  }
}

TEST(VerifyQuirks, ADisabledQuirkAvoidsNothing) {
  FakeDevice device(kNvidia, {"nvidia_flush_barrier"});
  const Finding finding = measure(device.gpu(), property_named("flush_to_storage"));
  EXPECT_EQ(finding.verdict, Verdict::fail);
  EXPECT_NE(finding.evidence.find("disabled"), std::string::npos) << finding.evidence;
}

TEST(VerifyQuirks, AQuirkThatDoesNotHelpIsAFailure) {
  FakeConfig config = kNvidia;
  config.lie = Lie::flush_is_lost;
  FakeDevice device(config);
  const Finding finding = measure(device.gpu(), property_named("flush_to_storage"));
  EXPECT_EQ(finding.verdict, Verdict::fail);
  EXPECT_NE(finding.evidence.find("does not help"), std::string::npos) << finding.evidence;
}

TEST(VerifyQuirks, UpdatesByCopiesAvoidUpdatesThatOvertake) {
  FakeConfig config = kNvidia;
  config.lie = Lie::update_overtakes;
  FakeDevice device(config);
  for (const char* name : {"update_after_copy", "update_after_clear"})
    EXPECT_EQ(measure(device.gpu(), property_named(name)).verdict, Verdict::avoided) << name;
}

TEST(VerifyChecks, AnErrorThatACheckLeavesBehindFailsIt) {
  const Property leaves = {"leaves", "", [](const Gpu& gpu) {
                             gpu.gl.BindBuffer(GL_RGBA, 0);
                             return std::string("all is well");
                           }};
  FakeDevice device;
  EXPECT_EQ(measure(device.gpu(), leaves).verdict, Verdict::fail);
  EXPECT_EQ(device.fake().pending_error(), static_cast<GLenum>(GL_NO_ERROR));
}

TEST(VerifyChecks, EveryQuirkOfTheTableExists) {
  FakeDevice device;
  Names quirks;
  for (const pmb::Quirk& quirk : device.gpu().context.quirks()) quirks.insert(quirk.id);
  for (const Property& property : all_properties()) {
    EXPECT_EQ(property.quirk == nullptr, property.under_quirk == nullptr) << property.name;
    EXPECT_TRUE(property.quirk == nullptr || quirks.contains(property.quirk)) << property.name;
  }
}

}  // namespace
}  // namespace verify_test
