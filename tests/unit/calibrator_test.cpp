// SPDX-License-Identifier: MIT
// Calibration on simulated devices: from costs to a profile, through its file, to the plans of a context on a driver of
// that device's name. Also the plans of the same contexts without a profile.
#include "tune/calibrator.hpp"

#include <filesystem>

#include "pmb_fixture.hpp"
#include "simulated_device.hpp"
#include "support/test_folder.hpp"

namespace {

using namespace pmb_test;
using pmb::CalibrateOptions;
using pmb::Calibration;
using pmb::Path;
using pmb::Placement;
using pmb::Plan;
using pmb::detail::calibrate_device;
using pmb::detail::ContextState;
using pmb::detail::DeviceFacts;

constexpr std::uint64_t kMiB = 1 << 20;

class CalibratorTest : public PmbTest {
 protected:
  /// A context of that driver without a profile.
  void start_on(const SimulatedDriver& driver, pmb::Options options = {}) {
    driver_ = driver;
    start(driver.config(), std::move(options));
  }

  DeviceFacts facts() {
    DeviceFacts facts = pmb::detail::facts_of(ContextState::of(*context_));
    facts.threads = 8;
    facts.largest_bytes = 256 * kMiB;
    return facts;
  }

  /// Measures the simulated device and starts a context that loads the profile from its file.
  void calibrate(pmb::Options options = {}, const CalibrateOptions& wanted = {}) {
    SimulatedDevice device(driver_);
    const DeviceFacts known = facts();
    measured_ = take(calibrate_device(device, known, wanted));
    EXPECT_LE(device.now(), static_cast<double>(wanted.budget.count()) * 1.02) << "at most one run late";
    measured_.profile.key = pmb::profile_key(*context_);
    const std::string file = (folder_ / pmb::Profile::file_name(measured_.profile.key)).string();
    take(measured_.profile.save(file));
    options.profile = folder_.string();
    start(driver_.config(), std::move(options));
    ASSERT_NE(context_->profile(), nullptr) << context_->profile_error().message();
    EXPECT_EQ(pmb::profile_file(*context_), file);
  }

  Placement placement(Access access, bool client) const {
    return measured_.profile.mapping(access, client).placement;
  }
  Plan plan(Access access, std::uint64_t size, std::uint32_t gpu_reads = 1) {
    return take(context_->plan(access, size, gpu_reads));
  }
  bool client(const Plan& plan) const { return (plan.storage_flags & GL_CLIENT_STORAGE_BIT) != 0; }
  Path up(std::uint64_t size) const { return context_->transfer_plan().up.step_for(size).path; }
  Path down(std::uint64_t size) const { return context_->transfer_plan().down.step_for(size).path; }

  test_support::TestFolder own_folder_;
  const std::filesystem::path& folder_ = own_folder_.path();
  SimulatedDriver driver_;
  Calibration measured_;
};

TEST_F(CalibratorTest, UploadsIntoAResizableBarNeedNoStaging) {
  const pmb::Options options{.disabled_quirks = {"radeonsi_client_storage"}};
  start_on(radeonsi(kAperture), options);
  EXPECT_EQ(plan(Access::sequential_write, kMiB, 8).path, Path::staged);
  calibrate(options);
  EXPECT_TRUE(measured_.complete);
  EXPECT_EQ(placement(Access::sequential_write, false), Placement::gpu_memory);
  EXPECT_EQ(placement(Access::sequential_write, true), Placement::write_combined);
  EXPECT_EQ(placement(Access::read, false), Placement::cached);
  for (const std::uint32_t reads : {1U, 8U}) {
    const Plan found = plan(Access::sequential_write, 16 * kMiB, reads);
    EXPECT_EQ(found.path, Path::direct);
    EXPECT_FALSE(client(found)) << "in VRAM";
  }
  EXPECT_EQ(plan(Access::read, 16 * kMiB).path, Path::direct);
}

class CalibratedRadeonsi : public CalibratorTest, public testing::WithParamInterface<SimulatedMemory> {};
INSTANTIATE_TEST_SUITE_P(FastSlowAndSmallBars, CalibratedRadeonsi,
                         testing::Values(kAperture, kSlowAperture, kSmallAperture));

TEST_P(CalibratedRadeonsi, BytesThatTheGpuReadsOftenAreStagedThroughSystemMemory) {
  start_on(radeonsi(GetParam()));
  for (const bool measured : {false, true}) {
    if (measured) calibrate();
    const Plan once = plan(Access::sequential_write, 16 * kMiB);
    EXPECT_EQ(once.path, Path::direct);
    EXPECT_TRUE(client(once)) << "never in memory that the CPU writes slowly";
    const Plan often = plan(Access::sequential_write, 16 * kMiB, 8);
    EXPECT_EQ(often.path, Path::staged);
    EXPECT_TRUE(client(often));
  }
  EXPECT_EQ(placement(Access::sequential_write, false), Placement::gpu_memory);
}

TEST_F(CalibratorTest, AmdOnWindowsReadsBackWithoutClientStorage) {
  start_on(amd_windows());
  EXPECT_FALSE(client(plan(Access::read, kMiB)));
  calibrate();
  EXPECT_EQ(placement(Access::read, false), Placement::cached);
  EXPECT_EQ(placement(Access::read, true), Placement::write_combined);
  EXPECT_FALSE(client(plan(Access::read, 16 * kMiB)));
  EXPECT_FALSE(client(plan(Access::bidirectional, 16 * kMiB)));
  EXPECT_EQ(plan(Access::sequential_write, 16 * kMiB).path, Path::direct);
  EXPECT_EQ(plan(Access::sequential_write, 16 * kMiB, 8).path, Path::staged);
  EXPECT_FALSE(context_->transfer_plan().down.slow_reads);
}

class CalibratedIntel : public CalibratorTest, public testing::WithParamInterface<SimulatedDriver (*)()> {};
INSTANTIATE_TEST_SUITE_P(BothSystems, CalibratedIntel, testing::Values(&intel_windows, &intel_mesa));

TEST_P(CalibratedIntel, SharedMemoryIsNeverStaged) {
  start_on(GetParam()());
  for (const bool measured : {false, true}) {
    if (measured) calibrate();
    EXPECT_EQ(plan(Access::sequential_write, 16 * kMiB).path, Path::direct);
    EXPECT_EQ(plan(Access::sequential_write, 16 * kMiB, 8).path, Path::direct);
    EXPECT_EQ(plan(Access::read, 16 * kMiB, 8).path, Path::direct);
  }
  for (const Access access : {Access::sequential_write, Access::read, Access::bidirectional}) {
    EXPECT_EQ(placement(access, false), Placement::cached);
    EXPECT_EQ(placement(access, true), Placement::cached);
  }
}

TEST_F(CalibratorTest, NvidiaReadsBackFromSystemMemoryAndNeverByTheRawGlCall) {
  start_on(nvidia());
  EXPECT_TRUE(client(plan(Access::read, kMiB)));
  calibrate();
  EXPECT_EQ(placement(Access::read, false), Placement::gpu_memory);
  EXPECT_EQ(placement(Access::read, true), Placement::cached);
  EXPECT_TRUE(client(plan(Access::read, 16 * kMiB)));
  EXPECT_TRUE(client(plan(Access::bidirectional, 16 * kMiB))) << "by measurement; no quirk covers it";
  EXPECT_EQ(plan(Access::sequential_write, 16 * kMiB).path, Path::direct);
  EXPECT_EQ(plan(Access::sequential_write, 16 * kMiB, 8).path, Path::staged);
  for (std::uint64_t size = 64; size <= 256 * kMiB; size *= 2) {
    // Smaller transfers use the raw GL calls on buffers that are promised to allow them.
    if (size > 64 * 1024) {
      EXPECT_EQ(up(size), Path::staged) << size;
    }
    if (size > 16 * 1024) {
      EXPECT_EQ(down(size), Path::staged) << size;
    }
  }
  EXPECT_GE(context_->transfer_plan().down.step_for(64 * kMiB).threads, 1U);
}

TEST_F(CalibratorTest, FindsTheSizeFromWhichRingsPay) {
  SimulatedDriver driver = nvidia();
  driver.vendor = "strict fake";
  driver.renderer = "strict fake GL";
  driver.version = "strict fake 1.0";
  start_on(driver);
  calibrate();
  // 1000 + 0.15 n against 7000 + 0.11 n: 150 KB.
  EXPECT_EQ(up(16 << 10), Path::traditional);
  EXPECT_EQ(up(64 << 10), Path::traditional);
  EXPECT_EQ(up(kMiB), Path::staged);
  EXPECT_EQ(up(256 * kMiB), Path::staged);
  EXPECT_GT(context_->transfer_plan().up.step_for(256 * kMiB).threads, 1U)
      << "one thread is slower than the bus";
  EXPECT_TRUE(context_->transfer_plan().usable());
}

TEST_F(CalibratorTest, MobileDriversThatStallOnMappingsKeepTheOrphanedPath) {
  start_on(adreno());
  EXPECT_EQ(plan(Access::sequential_write, 64 << 10).path, Path::orphaned);
  EXPECT_EQ(up(kMiB), Path::traditional);
  calibrate();
  EXPECT_EQ(plan(Access::sequential_write, 64 << 10).path, Path::orphaned);
  EXPECT_EQ(up(64 << 10), Path::traditional);
  EXPECT_EQ(down(64 << 10), Path::staged) << "OpenGL ES has no glGetBufferSubData";
  const auto buffer = take(pmb::MappedBuffer::create(*context_, {.size_bytes = 64 << 10}));
  EXPECT_EQ(buffer.plan().path, Path::direct) << "a MappedBuffer is always mapped";
}

TEST_F(CalibratorTest, SoftwareRenderersUseMappingsDirectlyAndTransferByTheRawGlCalls) {
  start_on(llvmpipe());
  for (const bool measured : {false, true}) {
    if (measured) calibrate();
    EXPECT_EQ(plan(Access::sequential_write, 4096, 8).path, Path::direct);
    EXPECT_EQ(plan(Access::sequential_write, 64 * kMiB, 8).path, Path::direct);
    EXPECT_EQ(plan(Access::bidirectional, 64 * kMiB).path, Path::direct);
    EXPECT_EQ(up(4096), Path::traditional);
    EXPECT_EQ(down(4096), Path::traditional);
  }
  EXPECT_EQ(placement(Access::read, false), Placement::plain);
}

TEST_F(CalibratorTest, TheDriversReportDecidesWhereTimesAreAmbiguous) {
  start_on(nvidia());
  const pmb::detail::DriverTraits driver = facts().driver;
  const pmb::MemoryCosts slow{.read_ns = 90, .gpu_ns_per_kib = 50};
  const pmb::MemoryCosts plain = kPlain.probed;
  using pmb::ReportedMemory;
  const auto place = [&](ReportedMemory reported) {
    return pmb::detail::placement_of(Access::read, slow, plain, driver, reported);
  };
  EXPECT_EQ(place(ReportedMemory::unknown), Placement::write_combined);
  EXPECT_EQ(place(ReportedMemory::system), Placement::write_combined);
  EXPECT_EQ(place(ReportedMemory::video), Placement::gpu_memory);
}

TEST_F(CalibratorTest, ForcedChoicesOverrideMeasurements) {
  start_on(nvidia());
  pmb::Options options;
  options.path = Path::traditional;
  options.model = Model::explicit_flush;
  calibrate(options);
  EXPECT_EQ(plan(Access::sequential_write, kMiB, 8).path, Path::traditional);
  EXPECT_EQ(up(kMiB), Path::traditional);
  options = {};
  const auto transfer_plan = std::make_shared<pmb::TransferPlan>();
  options.transfer = transfer_plan;
  calibrate(options);
  EXPECT_EQ(context_->transfer_plan().up, pmb::TransferPlan().up);
}

TEST_F(CalibratorTest, ADisabledQuirkIsReplacedByMeasurements) {
  start_on(nvidia(), {.disabled_quirks = {"nvidia_readback_client_storage", "nvidia_update_order"}});
  EXPECT_FALSE(client(plan(Access::read, kMiB)));
  calibrate({.disabled_quirks = {"nvidia_readback_client_storage", "nvidia_update_order"}});
  EXPECT_TRUE(client(plan(Access::read, kMiB)));
  EXPECT_EQ(up(4096), Path::traditional);
}

TEST_F(CalibratorTest, NoMeasurementOverridesAQuirkThatProtectsCorrectness) {
  start_on(nvidia());
  calibrate();
  pmb::Profile tampered = measured_.profile;
  tampered.transfers->up.steps = {{.path = Path::traditional}};
  take(tampered.save(pmb::profile_file(*context_)));
  start(driver_.config(), {.profile = folder_.string()});
  ASSERT_NE(context_->profile(), nullptr);
  EXPECT_EQ(up(4096), Path::traditional);
  const GLuint buffer = plain_buffer(4096);
  fake_->clear_log();
  take(pmb::upload(*context_, buffer, 0, pattern(4096, 1)));
  EXPECT_EQ(fake_->calls("glNamedBufferSubData"), 0U);
  gl_.Finish();
  EXPECT_EQ(fake_->gpu_bytes(buffer), pattern(4096, 1));
}

TEST_F(CalibratorTest, CallsThatOvertakeReadersAreTimedOnlyWhereThePlanHasThem) {
  start_on(nvidia());
  calibrate();
  std::size_t defaults = 0;
  for (const pmb::CalibrationCell& cell : measured_.cells) {
    if (cell.candidate.find("raw GL call") == std::string::npos) continue;
    EXPECT_TRUE(cell.is_default) << cell.work << " of " << cell.size_bytes << " bytes";
    ++defaults;
  }
  EXPECT_GT(defaults, 0U) << "small sizes";
}

TEST_F(CalibratorTest, CandidatesThatMoveWrongBytesAreLeftOut) {
  SimulatedDriver driver = radeonsi(kAperture);
  driver.chunk = -3000;  // Short chunks would win everywhere.
  driver.wrong_chunk = 256 << 10;
  start_on(driver);
  calibrate();
  EXPECT_GT(measured_.wrong, 0U);
  const pmb::TransferPlan& found = context_->transfer_plan();
  for (const pmb::TransferDirection* direction : {&found.up, &found.down}) {
    for (const pmb::TransferStep& step : direction->steps) {
      EXPECT_TRUE(step.path == Path::traditional || step.chunk_bytes != driver.wrong_chunk);
    }
  }
  EXPECT_EQ(found.up.step_for(4 * kMiB).chunk_bytes, 512U << 10) << "the next shorter";
  for (const pmb::CalibrationCell& cell : measured_.cells) EXPECT_FALSE(cell.chosen && !cell.verified);
}

TEST_F(CalibratorTest, PlacementNoiseDoesNotDisplaceTheDefault) {
  SimulatedDriver driver = nvidia();
  // The bus is the limit: all rings are alike.
  driver.mapped = [](Access, bool) { return memory(0.9, 3, 0.001, 0.001, kBus); };
  driver.chunk = 0;
  driver.one_good_placement = true;
  start_on(driver);
  calibrate();
  bool seen = false;
  for (const pmb::CalibrationCell& cell : measured_.cells) {
    const bool lucky = cell.candidate.ends_with("2 threads");
    EXPECT_FALSE(cell.chosen && lucky) << cell.work << ", " << cell.size_bytes;
    seen = seen || lucky;
  }
  EXPECT_TRUE(seen);
}

TEST_F(CalibratorTest, UnmeasuredSizesKeepTheirDefaults) {
  start_on(nvidia());
  std::vector<Path> defaults;
  for (std::uint64_t size = 64; size <= 256 * kMiB; size *= 4) defaults.push_back(up(size));
  const std::vector<pmb::TransferStep> steps = context_->transfer_plan().up.steps;
  for (const auto budget : {std::chrono::milliseconds(0), std::chrono::milliseconds(10),
                            std::chrono::milliseconds(50), std::chrono::milliseconds(400)}) {
    SCOPED_TRACE(budget.count());
    start_on(nvidia());
    SimulatedDevice device(driver_);
    const DeviceFacts known = facts();
    const CalibrateOptions wanted{.budget = budget};
    measured_ = take(calibrate_device(device, known, wanted));
    // One run, and the probes, which are never cut short.
    EXPECT_LE(device.now(), static_cast<double>(wanted.budget.count()) + 30e6);
    EXPECT_FALSE(measured_.complete);
    EXPECT_TRUE(pmb::Profile::from_json(measured_.profile.to_json()));
    if (measured_.profile.transfers) {
      EXPECT_EQ(measured_.profile.transfers->up.steps.back(), steps.back());
    }
  }
  EXPECT_EQ(placement(Access::read, true), Placement::cached);
}

TEST_F(CalibratorTest, AStopEndsItAtOnce) {
  start_on(nvidia());
  SimulatedDevice device(driver_);
  const DeviceFacts known = facts();
  std::size_t asked = 0;
  CalibrateOptions wanted;
  wanted.stopped = [&] { return ++asked > 100; };
  measured_ = take(calibrate_device(device, known, wanted));
  EXPECT_FALSE(measured_.complete);
  EXPECT_LT(device.runs(), 400U);
}

TEST_F(CalibratorTest, ACandidateThatAStopLeavesOutIsNoResult) {
  start_on(nvidia());
  const DeviceFacts known = facts();
  for (std::size_t most = 0; most < 100; ++most) {
    SimulatedDevice device(driver_);
    std::size_t asked = 0;
    CalibrateOptions wanted;
    wanted.stopped = [&] { return ++asked > most; };
    measured_ = take(calibrate_device(device, known, wanted));
    for (const pmb::CalibrationCell& cell : measured_.cells) EXPECT_TRUE(cell.verified) << cell.candidate;
  }
}

TEST_F(CalibratorTest, ALostContextEndsEverything) {
  start_on(nvidia());
  SimulatedDevice device(driver_);
  device.fail_after(50, ErrorId::context_lost);
  const DeviceFacts known = facts();
  const CalibrateOptions wanted;
  EXPECT_EQ(id_of(calibrate_device(device, known, wanted)), ErrorId::context_lost);
  EXPECT_EQ(device.runs(), 51U);
}

TEST_F(CalibratorTest, ALostContextAtAProbeEndsEverything) {
  start_on(nvidia());
  SimulatedDevice device(driver_);
  device.refuse(Access::read, true, ErrorId::context_lost);
  const DeviceFacts known = facts();
  const CalibrateOptions wanted;
  EXPECT_EQ(id_of(calibrate_device(device, known, wanted)), ErrorId::context_lost);
  EXPECT_EQ(device.runs(), 0U);
}

TEST_F(CalibratorTest, ARefusedMappingIsUnknownAndTheOthersAreProbed) {
  start_on(nvidia());
  SimulatedDevice device(driver_);
  device.refuse(Access::read, true, ErrorId::storage_failed);
  const DeviceFacts known = facts();
  const CalibrateOptions wanted{.largest_bytes = 1024};
  measured_ = take(calibrate_device(device, known, wanted));
  for (const Access access : {Access::sequential_write, Access::read, Access::bidirectional}) {
    for (const bool client : {false, true}) {
      const bool refused = access == Access::read && client;
      EXPECT_EQ(placement(access, client) == Placement::unknown, refused) << to_string(access) << client;
      EXPECT_EQ(measured_.profile.mapping(access, client).costs.gpu_ns_per_kib == 0, refused);
    }
  }
}

TEST_F(CalibratorTest, SeveralThreadsAreMeasuredOnlyIfTheProgramLendsThem) {
  pmb::Options options{.copy_threads = 4};
  start({}, options);
  EXPECT_EQ(pmb::detail::facts_of(ContextState::of(*context_)).threads, 1U);
  options.parallel_for = [](std::size_t, const auto&) {};
  start({}, options);
  EXPECT_EQ(pmb::detail::facts_of(ContextState::of(*context_)).threads, 4U);
}

TEST_F(CalibratorTest, FailingCandidatesAreLeftOutAndTheOthersAreMeasured) {
  start_on(nvidia());
  SimulatedDevice device(driver_);
  device.fail_after(500, ErrorId::storage_failed);
  const DeviceFacts known = facts();
  const CalibrateOptions wanted;
  measured_ = take(calibrate_device(device, known, wanted));
  EXPECT_FALSE(measured_.complete);
  EXPECT_EQ(measured_.wrong, 0U);
  EXPECT_TRUE(pmb::Profile::from_json(measured_.profile.to_json()));
  EXPECT_TRUE(measured_.profile.transfers);
}

TEST_F(CalibratorTest, ProgressGrowsFromZeroToOne) {
  start_on(llvmpipe());
  SimulatedDevice device(driver_);
  const DeviceFacts known = facts();
  std::vector<double> reported;
  CalibrateOptions wanted;
  wanted.progress = [&](double done, std::string_view what) {
    EXPECT_FALSE(what.empty());
    reported.push_back(done);
  };
  measured_ = take(calibrate_device(device, known, wanted));
  ASSERT_GT(reported.size(), 10U);
  EXPECT_EQ(reported.front(), 0);
  EXPECT_EQ(reported.back(), 1);
  EXPECT_TRUE(std::is_sorted(reported.begin(), reported.end()));
}

TEST_F(CalibratorTest, NoSizeBeyondTheLimitIsMeasured) {
  start_on(nvidia());
  SimulatedDevice device(driver_);
  const DeviceFacts known = facts();
  const CalibrateOptions wanted{.largest_bytes = 64 << 10};
  measured_ = take(calibrate_device(device, known, wanted));
  EXPECT_TRUE(measured_.complete);
  for (const pmb::CalibrationCell& cell : measured_.cells) EXPECT_LE(cell.size_bytes, 64U << 10);
}

}  // namespace
