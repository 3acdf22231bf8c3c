// SPDX-License-Identifier: MIT
// Contexts without a window on machines that a test describes: what list_gpus() says of each device, and which device and
// version a context gets. tests/gl has the drivers of this machine.
#include <EGL/egl.h>
#include <gtest/gtest.h>
#include <pmb.h>

#include <pmb/headless.hpp>
#include <string>
#include <vector>

#include "fake_egl.hpp"

namespace {

using fake_egl::Device;
using pmb::ErrorId;
using pmb::HeadlessContext;
using pmb::HeadlessOptions;

Device amd_device() {
  return {.extensions = "EGL_EXT_device_drm EGL_EXT_device_drm_render_node",
          .card = "/dev/dri/card1",
          .render_node = "/dev/dri/renderD129",
          .display_extensions = "EGL_KHR_no_config_context EGL_MESA_query_driver",
          .driver = "radeonsi",
          .gl_renderer = "AMD Radeon RX 7900 XTX"};
}
Device nvidia_device() {
  return {.extensions = "EGL_NV_device_cuda EGL_EXT_device_query_name EGL_EXT_device_drm_render_node",
          .name = "NVIDIA H200",
          .render_node = "/dev/dri/renderD128",
          .cuda_device = 3,
          .vendor = "NVIDIA"};
}
Device llvmpipe_device() {
  return {.extensions = "EGL_MESA_device_software",
          .vendor = "Mesa Project",
          .gl_renderer = "llvmpipe (LLVM 15.0.6, 256 bits)",
          .newest = 45};
}

class HeadlessDevices : public testing::Test {
 protected:
  void TearDown() override {
    EXPECT_EQ(fake_egl::live_contexts(), 0U) << "contexts left behind";
    EXPECT_EQ(eglGetCurrentContext(), EGL_NO_CONTEXT) << "a context left current";
    fake_egl::set({});
  }

  /// The version of the context that these options make, or 0.
  static int version_with(const HeadlessOptions& options) {
    const auto context = HeadlessContext::create(options);
    return context ? fake_egl::made(context->native_context()).version : 0;
  }
  static std::string name_with(const HeadlessOptions& options) {
    const auto context = HeadlessContext::create(options);
    return context ? context->gpu().name : to_string(context.error().id);
  }
};

TEST_F(HeadlessDevices, AreListedWithWhatEglAndGlSayOfThem) {
  fake_egl::set({llvmpipe_device(), amd_device(), nvidia_device()});
  const auto gpus = pmb::list_gpus();
  ASSERT_TRUE(gpus) << gpus.error().message();
  ASSERT_EQ(gpus->size(), 3U);
  for (std::size_t i = 0; i < 3; ++i) EXPECT_EQ((*gpus)[i].index, static_cast<int>(i));
  const pmb::GpuInfo& amd = (*gpus)[0];
  EXPECT_EQ(amd.name, "AMD Radeon RX 7900 XTX") << "EGL names it not, GL does";
  EXPECT_EQ(amd.driver, "radeonsi");
  EXPECT_EQ(amd.device_path, "/dev/dri/card1");
  EXPECT_FALSE(amd.software);
  EXPECT_EQ(amd.cuda_device, std::nullopt);
  const pmb::GpuInfo& h200 = (*gpus)[1];
  EXPECT_EQ(h200.name, "NVIDIA H200");
  EXPECT_EQ(h200.driver, "NVIDIA") << "its vendor, since EGL names no driver";
  EXPECT_EQ(h200.device_path, "/dev/dri/renderD128");
  EXPECT_EQ(h200.cuda_device, 3);
  const pmb::GpuInfo& cpu = (*gpus)[2];
  EXPECT_EQ(cpu.name, "llvmpipe (LLVM 15.0.6, 256 bits)");
  EXPECT_EQ(cpu.device_path, "");
  EXPECT_TRUE(cpu.software) << "it comes last";
}

TEST_F(HeadlessDevices, ThatDoNotWorkAreLeftOut) {
  Device broken = amd_device();
  broken.initializes = false;
  Device without_gl = amd_device();
  without_gl.newest = without_gl.newest_es = 0;
  Device only_es = amd_device();
  only_es.newest = 0;
  only_es.gl_renderer = "Mali-G78";
  fake_egl::set({broken, without_gl, only_es});
  const auto gpus = pmb::list_gpus();
  ASSERT_TRUE(gpus) << gpus.error().message();
  ASSERT_EQ(gpus->size(), 1U);
  EXPECT_EQ(gpus->front().name, "Mali-G78");
  fake_egl::set({broken, without_gl});
  const auto none = pmb::list_gpus();
  ASSERT_FALSE(none);
  EXPECT_EQ(none.error().id, ErrorId::egl_unavailable);
  EXPECT_EQ(none.error().numbers[0], 2U) << "devices, of which none works";
}

TEST_F(HeadlessDevices, ADisplayWithoutADeviceServesWhereNoDeviceDoes) {
  Device plain = llvmpipe_device();
  plain.extensions = "";
  fake_egl::set({}, plain);
  const auto gpus = pmb::list_gpus();
  ASSERT_TRUE(gpus) << gpus.error().message();
  ASSERT_EQ(gpus->size(), 1U);
  EXPECT_TRUE(gpus->front().software) << "GL's name says so";
  fake_egl::set({amd_device()}, plain);
  EXPECT_EQ(name_with({}), "AMD Radeon RX 7900 XTX");
  EXPECT_EQ(pmb::list_gpus()->size(), 1U);
}

TEST_F(HeadlessDevices, AreChosenByEachOption) {
  fake_egl::set({llvmpipe_device(), amd_device(), nvidia_device()});
  EXPECT_EQ(name_with({}), "AMD Radeon RX 7900 XTX");
  EXPECT_EQ(name_with({.gpu_index = 0}), "AMD Radeon RX 7900 XTX");
  EXPECT_EQ(name_with({.gpu_index = 1}), "NVIDIA H200");
  EXPECT_EQ(name_with({.gpu_index = 3}), "no_such_gpu");
  EXPECT_EQ(name_with({.gpu_name = "nvidia"}), "NVIDIA H200");
  EXPECT_EQ(name_with({.gpu_index = 0, .gpu_name = "nvidia"}), "no_such_gpu");
  EXPECT_EQ(name_with({.cuda_device = 3}), "NVIDIA H200");
  EXPECT_EQ(name_with({.cuda_device = 0}), "no_such_gpu") << "others have no number";
  EXPECT_EQ(name_with({.software = true}), "llvmpipe (LLVM 15.0.6, 256 bits)");
}

TEST_F(HeadlessDevices, AreChosenFromCByNumbersThatAreFlagged) {
  fake_egl::set({amd_device(), nvidia_device()});
  const auto name_of = [](const pmb_headless_options& options) {
    pmb_headless_context* headless = nullptr;
    EXPECT_EQ(pmb_headless_context_create(&options, &headless), PMB_OK) << pmb_last_error_message();
    pmb_gpu_info gpu = {};
    gpu.struct_bytes = sizeof gpu;
    EXPECT_EQ(pmb_headless_context_gpu(headless, &gpu), PMB_OK);
    std::string name = gpu.name;
    pmb_headless_context_destroy(&headless);
    return name;
  };
  pmb_headless_options options = {};
  options.struct_bytes = sizeof options;
  options.gpu_index = 1;
  options.cuda_device = 3;
  EXPECT_EQ(name_of(options), "AMD Radeon RX 7900 XTX");
  options.by_index = true;
  EXPECT_EQ(name_of(options), "NVIDIA H200");
  options.by_index = false;
  options.by_cuda_device = true;
  EXPECT_EQ(name_of(options), "NVIDIA H200");
}

TEST_F(HeadlessDevices, GiveTheNewestVersionThatTheyHave) {
  for (const int newest : {46, 45, 44, 43, 42, 41, 40, 33, 32}) {
    Device device = amd_device();
    device.newest = newest;
    fake_egl::set({device});
    EXPECT_EQ(version_with({}), newest);
    EXPECT_EQ(version_with({.gl_major = newest / 10, .gl_minor = newest % 10}), newest);
    EXPECT_EQ(version_with({.gl_major = newest / 10, .gl_minor = newest % 10 + 1}), 0) << newest;
    EXPECT_EQ(version_with({.gles = true}), 32);
  }
  Device old = amd_device();
  old.newest = 31;
  old.newest_es = 30;
  fake_egl::set({old});
  EXPECT_EQ(version_with({}), 0);
  EXPECT_EQ(version_with({.gles = true}), 30);
  EXPECT_EQ(version_with({.gles = true, .gl_major = 3, .gl_minor = 1}), 0);
}

TEST_F(HeadlessDevices, GetWhatTheOptionsAskFor) {
  Device device = amd_device();
  device.display_extensions = "";
  fake_egl::set({device});
  auto first = HeadlessContext::create();
  ASSERT_TRUE(first) << first.error().message();
  const fake_egl::Made& plain = fake_egl::made(first->native_context());
  EXPECT_TRUE(plain.has_config) << "the display cannot do without";
  EXPECT_TRUE(plain.robust);
  EXPECT_FALSE(plain.no_error || plain.shares || plain.gles);
  const auto second =
      HeadlessContext::create({.gles = true, .no_error = true, .robust = false, .share_with = &*first});
  ASSERT_TRUE(second) << second.error().message();
  const fake_egl::Made& other = fake_egl::made(second->native_context());
  EXPECT_FALSE(other.robust);
  EXPECT_TRUE(other.no_error && other.shares && other.gles);
  HeadlessContext moved = std::move(*first);
  EXPECT_EQ(first->make_current().error().id, ErrorId::egl_failed);  // NOLINT: a moved-from context refuses
  ASSERT_TRUE(moved.make_current());
  EXPECT_EQ(eglGetCurrentContext(), moved.native_context());
}

TEST_F(HeadlessDevices, LeaveWhatIsCurrentAsItIs) {
  fake_egl::set({amd_device(), llvmpipe_device()});
  auto own = HeadlessContext::create();
  ASSERT_TRUE(own && own->make_current());
  eglBindAPI(EGL_OPENGL_API);
  EXPECT_TRUE(pmb::list_gpus());
  EXPECT_TRUE(HeadlessContext::create({.gles = true}));
  EXPECT_EQ(eglGetCurrentContext(), own->native_context());
  EXPECT_EQ(eglQueryAPI(), static_cast<EGLenum>(EGL_OPENGL_API));
}

}  // namespace
