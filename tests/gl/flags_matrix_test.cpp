// SPDX-License-Identifier: MIT
// Storage and mapping flags on a real driver. Buffers made by pmb have legal flags, which GL echoes. A mapping of the
// caller is adopted exactly if its bytes can be published.

#include <cstdlib>
#include <vector>

#include "gl_fixture.hpp"
#include "gl_spy.hpp"

namespace gl_test {
namespace {

using pmb::Access;
using pmb::ErrorId;
using pmb::Model;

constexpr GLbitfield kRead = GL_MAP_READ_BIT;
constexpr GLbitfield kWrite = GL_MAP_WRITE_BIT;
constexpr GLbitfield kPersistent = GL_MAP_PERSISTENT_BIT;
constexpr GLbitfield kCoherent = GL_MAP_COHERENT_BIT;
constexpr GLbitfield kExplicit = GL_MAP_FLUSH_EXPLICIT_BIT;

struct Choice {
  Access access;
  Model model;
  GLbitfield storage;  // without CLIENT_STORAGE, which quirks may add
  GLbitfield map;
};

constexpr Choice kChoices[] = {
    {Access::sequential_write, Model::coherent, kWrite | kPersistent | kCoherent,
     kWrite | kPersistent | kCoherent},
    {Access::sequential_write, Model::explicit_flush, kWrite | kPersistent, kWrite | kPersistent | kExplicit},
    {Access::read, Model::coherent, kRead | kPersistent | kCoherent, kRead | kPersistent | kCoherent},
    {Access::read, Model::explicit_flush, kRead | kPersistent, kRead | kPersistent},
    {Access::bidirectional, Model::coherent, kRead | kWrite | kPersistent | kCoherent,
     kRead | kWrite | kPersistent | kCoherent},
    {Access::bidirectional, Model::explicit_flush, kRead | kWrite | kPersistent,
     kRead | kWrite | kPersistent | kExplicit},
};

// OpenGL 4.6 core, section 6.2.
bool storage_is_legal(GLbitfield flags) {
  if ((flags & kPersistent) != 0 && (flags & (kRead | kWrite)) == 0) return false;
  return (flags & kCoherent) == 0 || (flags & kPersistent) != 0;
}

// OpenGL 4.6 core, section 6.3. It does not mention coherent mappings that are not persistent; they are left out.
bool mapping_is_legal(GLbitfield storage, GLbitfield flags) {
  const GLbitfield needs_storage = flags & (kRead | kWrite | kPersistent | kCoherent);
  if ((flags & (kRead | kWrite)) == 0 || (needs_storage & ~storage) != 0) return false;
  if ((flags & kCoherent) != 0 && (flags & kPersistent) == 0) return false;
  if ((flags & kRead) != 0 && (flags & (GL_MAP_INVALIDATE_RANGE_BIT | GL_MAP_UNSYNCHRONIZED_BIT)) != 0)
    return false;
  return (flags & kExplicit) == 0 || (flags & kWrite) != 0;
}

bool can_publish(GLbitfield flags) {
  if ((flags & kPersistent) == 0) return false;
  const bool coherent = (flags & kCoherent) != 0;
  const bool flushes = (flags & kExplicit) != 0;
  if (coherent && flushes) return false;
  return (flags & kWrite) == 0 || coherent || flushes;
}

// Every subset of the given bits.
std::vector<GLbitfield> subsets(std::initializer_list<GLbitfield> bits) {
  std::vector<GLbitfield> all = {0};
  for (const GLbitfield bit : bits) {
    const std::size_t count = all.size();
    for (std::size_t i = 0; i < count; ++i) all.push_back(all[i] | bit);
  }
  return all;
}

class FlagsMatrix : public GlTest {
 protected:
  void SetUp() override {
    GlTest::SetUp();
    if (context_ && !IsSkipped()) PMB_NEEDS_BUFFER_STORAGE();
  }
  // Every buffer has the flags of its plan, and GL echoes them.
  void check_every_plan() {
    constexpr std::uint64_t kSize = 4096;
    for (const Choice& choice : kChoices) {
      SCOPED_TRACE(std::string(to_string(choice.access)) + ", " + to_string(choice.model));
      auto buffer = pmb::MappedBuffer::create(
          context(), {.size_bytes = kSize, .access = choice.access, .model = choice.model});
      ASSERT_TRUE(buffer) << buffer.error().message();
      const pmb::Plan& plan = buffer->plan();
      EXPECT_EQ(plan.storage_flags & ~static_cast<GLbitfield>(GL_CLIENT_STORAGE_BIT), choice.storage);
      EXPECT_EQ(plan.map_flags, choice.map);

      EXPECT_EQ(parameter(buffer->buffer(), GL_BUFFER_STORAGE_FLAGS), plan.storage_flags);
      EXPECT_EQ(parameter(buffer->buffer(), GL_BUFFER_ACCESS_FLAGS), plan.map_flags);
      EXPECT_EQ(parameter(buffer->buffer(), GL_BUFFER_IMMUTABLE_STORAGE), 1u);
      EXPECT_EQ(parameter(buffer->buffer(), GL_BUFFER_MAPPED), 1u);
      EXPECT_EQ(parameter(buffer->buffer(), GL_BUFFER_MAP_OFFSET), 0u);
      EXPECT_EQ(parameter(buffer->buffer(), GL_BUFFER_MAP_LENGTH), kSize);
      EXPECT_EQ(parameter(buffer->buffer(), GL_BUFFER_SIZE), kSize);

      if (choice.access == Access::read) continue;
      const Bytes bytes = pattern(kSize, plan.map_flags);
      ASSERT_TRUE(buffer->write(0, bytes));
      EXPECT_EQ(first_difference(contents(buffer->buffer(), 0, kSize), bytes), -1);
    }
  }

  // Every legal mapping of a caller is adopted, or refused because of its flags.
  void check_every_adoption() {
    int taken = 0;
    int refused = 0;
    for (const GLbitfield storage :
         subsets({kRead, kWrite, kPersistent, kCoherent, GL_DYNAMIC_STORAGE_BIT, GL_CLIENT_STORAGE_BIT})) {
      if (!storage_is_legal(storage)) continue;
      for (const GLbitfield flags :
           subsets({kRead, kWrite, kPersistent, kCoherent, kExplicit, GL_MAP_UNSYNCHRONIZED_BIT})) {
        if (!mapping_is_legal(storage, flags)) continue;
        SCOPED_TRACE("storage " + pmb::flag_names(storage) + ", mapping " + pmb::flag_names(flags));
        GLuint name = 0;
        gl_.GenBuffers(1, &name);
        gl_.BindBuffer(GL_ARRAY_BUFFER, name);
        gl_.BufferStorage(GL_ARRAY_BUFFER, 256, nullptr, storage);
        void* const pointer = gl_.MapBufferRange(GL_ARRAY_BUFFER, 64, 128, flags);
        ASSERT_NE(pointer, nullptr);
        {
          const auto adopted = pmb::MappedBuffer::adopt(
              context(), {.buffer = name, .pointer = pointer, .offset_bytes = 64, .size_bytes = 128});
          ASSERT_EQ(adopted.has_value(), can_publish(flags));
          if (adopted) {
            ++taken;
            EXPECT_EQ(adopted->plan().storage_flags, storage);
            EXPECT_EQ(adopted->plan().model == Model::coherent, (flags & kCoherent) != 0);
            EXPECT_EQ(adopted->plan().access != Access::sequential_write, (flags & kRead) != 0);
            EXPECT_EQ(adopted->plan().access != Access::read, (flags & kWrite) != 0);
          } else {
            ++refused;
            EXPECT_EQ(adopted.error().id, ErrorId::adopted_unpublishable);
            EXPECT_EQ(adopted.error().numbers[0], name);
            EXPECT_EQ(adopted.error().numbers[1], flags);
          }
        }
        EXPECT_EQ(parameter(name, GL_BUFFER_MAPPED), 1u) << "the mapping is the caller's and must stay";
        gl_.DeleteBuffers(1, &name);
      }
    }
    EXPECT_GT(taken, 50);
    EXPECT_GT(refused, 100);
    expect_no_gl_error();
  }
};

TEST_F(FlagsMatrix, EveryPlanIsLegalAndEchoedByGl) {
  check_every_plan();
}

TEST_F(FlagsMatrix, MappingsOfTheCallerAreAdoptedExactlyIfTheyCanBePublished) {
  check_every_adoption();
}

TEST_F(FlagsMatrix, TheSameHoldsByBinding) {
  open({.options = {.bind_to_edit = true}});
  check_every_plan();
  check_every_adoption();
}

TEST_F(FlagsMatrix, TheSameHoldsInANoErrorContext) {
  open({.headless = {.no_error = true}});
  if (!context_) return;
  EXPECT_TRUE(context().limits().no_error);
  check_every_plan();
  check_every_adoption();
}

// Mesa then checks nothing: an illegal call would be undefined behaviour instead of an error.
TEST(FlagsMatrixDeathTest, TheSameHoldsIfMesaChecksNothing) {
  PMB_EXPECT_CHILD_PASSES({
    setenv("MESA_NO_ERROR", "1", 1);
    struct Checks : FlagsMatrix {
      using FlagsMatrix::check_every_adoption;
      using FlagsMatrix::check_every_plan;
    };
    ChildFixture<Checks> child;
    child.open({.headless = {.software = true}});
    if (child.is_open()) {
      child.check_every_plan();
      child.check_every_adoption();
    }
    child.finish();
  });
}

// Illegal requests are refused before any GL call.
TEST_F(FlagsMatrix, RefusalsPrecedeAnyGlCall) {
  open({.spy = true});
  auto upload = pmb::MappedBuffer::create(context(), {.size_bytes = 256});
  auto readback = pmb::MappedBuffer::create(context(), {.size_bytes = 256, .access = Access::read});
  ASSERT_TRUE(upload && readback);
  Bytes bytes(16);
  const pmb::Ticket ticket = mark();
  wait(ticket);
  GlSpy::clear();

  const auto nothing = pmb::MappedBuffer::create(context(), {.size_bytes = 0});
  ASSERT_FALSE(nothing);
  EXPECT_EQ(nothing.error().id, ErrorId::zero_size);
  const auto read = upload->read(0, bytes, ticket);
  ASSERT_FALSE(read);
  EXPECT_EQ(read.error().id, ErrorId::not_readable);
  const auto written = readback->write(0, bytes);
  ASSERT_FALSE(written);
  EXPECT_EQ(written.error().id, ErrorId::not_writable);
  const auto flushed = readback->flush(0, 16);
  ASSERT_FALSE(flushed);
  EXPECT_EQ(flushed.error().id, ErrorId::not_writable);
  EXPECT_EQ(GlSpy::names(), "");
  const auto no_ring = pmb::ReadbackRing::create_on(context(), std::move(*upload));
  ASSERT_FALSE(no_ring);
  EXPECT_EQ(no_ring.error().id, ErrorId::not_readable);
  expect_reports({pmb::ErrorId::not_readable, pmb::ErrorId::not_writable, pmb::ErrorId::not_writable});
}

}  // namespace
}  // namespace gl_test
