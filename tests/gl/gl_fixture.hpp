// SPDX-License-Identifier: MIT
// The fixture of the tests on a real driver: a headless context of the configuration of this process
// (gl_configuration.hpp), a pmb context whose validation reports are recorded, and a table of GL functions for the
// tests. A test fails if it leaves a GL error or an unexpected report.
#pragma once

#include <glad/gl.h>
#include <gtest/gtest.h>
#include <sys/wait.h>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <ostream>
#include <pmb/headless.hpp>
#include <pmb/pmb.hpp>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "../support/address_sanitizer.hpp"
#include "../support/gl_needs.hpp"
#include "gl_configuration.hpp"
#include "gl_scene.hpp"

// Skips a test for a feature that this kind of GL does not have, with the reason.
#define PMB_NEEDS_BUFFER_STORAGE()                                        \
  do {                                                                    \
    if (!this->context().limits().buffer_storage)                         \
      GTEST_SKIP() << "no buffer storage here, which MappedBuffer needs"; \
  } while (false)
#define PMB_NEEDS_COMPUTE()                                                           \
  do {                                                                                \
    if (!this->context().limits().compute) GTEST_SKIP() << "no compute shaders here"; \
  } while (false)
#define PMB_NEEDS_FRAGMENT_STORAGE()                                   \
  do {                                                                 \
    if (!gl_test::has_fragment_storage(this->gl_))                     \
      GTEST_SKIP() << "no fragment shaders with storage buffers here"; \
  } while (false)
#define PMB_NEEDS_LATE_SHADERS()                                               \
  do {                                                                         \
    PMB_NEEDS_FRAGMENT_STORAGE();                                              \
    if (!gl_test::has_late_shaders(this->gl_))                                 \
      GTEST_SKIP() << "this renderer finishes a draw before the call returns"; \
  } while (false)
// For tests of mapped memory itself: flags, the GL calls of a publish, fences that uploads wait for.
#define PMB_NEEDS_MAPPED_RINGS()                                                                       \
  do {                                                                                                 \
    if (gl_test::configuration().is_private())                                                         \
      GTEST_SKIP() << "rings are not mapped in this configuration: " << gl_test::configuration().what; \
  } while (false)

namespace gl_test {

using Bytes = std::vector<std::byte>;

inline constexpr std::chrono::seconds kPatience{60};  // a bound for a machine that hangs, never a speed limit
inline constexpr std::uint64_t kMiB = 1 << 20;

// A report with a copy of its label, which the sink only borrows.
struct RecordedReport {
  pmb::Report report;
  std::string label;
};

// The options of a test that differ from the defaults.
struct TestOptions {
  pmb::HeadlessOptions headless = {};
  pmb::Options options = {};
  bool validate = true;
  bool spy = false;                           // GlSpy records the GL calls of pmb
  void* (*load)(const char* name) = nullptr;  // how pmb finds GL functions, if not by EGL
};

// `count` bytes, each different from its neighbours and from the same byte of another seed.
Bytes pattern(std::size_t count, std::uint32_t seed);

inline std::span<const std::byte> view_of(const Bytes& bytes) {
  return bytes;
}

// The position of the first different byte, or -1. A mismatch in megabytes then prints one number.
std::ptrdiff_t first_difference(std::span<const std::byte> left, std::span<const std::byte> right);

// The GL functions of the current context, of either API. Functions with an extension's suffix are found under the
// plain name.
GladGLContext load_gl();

// A context of the configuration.
pmb::Result<pmb::HeadlessContext> make_headless(pmb::HeadlessOptions options = {});

class GlTest : public testing::Test {
 protected:
  void SetUp() override;
  void TearDown() override;

  // The options for SetUp; fixtures override it.
  virtual TestOptions test_options() const { return {}; }
  // Replaces both contexts by those that the configuration and the test ask for.
  void open(TestOptions wanted);
  // Destroys the pmb context and then the GL context.
  void close();

  pmb::Context& context() { return *context_; }
  pmb::Timeline& timeline() { return context_->timeline(); }
  bool software() const { return context_->driver().software; }
  // A quirk of that id is active.
  bool has_quirk(std::string_view id) const;

  // A ticket for everything issued so far; and a wait for one.
  pmb::Ticket mark();
  void wait(pmb::Ticket ticket);
  void wait_for_gpu() { wait(mark()); }

  // A buffer made by the test with glBufferData.
  GLuint plain_buffer(std::size_t size_bytes, const void* data = nullptr);
  // The GPU writes bytes into a buffer, mapped or not.
  void put(GLuint buffer, std::size_t offset_bytes, std::span<const std::byte> bytes);
  // The bytes of a buffer according to GL, mapped or not.
  Bytes contents(GLuint buffer, std::size_t offset_bytes, std::size_t size_bytes);
  // A 64-bit parameter of a buffer.
  std::uint64_t parameter(GLuint buffer, GLenum name);

  // Takes the reports so far. Reports that are not taken fail the test.
  std::vector<RecordedReport> take_reports();
  // Takes the reports and expects exactly these ids, in order.
  void expect_reports(std::initializer_list<pmb::ErrorId> ids);
  void expect_no_gl_error();

  GladGLContext gl_ = {};
  std::optional<pmb::HeadlessContext> headless_;
  std::optional<pmb::Context> context_;
  std::vector<RecordedReport> reports_;
};

// The variants of how pmb uses one driver. Each variant that the configuration has must pass the same tests.
struct Variant {
  const char* name = "";
  pmb::Model model = pmb::Model::coherent;
  bool bind_to_edit = false;
  bool no_error = false;
  bool validate = true;
  bool texels_through_rings = false;  // instead of client memory on a software renderer
};
std::ostream& operator<<(std::ostream& out, const Variant& variant);

std::vector<Variant> every_variant();
// For tests of texels: also through mapped rings, if there are any.
std::vector<Variant> every_texel_variant();

// The exit code of a child that skipped its test.
inline constexpr int kChildSkipped = 77;

// Prints the failures of this process, a child without listeners. Exits with 1 if there are any, else with 0 or
// kChildSkipped.
[[noreturn]] void finish_child();

// The fixture for children of death tests, which are new processes without a fixture.
template <class Fixture>
class ChildFixture : public Fixture {
 public:
  using Fixture::context;
  using Fixture::open;
  const GladGLContext& gl() const { return this->gl_; }
  bool is_open() const { return this->context_.has_value() && !testing::Test::HasFailure(); }
  // As finish_child().
  [[noreturn]] void finish() {
    Fixture::TearDown();
    finish_child();
  }

 private:
  void TestBody() override {}
};

// Runs a statement that ends its process, in a new process: it inherits no state of EGL, the driver or their
// environment. Skips if the child skips, which no child does but for its GL.
#define PMB_EXPECT_CHILD_PASSES(statement)                                          \
  do {                                                                              \
    testing::FLAGS_gtest_death_test_style = "threadsafe";                           \
    bool skipped = false;                                                           \
    const auto passed = [&skipped](int status) {                                    \
      skipped = WIFEXITED(status) && WEXITSTATUS(status) == gl_test::kChildSkipped; \
      return skipped || testing::ExitedWithCode(0)(status);                         \
    };                                                                              \
    EXPECT_EXIT(statement, passed, "");                                             \
    if (!skipped) break;                                                            \
    PMB_NEEDS_SOFTWARE_RENDERER();                                                  \
    PMB_SKIP("no such GL here");                                                    \
  } while (false)

class EveryVariant : public GlTest, public testing::WithParamInterface<Variant> {
 protected:
  TestOptions test_options() const override;
};

#define PMB_IN_VARIANTS(suite, variants)                                                 \
  INSTANTIATE_TEST_SUITE_P(Variants, suite, testing::ValuesIn(variants()),               \
                           [](const testing::TestParamInfo<gl_test::Variant>& variant) { \
                             return std::string(variant.param.name);                     \
                           })
#define PMB_EVERY_VARIANT(suite) PMB_IN_VARIANTS(suite, gl_test::every_variant)
#define PMB_EVERY_TEXEL_VARIANT(suite) PMB_IN_VARIANTS(suite, gl_test::every_texel_variant)

}  // namespace gl_test
