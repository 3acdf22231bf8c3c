// SPDX-License-Identifier: MIT
// pmb.h against C++: the same constants, the same GL calls on every path, the same statuses; lifetimes and threads.
#include <pmb/tune/calibrate.hpp>
#include <regex>
#include <thread>

#include "capi_fixture.hpp"

namespace {

using namespace pmb_test;
using Capi = CapiTest;

template <class Cpp>
constexpr std::int32_t plus_one(Cpp value) {
  return static_cast<std::int32_t>(value) + 1;
}
template <class Cpp>
constexpr std::int32_t same(Cpp value) {
  return static_cast<std::int32_t>(value);
}

TEST(CapiConstants, StatusesAndIdsHaveTheValuesOfCpp) {
  EXPECT_EQ(PMB_OK, same(Status::ok));
  EXPECT_EQ(PMB_WOULD_BLOCK, same(Status::would_block));
  EXPECT_EQ(PMB_TIMED_OUT, same(Status::timed_out));
  EXPECT_EQ(PMB_UNSUPPORTED, same(Status::unsupported));
  EXPECT_EQ(PMB_OUT_OF_MEMORY, same(Status::out_of_memory));
  EXPECT_EQ(PMB_TOO_LARGE, same(Status::too_large));
  EXPECT_EQ(PMB_MAP_FAILED, same(Status::map_failed));
  EXPECT_EQ(PMB_DATA_LOST, same(Status::data_lost));
  EXPECT_EQ(PMB_CONTEXT_LOST, same(Status::context_lost));
  EXPECT_EQ(PMB_FENCE_FAILED, same(Status::fence_failed));
  EXPECT_EQ(PMB_WAIT_FAILED, same(Status::wait_failed));
  EXPECT_EQ(PMB_INVALID_ARGUMENT, same(Status::invalid_argument));
  EXPECT_EQ(PMB_WRONG_CONTEXT, same(Status::wrong_context));
  EXPECT_EQ(PMB_STALE_HANDLE, same(Status::stale_handle));
  EXPECT_EQ(PMB_REFUSED, same(Status::refused));
  EXPECT_EQ(PMB_GL_ERROR, same(Status::gl_error));
  for (std::int32_t status = PMB_GL_ERROR; status <= PMB_TIMED_OUT; ++status) {
    EXPECT_STREQ(pmb_status_name(status), to_string(static_cast<Status>(status)));
  }
  EXPECT_EQ(PMB_ERROR_none, same(ErrorId::none));
  EXPECT_STREQ(pmb_error_name(PMB_ERROR_none), "none");
#define PMB_ERROR(number, id, status, severity, section, sentence) \
  EXPECT_EQ(PMB_ERROR_##id, same(ErrorId::id));                    \
  EXPECT_STREQ(pmb_error_name(PMB_ERROR_##id), #id);
#include <pmb/errors.def>
#undef PMB_ERROR
}

TEST(CapiConstants, ChoicesAreThoseOfCppPlusOne) {
  EXPECT_EQ(PMB_ACCESS_SEQUENTIAL_WRITE, plus_one(Access::sequential_write));
  EXPECT_EQ(PMB_ACCESS_READ, plus_one(Access::read));
  EXPECT_EQ(PMB_ACCESS_BIDIRECTIONAL, plus_one(Access::bidirectional));
  EXPECT_EQ(PMB_MODEL_COHERENT, plus_one(Model::coherent));
  EXPECT_EQ(PMB_MODEL_EXPLICIT_FLUSH, plus_one(Model::explicit_flush));
  EXPECT_EQ(PMB_PATH_DIRECT, plus_one(pmb::Path::direct));
  EXPECT_EQ(PMB_PATH_STAGED, plus_one(pmb::Path::staged));
  EXPECT_EQ(PMB_PATH_TRADITIONAL, plus_one(pmb::Path::traditional));
  EXPECT_EQ(PMB_PATH_ORPHANED, plus_one(pmb::Path::orphaned));
  for (std::int32_t value = 1; value <= 3; ++value) {
    EXPECT_STREQ(pmb_access_name(value), to_string(static_cast<Access>(value - 1)));
  }
  for (std::int32_t value = 1; value <= 4; ++value) {
    EXPECT_STREQ(pmb_path_name(value), to_string(static_cast<pmb::Path>(value - 1)));
  }
}

TEST(CapiConstants, OtherConstantsHaveTheValuesOfCpp) {
  using pmb::BufferUse;
  EXPECT_EQ(PMB_BUFFER_USE_ANY, same(BufferUse::any));
  EXPECT_EQ(PMB_BUFFER_USE_NO_SHADER_WRITES, same(BufferUse::no_shader_writes));
  EXPECT_EQ(PMB_BUFFER_USE_UPLOAD_ONLY, same(BufferUse::upload_only));
  EXPECT_EQ(PMB_BUFFER_USE_UPLOAD_ONLY_NO_SHADER_WRITES, same(BufferUse::upload_only_no_shader_writes));
  EXPECT_EQ(PMB_BUFFER_USE_VERTICES_AND_UNIFORMS, same(BufferUse::vertices_and_uniforms));
  EXPECT_EQ(PMB_BUFFER_USE_DOWNLOAD_ONLY, same(BufferUse::download_only));
  EXPECT_EQ(PMB_BUFFER_USE_DOWNLOAD_ONLY_NO_SHADER_WRITES, same(BufferUse::download_only_no_shader_writes));
  EXPECT_EQ(PMB_LOG_INFO, same(pmb::LogLevel::info));
  EXPECT_EQ(PMB_LOG_WARNING, same(pmb::LogLevel::warning));
  EXPECT_EQ(PMB_REPORTED_MEMORY_UNKNOWN, same(pmb::ReportedMemory::unknown));
  EXPECT_EQ(PMB_REPORTED_MEMORY_SYSTEM, same(pmb::ReportedMemory::system));
  EXPECT_EQ(PMB_REPORTED_MEMORY_VIDEO, same(pmb::ReportedMemory::video));
}

/// The same program in both languages.
class CapiPath : public PmbPathTest {
 protected:
  /// Every GL call, with its arguments. Fences have other numbers in each fake.
  std::string calls() const {
    std::string lines;
    for (const strict_gl::LoggedCall& call : fake_->log()) {
      lines += call.name + "(" + std::regex_replace(call.args, std::regex("sync \\d+"), "sync") + ")\n";
    }
    return lines;
  }

  Bytes run_in_cpp() {
    Bytes result(256);
    {
      auto ring = take(pmb::UploadRing::create(*context_, {.capacity_bytes = 4096, .label = "ring"}));
      for (int round = 0; round < 40; ++round) {
        const pmb::Slice slice = take(ring.acquire(256));
        EXPECT_TRUE(slice.fill(std::byte{7}));
        take(ring.publish(slice, 200));
        take(ring.retire(slice, mark()));
      }
      auto pool = take(pmb::BlockPool::create(*context_, {.block_bytes = 256, .count = 2}));
      const pmb::Block block = take(pool.acquire());
      take(pool.publish(block, 256));
      take(pool.retire(block, mark()));
      const GLuint buffer = plain_buffer(256);
      take(pmb::upload(*context_, buffer, 0, pattern(256, 1)));
      take(pmb::download(*context_, buffer, 0, result));
      auto readback = take(pmb::ReadbackRing::create(*context_, {.capacity_bytes = 4096, .label = "ring"}));
      const auto pending = take(readback.request(buffer, 0, 256));
      mark();
      take(pending.copy_to(result, 1s));
      take(ring.drain());
    }
    context_.reset();
    return result;
  }

  Bytes run_in_c() {
    Bytes result(256);
    const auto ring_options = c_ring_options(4096);
    const auto pool_options = c_pool_options(256, 2);
    pmb_upload_ring* ring = nullptr;
    pmb_block_pool* pool = nullptr;
    pmb_readback_ring* readback = nullptr;
    pmb_ticket ticket = {};
    pmb_slice slice = {};
    ok(pmb_upload_ring_create(c_, &ring_options, &ring));
    for (int round = 0; round < 40; ++round) {
      ok(pmb_upload_ring_acquire(ring, 256, 0, &slice));
      ok(pmb_slice_fill(slice, 7));
      ok(pmb_upload_ring_publish(ring, slice, 200));
      ok(pmb_timeline_mark(c_, &ticket));
      ok(pmb_upload_ring_retire(ring, slice, ticket));
    }
    pmb_block block = {};
    ok(pmb_block_pool_create(c_, &pool_options, &pool));
    ok(pmb_block_pool_acquire(pool, &block));
    ok(pmb_block_pool_publish(pool, block, 256));
    ok(pmb_timeline_mark(c_, &ticket));
    ok(pmb_block_pool_retire(pool, block, ticket));
    const pmb_buffer_target buffer = {plain_buffer(256), 0, {}};
    ok(pmb_upload(c_, buffer, 0, pattern(256, 1).data(), 256));
    ok(pmb_download(c_, buffer, 0, result.data(), 256));
    pmb_pending_readback pending = {};
    ok(pmb_readback_ring_create(c_, &ring_options, &readback));
    ok(pmb_readback_ring_request(readback, buffer, 0, 256, &pending));
    ok(pmb_timeline_mark(c_, &ticket));
    ok(pmb_pending_readback_copy_to(pending, result.data(), 256, 1'000'000'000));
    ok(pmb_upload_ring_drain(ring, PMB_RING_TIMEOUT));
    pmb_readback_ring_destroy(&readback);
    pmb_block_pool_destroy(&pool);
    pmb_upload_ring_destroy(&ring);
    pmb_context_destroy(&c_);
    return result;
  }

  /// A fresh fake, and on it a context of pmb.h with the options of this path.
  void start_c() {
    SetUp();
    context_.reset();
    auto options = c_options();
    const pmb::Options chosen = options_of(GetParam().edit, GetParam().model);
    options.model = chosen.model ? plus_one(*chosen.model) : 0;
    options.path = chosen.path ? plus_one(*chosen.path) : 0;
    options.bind_to_edit = chosen.bind_to_edit;
    ok(pmb_context_from_current(&load, &options, &c_));
    fake_->clear_log();
  }

  pmb_context* c_ = nullptr;
};
INSTANTIATE_TEST_SUITE_P(Paths, CapiPath, every_path(), path_name);

TEST_P(CapiPath, MakesTheGlCallsOfCppAndMovesTheSameBytes) {
  EXPECT_EQ(run_in_cpp(), pattern(256, 1));
  const std::string in_cpp = calls();
  start_c();
  EXPECT_EQ(run_in_c(), pattern(256, 1));
  EXPECT_GT(std::ranges::count(in_cpp, '\n'), 100);
  EXPECT_EQ(calls(), in_cpp);
}

TEST_F(Capi, StatusesAndSentencesAreThoseOfCpp) {
  make_ring();
  pmb_slice slice = {};
  EXPECT_EQ(pmb_upload_ring_acquire(ring_, 8192, 0, &slice), PMB_TOO_LARGE);
  EXPECT_EQ(pmb_last_error_id(), PMB_ERROR_exceeds_ring);
  context_.emplace(take(open()));
  {
    auto ring = take(pmb::UploadRing::create(*context_, {.capacity_bytes = 4096}));
    EXPECT_EQ(pmb_last_error_message(), ring.acquire(8192).error().message());
  }
  put_c();
  EXPECT_EQ(pmb_context_profile_error(c_), PMB_OK);
  EXPECT_EQ(pmb_last_error_id(), PMB_ERROR_exceeds_ring) << "success changes no error";
}

TEST_F(Capi, ANegativeNumberIsNamedWithoutItsSign) {
  make_ring();
  pmb_slice slice = {};
  EXPECT_EQ(pmb_upload_ring_acquire(ring_, -5, 0, &slice), PMB_INVALID_ARGUMENT);
  EXPECT_NE(std::string(pmb_last_error_message()).find("timeout is -5;"), std::string::npos)
      << pmb_last_error_message();
}

TEST_F(Capi, TheLastErrorBelongsToItsThread) {
  make_ring();
  pmb_slice slice = {};
  EXPECT_EQ(pmb_upload_ring_acquire(ring_, 0, 0, &slice), PMB_INVALID_ARGUMENT);
  std::thread([&] {
    EXPECT_EQ(pmb_last_error_id(), PMB_ERROR_none);
    EXPECT_STREQ(pmb_last_error_message(), "");
    pmb_ticket ticket = {};
    EXPECT_EQ(pmb_timeline_mark(c_, &ticket), PMB_WRONG_CONTEXT);
    EXPECT_EQ(pmb_upload_ring_drain(ring_, 0), PMB_WRONG_CONTEXT);
    EXPECT_EQ(pmb_last_error_id(), PMB_ERROR_wrong_thread);
  }).join();
  EXPECT_EQ(pmb_last_error_id(), PMB_ERROR_zero_size);
}

TEST_F(Capi, ObjectsOutliveTheirContextAsInertOnes) {
  leaks_expected_ = true;
  make_ring();
  pmb_slice slice = put_c();
  const pmb_ticket ticket = mark_c();
  pmb_mapped_buffer* buffer = nullptr;
  const auto options = c_buffer_options(64, PMB_ACCESS_READ);
  ok(pmb_mapped_buffer_create(c_, &options, &buffer));
  pmb_context_destroy(&c_);
  EXPECT_EQ(c_, nullptr);
  EXPECT_EQ(pmb_upload_ring_acquire(ring_, 64, 0, &slice), PMB_WRONG_CONTEXT) << pmb_last_error_message();
  EXPECT_EQ(pmb_upload_ring_retire(ring_, slice, ticket), PMB_STALE_HANDLE);
  EXPECT_EQ(pmb_slice_raw_bytes(slice), nullptr);
  EXPECT_EQ(pmb_ticket_wait(ticket, 0), PMB_STALE_HANDLE);
  EXPECT_FALSE(pmb_mapped_buffer_is_mapped(buffer));
  EXPECT_STREQ(pmb_mapped_buffer_label(buffer), "");
  EXPECT_EQ(pmb_mapped_buffer_destroy(&buffer), PMB_STALE_HANDLE);
  EXPECT_EQ(buffer, nullptr);
}

TEST_F(Capi, DestroyingTwiceDoesNothing) {
  make_ring();
  const pmb_slice slice = put_c();
  pmb_upload_ring_destroy(&ring_);
  EXPECT_EQ(ring_, nullptr);
  pmb_upload_ring_destroy(&ring_);
  EXPECT_FALSE(pmb_slice_is_live(slice));
  pmb_mapped_buffer* none = nullptr;
  EXPECT_EQ(pmb_mapped_buffer_destroy(&none), PMB_OK);
  pmb_context_destroy(&c_);
  pmb_context_destroy(&c_);
}

TEST_F(Capi, ABufferStaysWhereItsContextIsNotCurrent) {
  pmb_mapped_buffer* buffer = nullptr;
  const auto options = c_buffer_options(64, PMB_ACCESS_READ);
  ok(pmb_mapped_buffer_create(c_, &options, &buffer));
  FakeGl::release_current();
  EXPECT_EQ(pmb_mapped_buffer_destroy(&buffer), PMB_WRONG_CONTEXT);
  EXPECT_NE(buffer, nullptr);
  fake_->make_current();
  EXPECT_EQ(pmb_mapped_buffer_destroy(&buffer), PMB_OK);
}

TEST_F(Capi, ARingTakesItsBufferAlsoIfItFails) {
  pmb_mapped_buffer* buffer = nullptr;
  const auto options = c_buffer_options(4096, PMB_ACCESS_READ);
  ok(pmb_mapped_buffer_create(c_, &options, &buffer));
  EXPECT_EQ(pmb_upload_ring_create_on(c_, &buffer, nullptr, &ring_), PMB_REFUSED);
  EXPECT_EQ(buffer, nullptr);
  EXPECT_EQ(ring_, nullptr);
}

TEST_F(Capi, ReportsAndStallsNameTheFunctionThatWasCalled) {
  // Static, because the context still has it when the test ends.
  static struct {
    std::string acquired_by, noticed_by, message, details;
  } seen;
  auto options = c_options();
  options.validation = [](void*, const pmb_report* report) {
    EXPECT_EQ(report->struct_bytes, sizeof *report);
    EXPECT_EQ(report->id, PMB_ERROR_slice_used_unpublished);
    EXPECT_STREQ(report->label, "ring");
    EXPECT_EQ(report->end_bytes - report->begin_bytes, 256);
    seen.acquired_by = report->acquired_by;
    seen.noticed_by = report->noticed_by;
    seen.message = report->message;
    testing::internal::CaptureStderr();
    pmb_print_report(nullptr, report);
    seen.details = testing::internal::GetCapturedStderr();
    EXPECT_EQ(seen.details, report->details);
  };
  open_c(options);
  make_ring();
  pmb_slice slice = {};
  ok(pmb_upload_ring_acquire(ring_, 256, 0, &slice));
  ok(pmb_slice_fill(slice, 1));
  EXPECT_NE(pmb_slice_buffer(slice), 0U);
  mark_c();
  EXPECT_EQ(seen.acquired_by.find("pmb_upload_ring_acquire"), 0U) << seen.acquired_by;
  EXPECT_EQ(seen.noticed_by.find("pmb_timeline_mark"), 0U) << seen.noticed_by;
  EXPECT_NE(seen.message.find(", acquired by pmb_upload_ring_acquire"), std::string::npos) << seen.message;
  EXPECT_EQ(seen.message.find(".cpp"), std::string::npos) << seen.message;
  EXPECT_EQ(seen.details.find("pmb: error PMB-81"), 0U) << seen.details;
  EXPECT_NE(seen.details.find("  noticed by pmb_timeline_mark"), std::string::npos) << seen.details;
  ok(pmb_upload_ring_cancel(ring_, slice));

  for (int round = 0; round < 20; ++round) {
    slice = put_c(1024);
    ok(pmb_upload_ring_retire(ring_, slice, mark_c()));
  }
  auto stats = sized<pmb_ring_stats>();
  ok(pmb_upload_ring_stats(ring_, &stats));
  EXPECT_GT(stats.waits, 0);
  EXPECT_EQ(std::string(stats.stalls[0].where).find("pmb_upload_ring_acquire"), 0U) << stats.stalls[0].where;
}

TEST_F(Capi, OptionsReachTheContext) {
  int lines = 0;
  auto options = c_options();
  options.log = [](void* user, pmb_log_level, const char* line) {
    *static_cast<int*>(user) += line[0] != '\0';
  };
  options.log_user = &lines;
  options.disabled_quirks = "software_update_order,nvidia_flush_barrier";
  options.profile = "/nowhere/profile.json";
  options.memory_limit_bytes = 1 << 20;
  options.timeout_ns = 1;
  open_c(options);
  EXPECT_GT(lines, 0);
  EXPECT_EQ(pmb_context_profile_error(c_), PMB_UNSUPPORTED);
  EXPECT_EQ(pmb_last_error_id(), PMB_ERROR_profile_missing);
  EXPECT_STREQ(pmb_context_profile_file(c_), "/nowhere/profile.json");
  EXPECT_EQ(pmb_context_memory_limit_bytes(c_), 1 << 20);
  const auto too_large = c_ring_options(2 << 20);
  EXPECT_EQ(pmb_upload_ring_create(c_, &too_large, &ring_), PMB_TOO_LARGE);
  make_ring();
  pmb_slice slice = put_c(4096);
  ok(pmb_upload_ring_retire(ring_, slice, mark_c()));
  fake_->script("glClientWaitSync", 1, strict_gl::timeout_expired().for_ever());
  EXPECT_EQ(pmb_upload_ring_acquire(ring_, 4096, 0, &slice), PMB_TIMED_OUT);
}

TEST_F(Capi, DisabledQuirksAreNamedInAListWithCommas) {
  FakeConfig nvidia;
  nvidia.vendor = "NVIDIA Corporation";
  nvidia.version_suffix = "NVIDIA 580.159.03";
  auto options = c_options();
  options.disabled_quirks = "nvidia_update_order,nvidia_flush_barrier";
  open_c(options, nvidia);
  std::string enabled;
  for (std::int64_t i = 0; i < pmb_context_quirk_count(c_); ++i) {
    auto quirk = sized<pmb_quirk>();
    ok(pmb_context_quirk(c_, i, &quirk));
    if (quirk.enabled) enabled += std::string(quirk.id) + " ";
  }
  EXPECT_EQ(enabled, "nvidia_readback_client_storage nvidia_upload_client_storage ");
}

TEST_F(Capi, AnyOfSeveralTicketsIsWaitedFor) {
  const pmb_ticket first = mark_c();
  const pmb_ticket tickets[] = {mark_c(), first};
  std::int64_t index = -1;
  ok(pmb_wait_any(tickets, 2, 1'000'000'000, &index));
  EXPECT_EQ(index, 1) << "the one that was marked first";
  EXPECT_TRUE(pmb_ticket_passed(first));
}

TEST_F(Capi, ABufferTargetKeepsWhatItsQueryFound) {
  pmb_buffer_target target = {};
  ok(pmb_buffer_target_query(c_, plain_buffer(100), PMB_BUFFER_USE_ANY, &target));
  EXPECT_EQ(pmb_buffer_target_size_bytes(target), 100);
}

TEST_F(Capi, AGrabberHasMemoryForAsManyFramesAsAskedFor) {
  GLuint names[2] = {};
  gl_.GenTextures(1, names);
  gl_.BindTexture(GL_TEXTURE_2D, names[0]);
  gl_.TexStorage2D(GL_TEXTURE_2D, 1, GL_RGBA8, 4, 4);
  gl_.BindTexture(GL_TEXTURE_2D, 0);
  gl_.GenFramebuffers(1, names + 1);
  gl_.BindFramebuffer(GL_FRAMEBUFFER, names[1]);
  gl_.FramebufferTexture2D(GL_FRAMEBUFFER, GL_COLOR_ATTACHMENT0, GL_TEXTURE_2D, names[0], 0);
  auto options = sized<pmb_frame_grabber_options>();
  options.frames = 2;
  pmb_frame_grabber* grabber = nullptr;
  ok(pmb_frame_grabber_create(c_, &options, &grabber));
  const pmb_pixel_rectangle pixels = {.x = 0, .y = 0, .width = 4, .height = 4};
  ok(pmb_frame_grabber_try_grab(grabber, &pixels));
  ok(pmb_frame_grabber_try_grab(grabber, &pixels));
  EXPECT_EQ(pmb_frame_grabber_try_grab(grabber, &pixels), PMB_WOULD_BLOCK);
  EXPECT_EQ(pmb_last_error_id(), PMB_ERROR_frames_not_taken);
  pmb_frame_grabber_destroy(&grabber);
}

TEST_F(Capi, NoSizeBeyondTheLimitIsMeasured) {
  auto options = sized<pmb_calibrate_options>();
  options.budget_ns = std::int64_t{3600} * 1'000'000'000;
  options.largest_bytes = 1024;
  pmb_calibration* measured = nullptr;
  ok(pmb_calibrate(c_, &options, &measured));
  EXPECT_TRUE(pmb_calibration_complete(measured));
  EXPECT_GT(pmb_calibration_cell_count(measured), 0);
  for (std::int64_t i = 0; i < pmb_calibration_cell_count(measured); ++i) {
    auto cell = sized<pmb_calibration_cell>();
    ok(pmb_calibration_cell_at(measured, i, &cell));
    EXPECT_LE(cell.size_bytes, 1024);
  }
  pmb_calibration_destroy(&measured);
}

TEST_F(Capi, CopiesUseAsManyThreadsAsAskedFor) {
  std::int64_t bodies = 0;
  auto options = sized<pmb_copy_options>();
  options.threads = 3;
  options.parallel_for_user = &bodies;
  options.parallel_for = [](void* user, std::int64_t count, pmb_parallel_body run, void* body) {
    *static_cast<std::int64_t*>(user) += count;
    for (std::int64_t i = 0; i < count; ++i) run(body, i);
  };
  const Bytes source = pattern(1 << 20, 1);
  Bytes target(source.size());
  const auto size = static_cast<std::int64_t>(source.size());
  ok(pmb_copy_to_mapped(target.data(), size, source.data(), size, &options));
  EXPECT_EQ(bodies, 3);
  EXPECT_EQ(target, source);
}

TEST_F(Capi, LargeCopiesUseTheThreadsOfTheProgram) {
  constexpr std::int64_t kSize = 1 << 20;
  int calls = 0;
  pmb_transfer_step step = {};
  step.threads = 2;
  auto plan = sized<pmb_transfer_plan>();
  plan.down.steps = &step;
  plan.down.step_count = 1;
  auto options = c_options();
  options.transfer = &plan;
  options.copy_threads = 2;
  options.parallel_for_user = &calls;
  options.parallel_for = [](void* user, std::int64_t count, pmb_parallel_body run, void* body) {
    ++*static_cast<int*>(user);
    for (std::int64_t i = count; i-- > 0;) run(body, i);
  };
  open_c(options);
  const Bytes bytes = pattern(kSize, 1);
  pmb_pending_readback pending = {};
  ok(pmb_download_async(c_, {plain_buffer(kSize, bytes.data()), 0, {}}, 0, kSize, &pending));
  Bytes copied(kSize);
  ok(pmb_pending_readback_copy_to(pending, copied.data(), kSize, 1'000'000'000));
  EXPECT_EQ(calls, 1);
  EXPECT_EQ(copied, bytes);
}

TEST_F(Capi, ATransferPlanGoesInAndComesBack) {
  const pmb_transfer_step steps[] = {
      {.up_to_bytes = 65536, .chunk_bytes = 65536, .path = PMB_PATH_TRADITIONAL, .threads = 1},
      {.up_to_bytes = 0, .chunk_bytes = 131072, .path = PMB_PATH_STAGED, .threads = 2}};
  auto plan = sized<pmb_transfer_plan>();
  plan.up.steps = steps;
  plan.up.step_count = 2;
  plan.up.ring_bytes = 1 << 20;
  plan.pending_bytes = 1 << 20;
  auto options = c_options();
  options.transfer = &plan;
  open_c(options);
  auto found = sized<pmb_transfer_plan>();
  ok(pmb_context_transfer_plan(c_, &found));
  ASSERT_EQ(found.up.step_count, 2);
  EXPECT_EQ(found.up.steps[0].up_to_bytes, 65536);
  EXPECT_EQ(found.up.steps[0].path, PMB_PATH_TRADITIONAL);
  EXPECT_EQ(found.up.steps[1].up_to_bytes, INT64_MAX);
  EXPECT_EQ(found.up.steps[1].threads, 2U);
  EXPECT_EQ(found.up.ring_bytes, 1 << 20);
  EXPECT_EQ(found.down.step_count, 1);
  EXPECT_EQ(found.down.ring_bytes, 8 << 20);
  EXPECT_EQ(found.pending_bytes, 1 << 20);
  plan.up.step_count = 1;
  EXPECT_EQ(pmb_transfer_plan_check(&plan), PMB_INVALID_ARGUMENT) << "the last step has a limit";
  EXPECT_EQ(pmb_last_error_id(), PMB_ERROR_bad_transfer_plan);
}

TEST_F(Capi, TextIsCutAtItsRoomAndKeepsItsLength) {
  char text[8] = "#######";
  std::int64_t length = 0;
  ok(pmb_flag_names(0x0042, text, 5, &length));
  EXPECT_STREQ(text, "MAP_");
  EXPECT_EQ(text[5], '#');
  EXPECT_EQ(length, static_cast<std::int64_t>(pmb::flag_names(0x0042).size()));
  ok(pmb_flag_names(0x0042, nullptr, 0, &length));
  ok(pmb_flag_names(0x0042, text, 1, nullptr));
  EXPECT_STREQ(text, "");
}

TEST_F(Capi, ASliceKeepsWhatDoesNotFit) {
  make_ring();
  pmb_slice slice = {};
  ok(pmb_upload_ring_acquire(ring_, 64, 0, &slice));
  const Bytes bytes = pattern(64, 1);
  EXPECT_EQ(pmb_slice_copy_from(slice, 1, bytes.data(), 64), PMB_INVALID_ARGUMENT);
  EXPECT_EQ(pmb_last_error_id(), PMB_ERROR_range_outside);
  EXPECT_EQ(pmb_slice_copy_from(slice, INT64_MAX, bytes.data(), 64), PMB_INVALID_ARGUMENT);
  ok(pmb_slice_copy_from(slice, 0, bytes.data(), 64));
  ok(pmb_upload_ring_publish(ring_, slice, 64));
  EXPECT_EQ(pmb_slice_fill(slice, 0), PMB_REFUSED);
  ok(pmb_upload_ring_retire(ring_, slice, mark_c()));
  EXPECT_EQ(pmb_slice_fill(slice, 0), PMB_STALE_HANDLE);
}

}  // namespace
