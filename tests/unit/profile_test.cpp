// SPDX-License-Identifier: MIT
// Profiles: JSON, files that are whole or missing, and the profiles that a context accepts.
#include <pmb/tune/profile.hpp>

#include <filesystem>
#include <fstream>
#include <thread>

#include "pmb_fixture.hpp"
#include "support/environment.hpp"
#include "support/test_folder.hpp"
#include "tune/calibrator.hpp"

namespace {

using namespace pmb_test;
using pmb::Path;
using pmb::Placement;
using pmb::Profile;
using pmb::ProfileKey;
using test_support::set_variable;

Profile sample() {
  Profile profile;
  profile.key = {.vendor = "AMD",
                 .renderer = "AMD Radeon",
                 .driver = "Mesa 23.1.0",
                 .cpu = "a \"CPU\"",
                 .hardware_threads = 16};
  profile.made = "2026-11-25T12:00:00Z";
  profile.memory = {.read_ns = 0.75, .write_ns = 3, .gpu_ns_per_kib = 2};
  profile.mapping(Access::read, true) = {Placement::write_combined, {.read_ns = 90.5, .gpu_ns_per_kib = 50}};
  profile.mapping(Access::bidirectional, true).placement = Placement::cached;
  profile.transfers.emplace();
  profile.transfers->up.steps = {{.up_to_bytes = 32768, .path = Path::traditional},
                                 {.chunk_bytes = 512 << 10, .threads = 3}};
  profile.transfers->up.model = Model::explicit_flush;
  profile.transfers->down.slow_reads = true;
  profile.transfers->down.streaming_from_bytes = 1 << 16;
  return profile;
}

TEST(ProfileJson, RoundTrips) {
  const Profile before = sample();
  const std::string text = before.to_json();
  const Profile after = take(Profile::from_json(text));
  EXPECT_EQ(after.key, before.key);
  EXPECT_EQ(after.made, before.made);
  EXPECT_EQ(after.memory.read_ns, 0.75);
  EXPECT_EQ(after.mapping(Access::read, true).placement, Placement::write_combined);
  EXPECT_EQ(after.mapping(Access::read, true).costs.read_ns, 90.5);
  EXPECT_EQ(after.mapping(Access::read, false).placement, Placement::unknown);
  EXPECT_EQ(after.mapping(Access::bidirectional, true).placement, Placement::cached);
  ASSERT_TRUE(after.transfers);
  EXPECT_EQ(after.transfers->up, before.transfers->up);
  EXPECT_EQ(after.transfers->down, before.transfers->down);
  EXPECT_EQ(after.transfers->pending_bytes, before.transfers->pending_bytes);
  EXPECT_EQ(after.to_json(), text);
  EXPECT_FALSE(take(Profile::from_json(Profile().to_json())).transfers);
}

TEST(ProfileJson, EveryTruncationIsCorrupt) {
  const std::string text = sample().to_json();
  const std::size_t end = text.find_last_of('}');
  for (std::size_t size = 0; size <= end; ++size) {
    ASSERT_EQ(id_of(Profile::from_json(text.substr(0, size))), ErrorId::profile_corrupt) << size;
  }
}

TEST(ProfileJson, UnusableValuesAreCorrupt) {
  const std::string text = sample().to_json();
  const auto with = [&](std::string_view part, std::string_view instead) {
    std::string changed = text;
    const std::size_t at = changed.find(part);
    EXPECT_NE(at, std::string::npos) << part;
    return id_of(Profile::from_json(changed.replace(at, part.size(), instead)));
  };
  EXPECT_EQ(with("\"made\"", "\"made\""), ErrorId::none);
  const std::pair<std::string_view, std::string_view> faults[] = {
      {"\"staged\"", "\"sideways\""},
      {"\"staged\"", "7"},
      {"\"write_combined\"", "\"paper\""},
      {"\"read_ns\": 0.75", "\"read_ns\": -1"},
      {"\"read_ns\": 0.75", "\"read_ns\": 1e999"},
      {"\"read_ns\": 0.75", "\"read_ns\": true"},
      {"\"up_to_bytes\": 32768", "\"up_to_bytes\": -1"},
      {"\"up_to_bytes\": 32768", "\"up_to_bytes\": 0"},
      {"\"up_to_bytes\": 32768", "\"up_to_bytes\": 1.5"},
      {"\"threads\": 3", "\"threads\": 0"},
      {"\"threads\": 3", "\"threads\": 4294967297"},
      {"\"chunk_bytes\": 524288", "\"chunk_bytes\": 1"},
      {"\"ring_bytes\": 8388608", "\"ring_bytes\": 1024"},
      {"\"pending_bytes\": 33554432", "\"pending_bytes\": 0"},
      {"\"hardware_threads\": 16", "\"hardware_threads\": \"16\""},
      {"\"key\"", "\"kex\""},
      {"\"client_storage\": true", "\"client_storage\": 1"},
      {"\"pmb_profile\": 2", "\"pmb_profile\": \"1\""},
      {"\"pmb_profile\": 2,", ""}};
  for (const auto& [part, instead] : faults)
    EXPECT_EQ(with(part, instead), ErrorId::profile_corrupt) << instead;
  for (const std::string_view other : {"", "null", "[]", "{}", "3", "\"pmb\"", "\xff\xfe"}) {
    EXPECT_EQ(id_of(Profile::from_json(other)), ErrorId::profile_corrupt) << other;
  }
  EXPECT_EQ(id_of(Profile::from_json(std::string(100'000, '['))), ErrorId::profile_corrupt);
}

TEST(ProfileJson, AnotherFormatIsNotReportedAsCorrupt) {
  EXPECT_EQ(id_of(Profile::from_json(R"({"pmb_profile": 3, "new": "things"})")), ErrorId::profile_version);
  EXPECT_EQ(id_of(Profile::from_json(R"({"pmb_profile": 1, "accesses": {}})")), ErrorId::profile_version);
}

TEST(ProfileName, DiffersByGpuAndMachineButNotByDriverVersion) {
  const ProfileKey key = sample().key;
  const std::string name = Profile::file_name(key);
  EXPECT_TRUE(name.starts_with("amd-radeon-")) << name;
  EXPECT_TRUE(name.ends_with(".json")) << name;
  ProfileKey other = key;
  other.driver = "Mesa 24.0.0";
  EXPECT_EQ(Profile::file_name(other), name);
  for (const auto part : {&ProfileKey::vendor, &ProfileKey::renderer, &ProfileKey::cpu}) {
    other = key;
    other.*part += "x";
    EXPECT_NE(Profile::file_name(other), name);
  }
  other = key;
  other.gles = true;
  EXPECT_NE(Profile::file_name(other), name);
  other = key;
  other.hardware_threads = 8;
  EXPECT_NE(Profile::file_name(other), name);
  other.renderer = "../../" + std::string(300, '/') + "\n\xff";
  EXPECT_EQ(Profile::file_name(other).find_first_not_of("0123456789abcdefghijklmnopqrstuvwxyz-.json"),
            std::string::npos);
  EXPECT_LT(Profile::file_name(other).size(), 64U);
}

class ProfileFile : public PmbTest {
 protected:
  /// A profile of the fake GL on this machine.
  Profile own() {
    start();
    Profile profile = sample();
    profile.key = pmb::profile_key(*context_);
    return profile;
  }
  /// The profile error of a context with this file.
  ErrorId id_with(const std::string& file, const FakeConfig& config = {}) {
    start(config, {.profile = file});
    EXPECT_EQ(context_->profile() == nullptr, context_->profile_error().id != ErrorId::none);
    return context_->profile_error().id;
  }
  std::size_t lines_with(std::string_view part) const {
    std::size_t count = 0;
    for (const std::string& line : log_lines_) count += line.find(part) != std::string::npos ? 1 : 0;
    return count;
  }

  test_support::TestFolder own_folder_;
  const std::filesystem::path& folder_ = own_folder_.path();
  const std::string file_ = (folder_ / "deep" / "profile.json").string();
};

TEST_F(ProfileFile, IsWrittenWithItsFolderAndReadBack) {
  take(sample().save(file_));
  EXPECT_EQ(take(Profile::load(file_)).to_json(), sample().to_json());
  Profile second = sample();
  second.made = "later";
  take(second.save(file_));
  EXPECT_EQ(take(Profile::load(file_)).made, "later");
  EXPECT_EQ(std::distance(std::filesystem::directory_iterator(folder_ / "deep"), {}), 1)
      << "no partial files";
}

TEST_F(ProfileFile, ThatCannotBeWrittenLeavesNoFile) {
  take(sample().save(file_));
  EXPECT_EQ(id_of(sample().save(file_ + "/below/a/file.json")), ErrorId::profile_unwritable);
  EXPECT_EQ(id_of(sample().save((folder_ / "deep").string())), ErrorId::profile_unwritable) << "a folder";
  EXPECT_EQ(std::distance(std::filesystem::directory_iterator(folder_ / "deep"), {}), 1);
  EXPECT_EQ(std::distance(std::filesystem::directory_iterator(folder_), {}), 1);
}

TEST_F(ProfileFile, OfThisDriverIsApplied) {
  take(own().save(file_));
  EXPECT_EQ(id_with(file_), ErrorId::none);
  EXPECT_EQ(pmb::profile_file(*context_), file_);
  EXPECT_EQ(context_->profile()->made, sample().made);
  EXPECT_TRUE(context_->transfer_plan().up.steps == sample().transfers->up.steps);
  const pmb::Plan plan = take(context_->plan(Access::bidirectional, 64));
  EXPECT_NE(plan.storage_flags & GL_CLIENT_STORAGE_BIT, 0U);
  EXPECT_EQ(lines_with("in force"), 1U);
}

TEST_F(ProfileFile, IsFoundInAFolderByGpuAndMachine) {
  const Profile profile = own();
  take(profile.save((folder_ / Profile::file_name(profile.key)).string()));
  EXPECT_EQ(id_with(folder_.string()), ErrorId::none);
  EXPECT_EQ(id_with(folder_.string() + "/"), ErrorId::none);
  FakeConfig other;
  other.renderer = "another GPU";
  EXPECT_EQ(id_with(folder_.string(), other), ErrorId::profile_missing);
}

TEST_F(ProfileFile, OfAnotherDriverOrMachineIsIgnoredWithALineInTheLog) {
  const Profile right = own();
  const auto with = [&](auto change) {
    Profile profile = right;
    change(profile);
    take(profile.save(file_));
    log_lines_.clear();
    const ErrorId id = id_with(file_);
    EXPECT_EQ(lines_with("is ignored"), id == ErrorId::none ? 0U : 1U);
    EXPECT_EQ(context_->transfer_plan().up == right.transfers->up, id == ErrorId::none);
    return id;
  };
  EXPECT_EQ(with([](Profile&) {}), ErrorId::none);
  EXPECT_EQ(with([](Profile& p) { p.key.vendor += "x"; }), ErrorId::profile_driver);
  EXPECT_EQ(with([](Profile& p) { p.key.renderer += "x"; }), ErrorId::profile_driver);
  EXPECT_EQ(with([](Profile& p) { p.key.driver += ".1"; }), ErrorId::profile_driver);
  EXPECT_EQ(with([](Profile& p) { p.key.gles = true; }), ErrorId::profile_driver);
  EXPECT_EQ(with([](Profile& p) { p.key.cpu += "x"; }), ErrorId::profile_machine);
  EXPECT_EQ(with([](Profile& p) { p.key.hardware_threads += 1; }), ErrorId::profile_machine);
  EXPECT_EQ(id_with((folder_ / "none.json").string()), ErrorId::profile_missing);
  std::ofstream(file_) << "{";
  EXPECT_EQ(id_with(file_), ErrorId::profile_corrupt);
  std::ofstream(file_) << R"({"pmb_profile": 99})";
  EXPECT_EQ(id_with(file_), ErrorId::profile_version);
  EXPECT_NE(context_->profile_error().message().find("99"), std::string::npos);
  std::ofstream(file_) << right.to_json() << std::string(2 << 20, ' ');
  EXPECT_EQ(id_with(file_), ErrorId::profile_corrupt) << "longer than any profile";
}

// A folder is asked for whatever fits. A file is there to be used.
TEST_F(ProfileFile, OnlyAFolderWithoutAProfileForThisDriverIsNoWarning) {
  const Profile right = own();
  const auto level_with = [&](const std::string& named) {
    pmb::LogLevel seen = pmb::LogLevel::info;
    std::size_t lines = 0;
    start({}, {.log =
                   [&](pmb::LogLevel level, std::string_view line) {
                     if (line.find("is ignored") == std::string_view::npos) return;
                     seen = level;
                     ++lines;
                   },
               .profile = named});
    context_.reset();
    EXPECT_EQ(lines, 1U);
    return seen;
  };
  EXPECT_EQ(level_with(folder_.string() + "/"), pmb::LogLevel::info);
  EXPECT_EQ(level_with((folder_ / "none.json").string()), pmb::LogLevel::warning);
  Profile other = right;
  other.key.vendor += "x";
  take(other.save((folder_ / Profile::file_name(right.key)).string()));
  EXPECT_EQ(level_with(folder_.string()), pmb::LogLevel::warning);
}

TEST_F(ProfileFile, AppliesToEveryGlVersionOfItsDriver) {
  const auto key_with = [&](int major, int minor, const char* suffix) {
    FakeConfig config;
    config.major = major;
    config.minor = minor;
    config.version_suffix = suffix;
    start(config);
    return pmb::profile_key(*context_);
  };
  EXPECT_EQ(key_with(4, 6, "Mesa 22.3.6").driver, "Mesa 22.3.6");
  EXPECT_EQ(key_with(4, 3, "Mesa 22.3.6"), key_with(4, 6, "Mesa 22.3.6"));
  EXPECT_NE(key_with(4, 6, "Mesa 22.3.5"), key_with(4, 6, "Mesa 22.3.6"));
  FakeConfig es = config_of(Edit::es);
  es.version_suffix = "Mesa 22.3.6";
  start(es);
  EXPECT_EQ(pmb::profile_key(*context_).driver, "Mesa 22.3.6");
  EXPECT_FALSE(key_with(4, 6, "Mesa").cpu.empty());
  EXPECT_EQ(key_with(4, 6, "Mesa").hardware_threads, std::max(1U, std::thread::hardware_concurrency()));
}

TEST_F(ProfileFile, OfADriverWhoseNameIsNotTextAppliesToo) {
  FakeConfig config;
  config.renderer = "Ger\xe4t \x01";
  start(config);
  Profile profile = sample();
  profile.key = pmb::profile_key(*context_);
  take(profile.save(file_));
  EXPECT_EQ(id_with(file_, config), ErrorId::none);
}

TEST_F(ProfileFile, IsNotReadUnlessTheOptionsNameIt) {
  const Profile profile = own();
  const test_support::Environment environment({"XDG_CACHE_HOME", "LOCALAPPDATA", "PMB_PROFILE"});
  for (const char* name : {"XDG_CACHE_HOME", "LOCALAPPDATA"}) set_variable(name, folder_.string().c_str());
  take(profile.save(Profile::default_folder() + Profile::file_name(profile.key)));
  EXPECT_EQ(pmb::Options::from_environment().profile, "");
  set_variable("PMB_PROFILE", Profile::default_folder().c_str());
  EXPECT_EQ(pmb::Options::from_environment().profile, Profile::default_folder());
  EXPECT_EQ(id_with(Profile::default_folder()), ErrorId::none);
  start();
  EXPECT_EQ(context_->profile(), nullptr);
  EXPECT_EQ(context_->profile_error().id, ErrorId::none);
  EXPECT_EQ(pmb::profile_file(*context_), "");
}

struct PlacementCase {
  Access access;
  pmb::MemoryCosts costs;
  pmb::detail::DriverTraits driver;
  pmb::ReportedMemory reported;
  Placement expected;
};

TEST(PlacementRules, DerivePlacementsFromCosts) {
  using pmb::ReportedMemory;
  const pmb::MemoryCosts plain{.read_ns = 0.8, .write_ns = 3, .gpu_ns_per_kib = 2};
  const pmb::detail::DriverTraits discrete{.buffer_storage = true};
  const pmb::detail::DriverTraits unified{.unified_memory = true, .buffer_storage = true};
  const pmb::detail::DriverTraits software{.software = true, .buffer_storage = true};
  constexpr auto kRead = Access::read;
  constexpr auto kWrite = Access::sequential_write;
  const PlacementCase cases[] = {
      {kRead, {.read_ns = 0.9, .gpu_ns_per_kib = 50}, discrete, ReportedMemory::unknown, Placement::cached},
      {kRead, {.read_ns = 0.9, .gpu_ns_per_kib = 50}, discrete, ReportedMemory::video, Placement::cached},
      {kRead,
       {.read_ns = 90, .gpu_ns_per_kib = 50},
       discrete,
       ReportedMemory::unknown,
       Placement::write_combined},
      {kRead, {.read_ns = 90, .gpu_ns_per_kib = 2}, discrete, ReportedMemory::unknown, Placement::gpu_memory},
      {kRead,
       {.read_ns = 90, .gpu_ns_per_kib = 2},
       unified,
       ReportedMemory::unknown,
       Placement::write_combined},
      {kRead,
       {.read_ns = 900, .gpu_ns_per_kib = 50},
       discrete,
       ReportedMemory::unknown,
       Placement::gpu_memory},
      {kRead,
       {.read_ns = 900, .gpu_ns_per_kib = 50},
       discrete,
       ReportedMemory::system,
       Placement::write_combined},
      {kRead, {}, discrete, ReportedMemory::unknown, Placement::unknown},
      {kRead, {.read_ns = 900}, software, ReportedMemory::unknown, Placement::plain},
      {kWrite, {.write_ns = 4, .gpu_ns_per_kib = 50}, discrete, ReportedMemory::unknown, Placement::cached},
      {kWrite,
       {.write_ns = 50, .gpu_ns_per_kib = 50},
       discrete,
       ReportedMemory::unknown,
       Placement::write_combined},
      {kWrite,
       {.write_ns = 50, .gpu_ns_per_kib = 2},
       discrete,
       ReportedMemory::unknown,
       Placement::gpu_memory},
      {kWrite,
       {.write_ns = 50, .gpu_ns_per_kib = 2},
       discrete,
       ReportedMemory::system,
       Placement::write_combined},
      {kWrite,
       {.write_ns = 50, .gpu_ns_per_kib = 2},
       unified,
       ReportedMemory::unknown,
       Placement::write_combined},
      {kWrite, {.write_ns = 4, .gpu_ns_per_kib = 50}, discrete, ReportedMemory::video, Placement::gpu_memory},
      {kWrite, {}, discrete, ReportedMemory::unknown, Placement::unknown}};
  for (const PlacementCase& c : cases) {
    EXPECT_EQ(pmb::detail::placement_of(c.access, c.costs, plain, c.driver, c.reported), c.expected)
        << "case " << &c - cases;
  }
}

TEST(PlacementRules, ReadableMappingsPreferCachedMemory) {
  Profile profile;
  Placement& with_client = profile.mapping(Access::read, true).placement;
  profile.mapping(Access::read, false).placement = Placement::gpu_memory;
  with_client = Placement::cached;
  const auto measured = [&](bool by_default) {
    return pmb::detail::measured_for(profile, Access::read, by_default);
  };
  EXPECT_EQ(measured(false).client_storage, true);
  EXPECT_EQ(measured(false).placement, Placement::cached);
  EXPECT_EQ(measured(true).client_storage, std::nullopt);
  with_client = Placement::write_combined;
  EXPECT_EQ(measured(false).client_storage, std::nullopt);
  EXPECT_EQ(measured(false).placement, Placement::gpu_memory);
}

}  // namespace
