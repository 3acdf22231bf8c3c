// SPDX-License-Identifier: MIT
// See gl_fixture.hpp.
#include "gl_fixture.hpp"

#include <EGL/egl.h>

#include <algorithm>
#include <cstdio>
#include <cstring>
#include <pmb/tune/transfer_plan.hpp>
#include <string_view>
#include <utility>

#include "gl_scene.hpp"
#include "gl_spy.hpp"

namespace gl_test {

Bytes pattern(std::size_t count, std::uint32_t seed) {
  Bytes bytes(count);
  std::uint32_t state = seed * 2654435761u + 12345u;
  std::byte* const data = bytes.data();
  for (std::size_t at = 0; at < count; ++at) {
    state = state * 1664525u + 1013904223u;
    data[at] = static_cast<std::byte>(state >> 24);
  }
  return bytes;
}

std::ptrdiff_t first_difference(std::span<const std::byte> left, std::span<const std::byte> right) {
  // Megabytes are equal nearly always, and sanitizers check each step of an iterator.
  if (left.size() == right.size() &&
      (left.empty() || std::memcmp(left.data(), right.data(), left.size()) == 0))
    return -1;
  const auto [at, other] = std::mismatch(left.begin(), left.end(), right.begin(), right.end());
  return at == left.end() && other == right.end() ? -1 : at - left.begin();
}

GladGLContext load_gl() {
  GladGLContext gl{};
  using GetString = const unsigned char* (*)(GLenum);
  const auto get_string = reinterpret_cast<GetString>(eglGetProcAddress("glGetString"));
  const auto* const version = reinterpret_cast<const char*>(get_string(GL_VERSION));
  const bool es = std::string_view(version != nullptr ? version : "").starts_with("OpenGL ES ");
  EXPECT_NE(es ? gladLoadGLES2Context(&gl, eglGetProcAddress) : gladLoadGLContext(&gl, eglGetProcAddress), 0);
  if (!gl.BufferStorage) gl.BufferStorage = gl.BufferStorageEXT;
  if (!gl.TexBuffer) gl.TexBuffer = gl.TexBufferEXT;
  if (!gl.TexBufferRange) gl.TexBufferRange = gl.TexBufferRangeEXT;
  return gl;
}

pmb::Result<pmb::HeadlessContext> make_headless(pmb::HeadlessOptions options) {
  pmb::Options ignored;
  apply_configuration(options, ignored);
  return pmb::HeadlessContext::create(options);
}

void GlTest::SetUp() {
  open(test_options());
}

void GlTest::open(TestOptions wanted) {
  close();
  apply_configuration(wanted.headless, wanted.options);
  auto headless = pmb::HeadlessContext::create(wanted.headless);
  if (!headless && wanted.headless.software) PMB_NEEDS_SOFTWARE_RENDERER();
  if (!headless) PMB_SKIP("no such GL context here: " << headless.error().message());
  headless_ = std::move(*headless);
  ASSERT_TRUE(headless_->make_current());
  gl_ = load_gl();

  pmb::Options options = wanted.options;
  if (wanted.validate && !options.validation) {
    options.validation = [this](const pmb::Report& report) {
      // Advice depends on the speed of the machine.
      if (pmb::severity_of(report.id) == pmb::Severity::advice) return;
      reports_.push_back({report, std::string(report.label)});
      // The label is borrowed and may be gone when the report is read.
      reports_.back().report.label = {};
    };
  }
  if (wanted.spy) wanted.load = &GlSpy::load;
  const pmb::Loader loader = wanted.load ? pmb::Loader(wanted.load) : pmb::HeadlessContext::loader();
  auto context = pmb::Context::from_current(loader, options);
  ASSERT_TRUE(context) << context.error().message();
  context_ = std::move(*context);
  const std::string difference = difference_from_configuration(*context_);
  if (difference.empty()) return;
  // Mesa's software renderers can be every configuration; other drivers cannot hide features.
  if (software())
    FAIL() << context_->driver().version << " is not " << configuration().name << ": " << difference;
  GTEST_SKIP() << context_->driver().version << " is not " << configuration().name << ": " << difference;
}

bool GlTest::has_quirk(std::string_view id) const {
  const auto quirks = context_->quirks();
  return std::any_of(quirks.begin(), quirks.end(),
                     [&](const pmb::Quirk& quirk) { return quirk.enabled && id == quirk.id; });
}

void GlTest::close() {
  context_.reset();
  headless_.reset();
}

void GlTest::TearDown() {
  if (context_ && eglGetCurrentContext() == headless_->native_context()) expect_no_gl_error();
  close();
  expect_reports({});
  EXPECT_EQ(eglGetCurrentContext(), EGL_NO_CONTEXT) << "the test left a context current";
}

pmb::Ticket GlTest::mark() {
  const auto ticket = timeline().mark();
  EXPECT_TRUE(ticket) << ticket.error().message();
  return ticket.value_or(pmb::Ticket());
}

void GlTest::wait(pmb::Ticket ticket) {
  const auto passed = ticket.wait(kPatience);
  EXPECT_TRUE(passed) << passed.error().message();
}

GLuint GlTest::plain_buffer(std::size_t size_bytes, const void* data) {
  GLuint name = 0;
  gl_.GenBuffers(1, &name);
  gl_.BindBuffer(GL_COPY_WRITE_BUFFER, name);
  gl_.BufferData(GL_COPY_WRITE_BUFFER, static_cast<GLsizeiptr>(size_bytes), data, GL_DYNAMIC_DRAW);
  return name;
}

void GlTest::put(GLuint buffer, std::size_t offset_bytes, std::span<const std::byte> bytes) {
  const GLuint source = plain_buffer(bytes.size(), bytes.data());
  gl_.BindBuffer(GL_COPY_READ_BUFFER, source);
  gl_.BindBuffer(GL_COPY_WRITE_BUFFER, buffer);
  gl_.CopyBufferSubData(GL_COPY_READ_BUFFER, GL_COPY_WRITE_BUFFER, 0, static_cast<GLintptr>(offset_bytes),
                        static_cast<GLsizeiptr>(bytes.size()));
  gl_.DeleteBuffers(1, &source);
}

// It reads a copy: a mapped buffer cannot be mapped again, and OpenGL ES has no glGetBufferSubData.
Bytes GlTest::contents(GLuint buffer, std::size_t offset_bytes, std::size_t size_bytes) {
  Bytes bytes(size_bytes);
  if (size_bytes == 0) return bytes;
  const auto size = static_cast<GLsizeiptr>(size_bytes);
  const GLuint copy = plain_buffer(size_bytes);
  gl_.BindBuffer(GL_COPY_READ_BUFFER, buffer);
  gl_.CopyBufferSubData(GL_COPY_READ_BUFFER, GL_COPY_WRITE_BUFFER, static_cast<GLintptr>(offset_bytes), 0,
                        size);
  const void* const mapped = gl_.MapBufferRange(GL_COPY_WRITE_BUFFER, 0, size, GL_MAP_READ_BIT);
  EXPECT_NE(mapped, nullptr);
  if (mapped != nullptr) std::memcpy(bytes.data(), mapped, size_bytes);
  gl_.UnmapBuffer(GL_COPY_WRITE_BUFFER);
  gl_.DeleteBuffers(1, &copy);
  return bytes;
}

std::uint64_t GlTest::parameter(GLuint buffer, GLenum name) {
  GLint64 value = 0;
  gl_.BindBuffer(GL_COPY_READ_BUFFER, buffer);
  gl_.GetBufferParameteri64v(GL_COPY_READ_BUFFER, name, &value);
  return static_cast<std::uint64_t>(value);
}

std::vector<RecordedReport> GlTest::take_reports() {
  return std::exchange(reports_, {});
}

void GlTest::expect_reports(std::initializer_list<pmb::ErrorId> ids) {
  const auto reports = take_reports();
  std::vector<std::string> seen;
  std::vector<std::string> wanted;
  for (const RecordedReport& report : reports) seen.emplace_back(to_string(report.report.id));
  for (const pmb::ErrorId id : ids) wanted.emplace_back(to_string(id));
  EXPECT_EQ(seen, wanted);
}

void GlTest::expect_no_gl_error() {
  EXPECT_EQ(gl_.GetError(), static_cast<GLenum>(GL_NO_ERROR));
}

void finish_child() {
  const testing::TestResult& result = *testing::UnitTest::GetInstance()->current_test_info()->result();
  for (int i = 0; i < result.total_part_count(); ++i) {
    const testing::TestPartResult& part = result.GetTestPartResult(i);
    std::fprintf(stderr, "%s:%d: %s\n", part.file_name() ? part.file_name() : "", part.line_number(),
                 part.message());
  }
  std::exit(result.Failed() ? 1 : result.Skipped() ? kChildSkipped : 0);
}

std::vector<Variant> every_variant() {
  const Configuration& here = configuration();
  if (here.is_private()) {
    return {{.name = "Private"},
            {.name = "PrivateByBindingNoErrorUnwatched",
             .bind_to_edit = true,
             .no_error = true,
             .validate = false}};
  }
  std::vector<Variant> variants = {
      {.name = "CoherentByName"},
      {.name = "CoherentByBindingUnwatched", .bind_to_edit = true, .validate = false},
      {.name = "ExplicitFlushByName", .model = pmb::Model::explicit_flush},
      {.name = "ExplicitFlushByBinding", .model = pmb::Model::explicit_flush, .bind_to_edit = true},
      {.name = "ExplicitFlushNoErrorUnwatched",
       .model = pmb::Model::explicit_flush,
       .no_error = true,
       .validate = false},
  };
  // If every buffer is edited by binding, the variants by name repeat the others.
  if (here.gles || here.bind_to_edit)
    std::erase_if(variants,
                  [](const Variant& variant) { return !variant.bind_to_edit && !variant.no_error; });
  return variants;
}

std::ostream& operator<<(std::ostream& out, const Variant& variant) {
  return out << variant.name;
}

std::vector<Variant> every_texel_variant() {
  std::vector<Variant> variants = every_variant();
  if (configuration().is_private()) return variants;
  variants.push_back(
      {.name = "CoherentByBindingThroughRings", .bind_to_edit = true, .texels_through_rings = true});
  variants.push_back({.name = "ExplicitFlushNoErrorThroughRings",
                      .model = pmb::Model::explicit_flush,
                      .no_error = true,
                      .texels_through_rings = true});
  return variants;
}

TestOptions EveryVariant::test_options() const {
  TestOptions wanted;
  wanted.headless.no_error = GetParam().no_error;
  if (!configuration().is_private()) wanted.options.model = GetParam().model;
  wanted.options.bind_to_edit = GetParam().bind_to_edit;
  // Rings at every size: the default plan of a software renderer uses only the GL calls.
  const auto transfer_plan = std::make_shared<pmb::TransferPlan>();
  wanted.options.transfer = transfer_plan;
  // This is the default of rings, so it only affects texels.
  if (GetParam().texels_through_rings) wanted.options.path = pmb::Path::direct;
  wanted.validate = GetParam().validate;
  return wanted;
}

}  // namespace gl_test
