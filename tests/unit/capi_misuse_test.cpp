// SPDX-License-Identifier: MIT
// Every function of pmb.h with every pointer null, with negative numbers, with values that name nothing, and with
// structs of the wrong size: a status, and no crash.
#include <array>
#include <functional>
#include <set>
#include <tuple>
#include <type_traits>
#include <utility>

#include "capi_fixture.hpp"

namespace {

using namespace pmb_test;

/// The values that a function gets for the arguments that are not under test. Arrays have kMany elements.
constexpr int kMany = 64;

template <class Struct>
concept Sized = requires(Struct values) { values.struct_bytes; };

class CapiMisuse : public CapiTest {
 protected:
  void SetUp() override {
    CapiTest::SetUp();
    make_ring();
    const auto ring_options = c_ring_options(4096);
    const auto buffer_options = c_buffer_options(4096, PMB_ACCESS_SEQUENTIAL_WRITE);
    const auto pool_options = c_pool_options(256, 2);
    ok(pmb_readback_ring_create(c_, &ring_options, &readback_));
    ok(pmb_mapped_buffer_create(c_, &buffer_options, &buffer_));
    ok(pmb_block_pool_create(c_, &pool_options, &pool_));
    ok(pmb_upload_ring_lend(ring_, 1024, &arena_));
    ok(pmb_frame_grabber_create(c_, nullptr, &grabber_));
    ok(pmb_texture_feeder_create(c_, nullptr, &feeder_));
    const std::string json = pmb::Profile{}.to_json();
    ok(pmb_profile_from_json(json.data(), static_cast<std::int64_t>(json.size()), &profile_));
  }
  void TearDown() override {
    pmb_texture_feeder_destroy(&feeder_);
    pmb_frame_grabber_destroy(&grabber_);
    pmb_profile_destroy(&profile_);
    pmb_arena_destroy(&arena_);
    pmb_block_pool_destroy(&pool_);
    ok(pmb_mapped_buffer_destroy(&buffer_));
    pmb_readback_ring_destroy(&readback_);
    CapiTest::TearDown();
  }

  /// The object of each kind. Those that need EGL or a measurement stay null.
  template <class Handle>
  Handle*& object() {
    if constexpr (std::is_same_v<Handle, pmb_context>) return c_;
    if constexpr (std::is_same_v<Handle, pmb_upload_ring>) return ring_;
    if constexpr (std::is_same_v<Handle, pmb_readback_ring>) return readback_;
    if constexpr (std::is_same_v<Handle, pmb_mapped_buffer>) return buffer_;
    if constexpr (std::is_same_v<Handle, pmb_block_pool>) return pool_;
    if constexpr (std::is_same_v<Handle, pmb_arena>) return arena_;
    if constexpr (std::is_same_v<Handle, pmb_frame_grabber>) return grabber_;
    if constexpr (std::is_same_v<Handle, pmb_texture_feeder>) return feeder_;
    if constexpr (std::is_same_v<Handle, pmb_profile>) return profile_;
    static Handle* none = nullptr;
    return none;
  }

  template <class T>
  T value() {
    if constexpr (std::is_same_v<T, pmb_loader>) {
      return &load;
    } else if constexpr (std::is_same_v<T, pmb_user_loader>) {
      return [](void*, const char* name) { return load(name); };
    } else if constexpr (std::is_same_v<T, std::int64_t>) {
      return kMany;
    } else if constexpr (std::is_pointer_v<T>) {
      return pointer<std::remove_const_t<std::remove_pointer_t<T>>>();
    } else if constexpr (std::is_arithmetic_v<T>) {
      return T{1};
    } else {
      return T{};
    }
  }

  template <class Target>
  auto pointer() {
    if constexpr (std::is_pointer_v<Target>) {
      return &object<std::remove_pointer_t<Target>>();
    } else if constexpr (std::is_void_v<Target> || std::is_same_v<Target, char>) {
      static std::array<char, kMany> bytes = {"text"};
      return bytes.data();
    } else if constexpr (requires { sizeof(Target); }) {
      static std::array<Target, kMany> values = {};
      if constexpr (Sized<Target>) values[0].struct_bytes = sizeof(Target);
      return values.data();
    } else {
      return object<Target>();
    }
  }

  /// Calls `function` once for each argument that is a pointer and not in `optional`, with null for it; and once for each
  /// size, offset, count and timeout, with a negative one.
  template <class Result, class... Arguments>
  void refuses(const char* name, Result (*function)(Arguments...), std::set<std::size_t> optional = {}) {
    SCOPED_TRACE(name);
    [&]<std::size_t... kAt>(std::index_sequence<kAt...>) {
      (refuses_at<kAt>(function, optional), ...);
    }(std::index_sequence_for<Arguments...>());
  }

  template <std::size_t kAt, class Result, class... Arguments>
  void refuses_at(Result (*function)(Arguments...), const std::set<std::size_t>& optional) {
    using Argument = std::tuple_element_t<kAt, std::tuple<Arguments...>>;
    SCOPED_TRACE("argument " + std::to_string(kAt));
    std::tuple<Arguments...> arguments = {value<Arguments>()...};
    if constexpr (std::is_pointer_v<Argument>) {
      if (optional.contains(kAt)) return;
      std::get<kAt>(arguments) = nullptr;
      expect_refused<ErrorId::null_pointer>(function, arguments);
    } else if constexpr (std::is_same_v<Argument, std::int64_t>) {
      std::get<kAt>(arguments) = -2;
      expect_refused<ErrorId::negative_number>(function, arguments);
    }
  }

  template <ErrorId kId, class Result, class... Arguments>
  void expect_refused(Result (*function)(Arguments...), const std::tuple<Arguments...>& arguments) {
    if constexpr (std::is_void_v<Result>) {
      std::apply(function, arguments);
    } else if constexpr (std::is_same_v<Result, pmb_status>) {
      EXPECT_EQ(std::apply(function, arguments), PMB_INVALID_ARGUMENT);
      EXPECT_EQ(pmb_last_error_id(), static_cast<pmb_error_id>(kId)) << pmb_last_error_message();
    } else if constexpr (std::is_same_v<Result, const char*>) {
      EXPECT_STREQ(std::apply(function, arguments), "");
    } else {
      EXPECT_EQ(std::apply(function, arguments), Result{});
    }
  }

  pmb_readback_ring* readback_ = nullptr;
  pmb_mapped_buffer* buffer_ = nullptr;
  pmb_block_pool* pool_ = nullptr;
  pmb_arena* arena_ = nullptr;
  pmb_profile* profile_ = nullptr;
  pmb_frame_grabber* grabber_ = nullptr;
  pmb_texture_feeder* feeder_ = nullptr;
};

// Stringizes the name, so that a failure says which function it was.
#define REFUSES(function, ...) refuses(#function, &function __VA_OPT__(, ) __VA_ARGS__)

TEST_F(CapiMisuse, ContextCallsRefuseNullAndNegativeArguments) {
  REFUSES(pmb_context_from_current, {1});
  REFUSES(pmb_context_from_current_with, {1, 2});
  REFUSES(pmb_context_destroy, {0});
  pmb_context_destroy(nullptr);
  pmb_print_report(nullptr, nullptr);
  REFUSES(pmb_context_claim_thread);
  REFUSES(pmb_context_limits);
  REFUSES(pmb_context_driver);
  REFUSES(pmb_context_has_extension);
  REFUSES(pmb_context_quirk_count);
  REFUSES(pmb_context_quirk, {2});
  EXPECT_EQ(pmb_context_quirk(c_, 0, nullptr), PMB_INVALID_ARGUMENT);
  REFUSES(pmb_context_plan);
  REFUSES(pmb_context_transfer_plan);
  REFUSES(pmb_context_profile);
  REFUSES(pmb_context_profile_file);
  REFUSES(pmb_context_profile_error);
  REFUSES(pmb_context_mapped_bytes);
  REFUSES(pmb_context_memory_limit_bytes);
  REFUSES(pmb_context_take_caller_error);
  REFUSES(pmb_context_report_reset);
  REFUSES(pmb_context_lost);
  REFUSES(pmb_timeline_mark);
  REFUSES(pmb_timeline_adopt);
  REFUSES(pmb_timeline_poll);
  REFUSES(pmb_timeline_flush);
  REFUSES(pmb_timeline_marked_serial);
  REFUSES(pmb_ticket_wait);
  REFUSES(pmb_ticket_wait_on_gpu);
  REFUSES(pmb_wait_any);
}

TEST_F(CapiMisuse, RingCallsRefuseNullAndNegativeArguments) {
  REFUSES(pmb_upload_ring_create);
  REFUSES(pmb_upload_ring_create_on, {2});
  REFUSES(pmb_upload_ring_destroy, {0});
  pmb_upload_ring_destroy(nullptr);
  REFUSES(pmb_upload_ring_acquire);
  REFUSES(pmb_upload_ring_try_acquire);
  REFUSES(pmb_upload_ring_publish);
  REFUSES(pmb_upload_ring_publish_many, {3});
  REFUSES(pmb_upload_ring_cancel);
  REFUSES(pmb_upload_ring_retire);
  REFUSES(pmb_upload_ring_retire_all);
  REFUSES(pmb_upload_ring_retire_issued);
  REFUSES(pmb_upload_ring_drain);
  REFUSES(pmb_upload_ring_stats);
  REFUSES(pmb_upload_ring_mapped_buffer);
  REFUSES(pmb_upload_ring_lend);
  REFUSES(pmb_upload_ring_publish_arena);
  REFUSES(pmb_upload_ring_cancel_arena);
  REFUSES(pmb_arena_destroy, {0});
  pmb_arena_destroy(nullptr);
  REFUSES(pmb_arena_take);
  REFUSES(pmb_arena_taken_bytes);
  REFUSES(pmb_arena_size_bytes);
  REFUSES(pmb_slice_copy_from);
  REFUSES(pmb_readback_ring_create);
  REFUSES(pmb_readback_ring_create_on, {2});
  REFUSES(pmb_readback_ring_destroy, {0});
  pmb_readback_ring_destroy(nullptr);
  REFUSES(pmb_readback_ring_request);
  REFUSES(pmb_readback_ring_acquire);
  REFUSES(pmb_readback_ring_drain);
  REFUSES(pmb_readback_ring_stats);
  REFUSES(pmb_readback_ring_mapped_buffer);
  REFUSES(pmb_pending_readback_try_view);
  REFUSES(pmb_pending_readback_wait);
  REFUSES(pmb_pending_readback_copy_to);
}

TEST_F(CapiMisuse, BufferAndPoolCallsRefuseNullAndNegativeArguments) {
  REFUSES(pmb_mapped_buffer_create);
  REFUSES(pmb_mapped_buffer_adopt);
  REFUSES(pmb_mapped_buffer_adopt_memory, {4});
  EXPECT_EQ(pmb_mapped_buffer_destroy(nullptr), PMB_INVALID_ARGUMENT);
  REFUSES(pmb_mapped_buffer_write);
  REFUSES(pmb_mapped_buffer_read);
  REFUSES(pmb_mapped_buffer_flush);
  REFUSES(pmb_mapped_buffer_raw_bytes);
  REFUSES(pmb_mapped_buffer_buffer);
  REFUSES(pmb_mapped_buffer_size_bytes);
  REFUSES(pmb_mapped_buffer_offset_bytes);
  REFUSES(pmb_mapped_buffer_is_mapped);
  REFUSES(pmb_mapped_buffer_plan);
  REFUSES(pmb_mapped_buffer_label);
  REFUSES(pmb_block_pool_create);
  REFUSES(pmb_block_pool_destroy, {0});
  pmb_block_pool_destroy(nullptr);
  REFUSES(pmb_block_pool_acquire);
  REFUSES(pmb_block_pool_try_acquire);
  REFUSES(pmb_block_pool_publish);
  REFUSES(pmb_block_pool_retire);
  REFUSES(pmb_block_pool_try_view);
  REFUSES(pmb_block_pool_wait_view);
  REFUSES(pmb_block_pool_release);
  REFUSES(pmb_block_pool_count);
  REFUSES(pmb_block_pool_free_count);
}

TEST_F(CapiMisuse, TransferAndTextureCallsRefuseNullAndNegativeArguments) {
  REFUSES(pmb_buffer_target_query);
  REFUSES(pmb_upload);
  REFUSES(pmb_download);
  REFUSES(pmb_download_async);
  REFUSES(pmb_texel_bytes);
  REFUSES(pmb_upload_texture, {5});
  REFUSES(pmb_upload_textures, {3});
  REFUSES(pmb_upload_texture_from_slice);
  REFUSES(pmb_upload_texture_from_block);
  REFUSES(pmb_read_pixels);
  REFUSES(pmb_read_pixels_into_ring);
  REFUSES(pmb_read_pixels_into_block);
  REFUSES(pmb_read_texture);
  REFUSES(pmb_read_texture_into_ring);
  REFUSES(pmb_read_texture_into_block);
  REFUSES(pmb_copy_to_mapped, {4});
  REFUSES(pmb_copy_from_mapped, {4});
}

TEST_F(CapiMisuse, FrameCallsRefuseNullAndNegativeArguments) {
  REFUSES(pmb_frame_grabber_create, {1});
  REFUSES(pmb_frame_grabber_destroy, {0});
  pmb_frame_grabber_destroy(nullptr);
  REFUSES(pmb_frame_grabber_grab);
  REFUSES(pmb_frame_grabber_grab_texture);
  REFUSES(pmb_frame_grabber_try_grab);
  REFUSES(pmb_frame_grabber_try_grab_texture);
  REFUSES(pmb_frame_grabber_next);
  REFUSES(pmb_frame_grabber_stats);
  REFUSES(pmb_frame_bytes);
  REFUSES(pmb_frame_size_bytes);
  REFUSES(pmb_frame_width);
  REFUSES(pmb_frame_height);
  REFUSES(pmb_frame_number);
  // There is no frame here, so a negative timeout does not matter.
  EXPECT_EQ(pmb_frame_write_to(nullptr, 0, 1), PMB_INVALID_ARGUMENT);
  REFUSES(pmb_frame_release, {0});
  pmb_frame_release(nullptr);
  REFUSES(pmb_texture_feeder_create, {1});
  REFUSES(pmb_texture_feeder_destroy, {0});
  pmb_texture_feeder_destroy(nullptr);
  REFUSES(pmb_texture_feeder_queue);
  REFUSES(pmb_texture_feeder_queue_slice);
  REFUSES(pmb_texture_feeder_queue_block);
  REFUSES(pmb_texture_feeder_feed, {1});
  REFUSES(pmb_texture_feeder_is_fed);
  REFUSES(pmb_texture_feeder_queued_bytes);
  EXPECT_EQ(pmb_texture_feeder_ticket(nullptr).words[1], 0U);
}

TEST_F(CapiMisuse, PlanProfileAndHeadlessCallsRefuseNullAndNegativeArguments) {
  REFUSES(pmb_plan_describe, {3});
  REFUSES(pmb_flag_names, {3});
  REFUSES(pmb_transfer_plan_check);
  REFUSES(pmb_transfer_plan_describe, {3});
  REFUSES(pmb_profile_load);
  REFUSES(pmb_profile_from_json);
  REFUSES(pmb_profile_destroy, {0});
  pmb_profile_destroy(nullptr);
  REFUSES(pmb_profile_save);
  REFUSES(pmb_profile_to_json, {3});
  REFUSES(pmb_profile_file_name, {3});
  REFUSES(pmb_profile_default_folder, {2});
  REFUSES(pmb_calibrate, {1});
  REFUSES(pmb_calibration_destroy);
  REFUSES(pmb_calibration_profile);
  REFUSES(pmb_calibration_complete);
  REFUSES(pmb_calibration_wrong);
  REFUSES(pmb_calibration_cell_count);
  REFUSES(pmb_list_gpus);
  REFUSES(pmb_gpu_list_destroy);
  REFUSES(pmb_gpu_list_count);
  REFUSES(pmb_headless_context_create, {0});
  REFUSES(pmb_headless_context_destroy);
  REFUSES(pmb_headless_context_make_current);
  REFUSES(pmb_headless_context_release_current);
  REFUSES(pmb_headless_context_gpu);
  REFUSES(pmb_headless_context_loader);
  REFUSES(pmb_headless_context_native_display);
  REFUSES(pmb_headless_context_native_context);
  REFUSES(pmb_cuda_open);
  REFUSES(pmb_cuda_destroy);
  REFUSES(pmb_cuda_pointer_of_buffer);
  REFUSES(pmb_cuda_pointer_of_slice);
  REFUSES(pmb_cuda_pointer_of_readback);
  REFUSES(pmb_cuda_pointer_of_block);
  REFUSES(pmb_cuda_pointer_of_frame);
  REFUSES(pmb_cuda_order, {1});
  REFUSES(pmb_cuda_orders_on_gpu);
  REFUSES(pmb_cuda_buffer_create);
  REFUSES(pmb_cuda_buffer_destroy);
  REFUSES(pmb_cuda_buffer_map, {1});
  REFUSES(pmb_cuda_buffer_unmap);
  REFUSES(pmb_cuda_buffer_size_bytes);
}

// The objects of these calls need EGL or a measurement, and are null here.
TEST_F(CapiMisuse, EntriesOfListsRefuseANullList) {
  auto gpu = sized<pmb_gpu_info>();
  EXPECT_EQ(pmb_gpu_list_get(nullptr, 0, &gpu), PMB_INVALID_ARGUMENT);
  auto cell = sized<pmb_calibration_cell>();
  EXPECT_EQ(pmb_calibration_cell_at(nullptr, 0, &cell), PMB_INVALID_ARGUMENT);
}

TEST_F(CapiMisuse, EmptyValuesAreStaleAndInert) {
  EXPECT_FALSE(pmb_ticket_passed({}));
  EXPECT_EQ(pmb_ticket_serial({}), 0U);
  EXPECT_EQ(pmb_ticket_wait({}, 0), PMB_STALE_HANDLE);
  EXPECT_EQ(pmb_slice_raw_bytes({}), nullptr);
  EXPECT_EQ(pmb_slice_size_bytes({}), 0);
  EXPECT_EQ(pmb_slice_buffer({}), 0U);
  EXPECT_EQ(pmb_slice_offset_bytes({}), 0);
  EXPECT_FALSE(pmb_slice_is_live({}));
  EXPECT_EQ(pmb_slice_fill({}, 0), PMB_STALE_HANDLE);
  EXPECT_EQ(pmb_upload_ring_publish(ring_, {}, 0), PMB_STALE_HANDLE);
  EXPECT_EQ(pmb_upload_ring_cancel(ring_, {}), PMB_STALE_HANDLE);
  EXPECT_EQ(pmb_upload_ring_retire(ring_, {}, mark_c()), PMB_STALE_HANDLE);
  EXPECT_EQ(pmb_pending_readback_release({}), PMB_STALE_HANDLE);
  EXPECT_EQ(pmb_pending_readback_buffer({}), 0U);
  EXPECT_EQ(pmb_pending_readback_offset_bytes({}), 0);
  EXPECT_EQ(pmb_pending_readback_size_bytes({}), 0);
  EXPECT_FALSE(pmb_pending_readback_is_live({}));
  EXPECT_EQ(pmb_ticket_serial(pmb_pending_readback_ticket({})), 0U);
  EXPECT_EQ(pmb_block_raw_bytes({}), nullptr);
  EXPECT_EQ(pmb_block_buffer({}), 0U);
  EXPECT_EQ(pmb_block_size_bytes({}), 0);
  EXPECT_FALSE(pmb_block_is_live({}));
  EXPECT_EQ(pmb_block_pool_release(pool_, {}), PMB_STALE_HANDLE);
  EXPECT_EQ(pmb_buffer_target_size_bytes({}), 0);
}

/// Calls with the struct one byte too short, one too long, and without a size.
template <class Struct, class Call>
void expect_size_checked(const char* name, Call&& call) {
  SCOPED_TRACE(name);
  for (const std::size_t size : {std::size_t{0}, sizeof(Struct) - 1, sizeof(Struct) + 1}) {
    auto values = sized<Struct>();
    values.struct_bytes = size;
    EXPECT_EQ(call(&values), PMB_INVALID_ARGUMENT) << size;
    EXPECT_EQ(pmb_last_error_id(), PMB_ERROR_struct_size) << size;
  }
}
#define CHECKS_SIZE(type, call) expect_size_checked<type>(#type, [&](type* values) { return call; })

TEST_F(CapiMisuse, StructsOfAnotherSizeAreRefused) {
  pmb_context* context = nullptr;
  pmb_calibration* calibration = nullptr;
  pmb_headless_context* headless = nullptr;
  char byte = 0;
  CHECKS_SIZE(pmb_options, pmb_context_from_current(&load, values, &context));
  CHECKS_SIZE(pmb_limits, pmb_context_limits(c_, values));
  CHECKS_SIZE(pmb_driver, pmb_context_driver(c_, values));
  CHECKS_SIZE(pmb_quirk, pmb_context_quirk(c_, 0, values));
  CHECKS_SIZE(pmb_plan, pmb_context_plan(c_, 0, 64, 1, values));
  CHECKS_SIZE(pmb_plan, pmb_plan_describe(values, nullptr, 0, nullptr));
  CHECKS_SIZE(pmb_transfer_plan, pmb_context_transfer_plan(c_, values));
  CHECKS_SIZE(pmb_transfer_plan, pmb_transfer_plan_check(values));
  CHECKS_SIZE(pmb_copy_options, pmb_copy_to_mapped(&byte, 1, &byte, 1, values));
  CHECKS_SIZE(pmb_mapped_buffer_options, pmb_mapped_buffer_create(c_, values, &buffer_));
  CHECKS_SIZE(pmb_adopted_mapping, pmb_mapped_buffer_adopt(c_, values, &buffer_));
  CHECKS_SIZE(pmb_ring_options, pmb_upload_ring_create(c_, values, &ring_));
  CHECKS_SIZE(pmb_ring_options, pmb_upload_ring_create_on(c_, &buffer_, values, &ring_));
  CHECKS_SIZE(pmb_ring_options, pmb_readback_ring_create(c_, values, &readback_));
  CHECKS_SIZE(pmb_ring_stats, pmb_upload_ring_stats(ring_, values));
  CHECKS_SIZE(pmb_block_pool_options, pmb_block_pool_create(c_, values, &pool_));
  CHECKS_SIZE(pmb_frame_grabber_options, pmb_frame_grabber_create(c_, values, &grabber_));
  CHECKS_SIZE(pmb_grabber_stats, pmb_frame_grabber_stats(grabber_, values));
  CHECKS_SIZE(pmb_texture_feeder_options, pmb_texture_feeder_create(c_, values, &feeder_));
  CHECKS_SIZE(pmb_headless_options, pmb_headless_context_create(values, &headless));
  CHECKS_SIZE(pmb_calibrate_options, pmb_calibrate(c_, values, &calibration));
  EXPECT_TRUE(pmb_mapped_buffer_is_mapped(buffer_)) << "the refused create_on() took the buffer";
}

TEST_F(CapiMisuse, ValuesThatNameNoConstantAreRefused) {
  auto plan = sized<pmb_plan>();
  auto options = c_options();
  pmb_context* context = nullptr;
  pmb_buffer_target target = {};
  const auto expect_unknown = [](pmb_status status) {
    EXPECT_EQ(status, PMB_INVALID_ARGUMENT);
    EXPECT_EQ(pmb_last_error_id(), PMB_ERROR_unknown_constant);
  };
  for (const std::int32_t wrong : {-1, 5, 99}) {
    expect_unknown(pmb_context_plan(c_, wrong, 64, 1, &plan));
    options.model = wrong;
    expect_unknown(pmb_context_from_current(&load, &options, &context));
    options.model = 0;
    options.path = wrong;
    expect_unknown(pmb_context_from_current(&load, &options, &context));
    options.path = 0;
    expect_unknown(pmb_buffer_target_query(c_, 1, wrong, &target));
    EXPECT_STREQ(pmb_access_name(wrong), "unknown");
    EXPECT_STREQ(pmb_model_name(wrong), "unknown");
    EXPECT_STREQ(pmb_path_name(wrong), "unknown");
  }
  EXPECT_STREQ(pmb_status_name(99), "unknown");
  EXPECT_STREQ(pmb_error_name(9999), "unknown");
  auto quirk = sized<pmb_quirk>();
  EXPECT_EQ(pmb_context_quirk(c_, pmb_context_quirk_count(c_), &quirk), PMB_INVALID_ARGUMENT);
  EXPECT_EQ(pmb_last_error_id(), PMB_ERROR_no_such_entry);
}

TEST_F(CapiMisuse, AnExceptionForWantOfMemoryIsAStatus) {
  const pmb_ticket ticket = mark_c();
  const pmb_slice slice = {};
  std::int64_t index = 0;
  EXPECT_EQ(pmb_wait_any(&ticket, INT64_MAX, 0, &index), PMB_OUT_OF_MEMORY);
  EXPECT_EQ(pmb_upload_ring_publish_many(ring_, &slice, INT64_MAX, nullptr), PMB_OUT_OF_MEMORY);
  EXPECT_EQ(pmb_last_error_id(), PMB_ERROR_out_of_host_memory);
}

}  // namespace
