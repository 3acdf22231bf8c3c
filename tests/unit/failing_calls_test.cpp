// SPDX-License-Identifier: MIT
// Each GL call that pmb makes fails once, in every way in which that call can fail, in a program that streams three frames
// and then two more. Nothing crashes, hangs or leaks, no byte is lent twice, and no failure is silent. After a failure
// that has passed, the objects work again.
#include <array>
#include <deque>

#include "interfaces.hpp"
#include "support/address_sanitizer.hpp"

namespace {

using namespace pmb_test;
using strict_gl::Action;
using strict_gl::GpuRead;

enum class Fault : std::uint8_t {
  none,
  out_of_memory,
  invalid_operation,
  returns_nothing,  ///< Null, 0 or false without a GL error.
  expires,          ///< From this wait on, no wait ends before its timeout.
  context_lost,
};

constexpr const char* kFaultNames[] = {"none",    "out of memory", "invalid operation", "returns nothing",
                                       "expires", "context lost"};

/// Sanitizers take twenty times as long. They see every ninth call fail; builds without them see each.
constexpr std::uint64_t kStep = PMB_TEST_ADDRESS_SANITIZER ? 9 : 1;

bool contains(std::string_view text, std::initializer_list<std::string_view> parts) {
  return std::ranges::any_of(
      parts, [&](std::string_view part) { return text.find(part) != std::string_view::npos; });
}

/// Calls that set state for the next call, or ask for state that is restored. After their failure a later call works on
/// another object, and may be illegal: pmb would have to ask for errors after each of them.
bool handles_state(std::string_view name) {
  return contains(
      name, {"glBind", "glActiveTexture", "glUseProgram", "glPixelStore", "glUniform", "glSampler",
             "glEnable", "glDisable", "glReadBuffer", "glDrawBuffers", "glFramebuffer", "glGetInteger"});
}

/// What replaces this call, if it can fail like that.
std::optional<Action> action_of(Fault fault, std::string_view name) {
  const bool waits = name == "glClientWaitSync";
  switch (fault) {
    case Fault::none:
      return {};
    case Fault::out_of_memory:
      return strict_gl::fail_with(GL_OUT_OF_MEMORY);
    case Fault::invalid_operation:
      if (!contains(name, {"Storage", "BufferData", "MapBuffer", "MapNamed"})) return {};
      return strict_gl::fail_with(GL_INVALID_OPERATION);
    case Fault::returns_nothing:
      if (!waits &&
          !contains(name, {"glGen", "glCreate", "glMap", "glUnmap", "glFenceSync", "glIs", "glCheck"}))
        return {};
      return strict_gl::return_zero();
    case Fault::expires:
      if (!waits) return {};
      return strict_gl::timeout_expired().for_ever();
    case Fault::context_lost:
      return strict_gl::lose_the_context();
  }
  return {};
}

/// A program that goes on after errors. It keeps account of the bytes that it was lent, and of those that arrived.
template <class Interface>
class Program {
 public:
  Program(const PathCase& path, const pmb::Options& options)
      : fake_(config_for(path.edit)), options_(options) {
    storage_ = has_storage(path.edit);
    transfers_ = path.model == Model::coherent ? pmb::Path::staged : pmb::Path::traditional;
    orphaned_ = path.edit == Edit::orphaned;
    fake_.make_current();
    fake_.stand_in([](const strict_gl::Dispatch& dispatch) {
      // Without its uniforms the shader writes nothing.
      if (dispatch.uniforms.size() == 3) flip_stand_in(dispatch);
    });
    const auto load_table = fake_.config().es ? &gladLoadGLES2ContextUserPtr : &gladLoadGLContextUserPtr;
    load_table(&gl_, &strict_gl::get_proc_address_user, nullptr);
    make_own_objects();
    options_.current_context = &FakeGl::current;
    options_.timeout = 1ms;
    options_.memory_limit_bytes = std::uint64_t{1} << 30;
  }

  /// Fails the GL call of pmb's of that number, counted from 1.
  void run(Fault fault, std::uint64_t number) {
    fake_.script_every_call([this, fault, number](std::string_view name) -> std::optional<Action> {
      if (!inside_ || contains(name, {"glGetError", "glGetGraphicsResetStatus"})) return {};
      ++calls_;
      const bool expired = fault == Fault::expires && was_hit() && name == failed_call_;
      if (calls_ != number && !expired) return {};
      auto action = action_of(fault, name);
      if (action) failed_call_ = name;
      return action;
    });
    opened_ = ok([&] { return pmb_.open(options_, transfers_); });
    if (opened_) {
      make_objects();
      for (int i = 0; i < 3; ++i) frame();
      fake_.clear_script();
      frame();
      const std::size_t before = errors_.size();
      frame();
      recovered_ = errors_.size() == before;
    }
    inside_ = true;
    pmb_.destroy_objects();
    if (opened_) seen_ |= pmb_.take_caller_error() != 0;
    lost_ = fake_.lost();
    known_lost_ = opened_ && pmb_.lost();
    pmb_.close();
    inside_ = false;
    if (!lost_) check_draws();
    seen_ |= gl_.GetError() != GL_NO_ERROR || !errors_.empty();
    delete_own_objects();
  }

  /// The fault was injected.
  [[nodiscard]] bool was_hit() const { return !failed_call_.empty(); }
  [[nodiscard]] std::string_view failed_call() const { return failed_call_; }
  [[nodiscard]] std::uint64_t calls() const { return calls_; }
  [[nodiscard]] std::size_t errors() const { return errors_.size(); }

  void expect_sound(Fault fault) {
    // glad asks for GL_EXTENSIONS if it cannot read the version.
    if (!handles_state(failed_call_) && failed_call_ != "glGetString") strict_gl::expect_clean(fake_);
    // After a failed bind a buffer may stay mapped, and GL refuses the program's commands on it: they never run.
    EXPECT_TRUE(lent_twice_ == 0 || handles_state(failed_call_)) << lent_twice_ << " lent while in use";
    if (fault == Fault::none) {
      EXPECT_EQ(errors_.size(), 0U) << "first: " << number_of(errors_.front());
      EXPECT_EQ(wrong_, 0);
    }
    EXPECT_EQ(pmb::detail::process_mapped_bytes(), 0U) << "bytes still booked against the memory limit";
    if (lost_) return expect_end_of_a_lost_context();
    EXPECT_TRUE(wrong_ == 0 || seen_) << "wrong bytes in silence";
    expect_no_leak();
    // A failed wait ends the timeline. Where downloads map the program's buffer, on OpenGL ES, a failed unmap leaves it
    // mapped, as does a failed bind before that.
    const bool ends_it = (failed_call_ == "glClientWaitSync" && fault != Fault::expires) ||
                         contains(failed_call_, {"glUnmapBuffer", "glBindBuffer"});
    EXPECT_TRUE(ends_it || !opened_ || recovered_) << "last: " << number_of(errors_.back());
  }

 private:
  static int number_of(ErrorId id) { return static_cast<int>(id); }

  static constexpr std::uint32_t kWidth = 8;
  static constexpr std::uint32_t kHeight = 4;

  static FakeConfig config_for(Edit edit) {
    FakeConfig config = config_of(edit);
    // For the program's own texture.
    if (edit == Edit::oldest) config.extensions.emplace_back("GL_ARB_texture_storage");
    config.max_logged_calls = 0;
    return config;
  }

  /// Runs one call of pmb. Returns true if it did its work.
  template <class Call>
  bool ok(Call&& call) {
    inside_ = true;
    const ErrorId id = call();
    inside_ = false;
    if (id != ErrorId::none) errors_.push_back(id);
    return id == ErrorId::none;
  }

  // --- objects ---

  void make_own_objects() {
    gl_.GenTextures(1, &texture_);
    gl_.BindTexture(GL_TEXTURE_2D, texture_);
    gl_.TexStorage2D(GL_TEXTURE_2D, 1, GL_RGBA8, kWidth, kHeight);
    gl_.GenFramebuffers(1, &framebuffer_);
    gl_.BindFramebuffer(GL_FRAMEBUFFER, framebuffer_);
    gl_.FramebufferTexture2D(GL_FRAMEBUFFER, GL_COLOR_ATTACHMENT0, GL_TEXTURE_2D, texture_, 0);
    for (GLuint& name : own_buffers_) {
      gl_.GenBuffers(1, &name);
      gl_.BindBuffer(GL_COPY_WRITE_BUFFER, name);
      gl_.BufferData(GL_COPY_WRITE_BUFFER, kBytes, source_.data(), GL_STATIC_DRAW);
    }
    gl_.BindBuffer(GL_COPY_WRITE_BUFFER, 0);
  }
  void delete_own_objects() {
    gl_.DeleteFramebuffers(1, &framebuffer_);
    for (const GLuint name : own_buffers_) gl_.DeleteBuffers(1, &name);
  }
  void make_objects() {
    has_ring_[0] = ok([&] { return pmb_.make_ring(0, 1024); });
    has_ring_[1] = ok([&] { return pmb_.make_ring(1, 512); });
    has_readback_ = ok([&] { return pmb_.make_readback(512); });
    has_buffer_ = storage_ && ok([&] { return pmb_.make_buffer(kBytes); });
    has_grabber_ = ok([&] { return pmb_.make_grabber(); });
  }

  // --- accounts ---

  struct Lent {
    Place place;
    std::shared_ptr<GpuRead> use;  ///< The last GPU work on it.
    bool held = true;              ///< By the program.
  };
  /// Enters bytes that were lent to the program just now.
  std::size_t lend(const Place& place) {
    for (const Lent& other : lent_) {
      const bool apart = other.place.buffer != place.buffer ||
                         place.offset + place.size <= other.place.offset ||
                         other.place.offset + other.place.size <= place.offset;
      // On the orphaned path the GPU works on older storage of the same buffer.
      const bool on_gpu = other.use && !other.use->executed() && !orphaned_ && !fake_.lost();
      if (!apart && (other.held || on_gpu)) ++lent_twice_;
    }
    lent_.push_back({.place = place, .use = nullptr});
    return lent_.size() - 1;
  }
  struct Draw {
    std::shared_ptr<GpuRead> read;
    Bytes expected;
  };
  std::shared_ptr<GpuRead> draw(const Place& place, const Bytes& expected) {
    auto read = fake_.shader_read(place.buffer, static_cast<std::int64_t>(place.offset),
                                  static_cast<std::int64_t>(expected.size()));
    draws_.push_back({read, expected});
    return read;
  }
  void check_draws() {
    gl_.Finish();
    for (const Draw& draw : draws_) {
      if (draw.read) wrong_ += draw.read->bytes() == draw.expected ? 0 : 1;
    }
  }

  // --- one frame ---

  void frame() {
    ++frame_;
    for (int slice = 0; slice < 3; ++slice) stream(0, 256);
    stream(1, 192);
    arrive();
    write_buffer();
    grab();
    transfer();
    retire();
    take_arrived();
    take_frame();
    // Programs ask at least once a frame.
    seen_ |= gl_.GetError() != GL_NO_ERROR;
  }

  Bytes bytes_for(std::size_t count) { return pattern(count, ++seed_); }

  struct Streamed {
    int ring;
    std::size_t entry;
    typename Interface::Slice slice;
  };
  void stream(int ring, std::size_t size) {
    typename Interface::Slice slice = {};
    if (!has_ring_[ring] || !ok([&] { return pmb_.acquire(ring, size, slice); })) return;
    const Place place = Interface::place_of(slice);
    const std::size_t entry = lend(place);
    const Bytes bytes = bytes_for(size);
    if (!ok([&] { return pmb_.fill(slice, bytes); }) ||
        !ok([&] { return pmb_.publish(ring, slice, size); })) {
      ok([&] { return pmb_.cancel(ring, slice); });
      lent_[entry].held = false;
      return;
    }
    lent_[entry].use = draw(place, bytes);
    streamed_.push_back({ring, entry, slice});
  }
  /// One ring retires slice by slice, the other all at once.
  void retire() {
    typename Interface::Ticket ticket = {};
    const bool marked = ok([&] { return pmb_.mark(ticket); });
    if (!marked) return;
    ticket_ = ticket;
    bool all = false;
    std::erase_if(streamed_, [&](const Streamed& streamed) {
      const bool retired = streamed.ring == 1 ? ok([&] { return pmb_.retire(1, streamed.slice, ticket); })
                                              : all || (all = ok([&] { return pmb_.retire_all(0, ticket); }));
      if (retired) lent_[streamed.entry].held = false;
      return retired;
    });
  }

  struct Arriving {
    typename Interface::Pending pending;
    std::size_t entry;
    Bytes expected;
  };
  void arrive() {
    if (!has_readback_) return;
    typename Interface::Pending pending = {};
    if (ok([&] { return pmb_.request(own_buffers_[0], kBytes, pending); })) enter(pending, source_);
    if (ok([&] { return pmb_.acquire_readback(128, pending); })) {
      const Place place = Interface::place_of(pending);
      const Bytes written = bytes_for(128);
      fake_.server_write(place.buffer, static_cast<std::int64_t>(place.offset), written);
      enter(pending, written);
    }
  }
  void enter(const typename Interface::Pending& pending, const Bytes& expected) {
    const Place place = Interface::place_of(pending);
    const std::size_t entry = lend(place);
    // It runs after the writer.
    lent_[entry].use = fake_.shader_read(place.buffer, static_cast<std::int64_t>(place.offset), 1);
    arriving_.push_back({pending, entry, expected});
  }
  void take_arrived() {
    for (const Arriving& one : arriving_) {
      Bytes bytes;
      if (ok([&] { return pmb_.wait(one.pending, bytes); })) wrong_ += bytes == one.expected ? 0 : 1;
      ok([&] { return pmb_.release(one.pending); });
      lent_[one.entry].held = false;
    }
    arriving_.clear();
  }

  void write_buffer() {
    if (!has_buffer_) return;
    // The draw of the last frame still reads these bytes.
    if (frame_ > 1 && !ok([&] { return pmb_.wait(ticket_); })) return;
    const Bytes bytes = bytes_for(kBytes);
    if (ok([&] { return pmb_.write(bytes); })) draw({pmb_.buffer(), 0, kBytes}, bytes);
  }

  void grab() {
    if (!has_grabber_) return;
    Bytes pixels = bytes_for(std::size_t{kWidth} * kHeight * 4);
    gl_.BindTexture(GL_TEXTURE_2D, texture_);
    gl_.TexSubImage2D(GL_TEXTURE_2D, 0, 0, 0, kWidth, kHeight, GL_RGBA, GL_UNSIGNED_BYTE, pixels.data());
    gl_.BindTexture(GL_TEXTURE_2D, 0);
    gl_.BindFramebuffer(GL_FRAMEBUFFER, framebuffer_);
    // From the top down.
    const std::size_t row = std::size_t{kWidth} * 4;
    Bytes expected;
    for (std::size_t y = kHeight; y-- > 0;)
      expected.insert(expected.end(), pixels.begin() + static_cast<std::ptrdiff_t>(y * row),
                      pixels.begin() + static_cast<std::ptrdiff_t>((y + 1) * row));
    if (ok([&] { return pmb_.grab({.width = kWidth, .height = kHeight}); })) frames_.push_back(expected);
  }
  /// Holds each frame until the next one.
  void take_frame() {
    if (!has_grabber_) return;
    if (!held_frame_.empty() && !fake_.lost()) wrong_ += pmb_.frame_bytes() == held_frame_ ? 0 : 1;
    // One frame stays in flight, as in programs that do not wait for the GPU.
    while (frames_.size() > 1 && ok([&] { return pmb_.next(1); })) {
      held_frame_ = frames_.front();
      frames_.pop_front();
      wrong_ += pmb_.frame_bytes() == held_frame_ ? 0 : 1;
    }
  }

  void transfer() {
    const Bytes bytes = bytes_for(kBytes);
    Bytes arrived(kBytes);
    if (ok([&] { return pmb_.upload(own_buffers_[1], bytes); }) &&
        ok([&] { return pmb_.download(own_buffers_[1], arrived); }))
      wrong_ += bytes == arrived ? 0 : 1;
  }

  // --- the end ---

  void expect_no_leak() {
    // What a failed call was to delete stays.
    const auto left = [&](const char* call) { return failed_call_ == call ? 1U : 0U; };
    EXPECT_LE(fake_.live_buffers(), left("glDeleteBuffers")) << "buffers left behind";
    EXPECT_LE(fake_.mapped_buffers(), 0U) << "mappings left behind";
    EXPECT_LE(fake_.live_syncs(), left("glDeleteSync")) << "fences left behind";
    EXPECT_LE(fake_.live_framebuffers(), left("glDeleteFramebuffers")) << "framebuffers left behind";
    EXPECT_LE(fake_.live_renderbuffers(), left("glDeleteRenderbuffers")) << "renderbuffers left behind";
    // A program that stays current lives on.
    EXPECT_LE(fake_.live_programs(), left("glDeleteProgram") + left("glUseProgram"))
        << "programs left behind";
    EXPECT_LE(fake_.live_samplers(), left("glDeleteSamplers")) << "samplers left behind";
  }
  void expect_end_of_a_lost_context() const {
    if (!opened_) return;
    EXPECT_GT(errors_.size(), 0U) << "a loss in silence";
    EXPECT_FALSE(recovered_);
  }

  static constexpr std::size_t kBytes = 256;

  FakeGl fake_;
  pmb::Options options_;
  GladGLContext gl_{};
  Interface pmb_;
  bool inside_ = false;  ///< A call of pmb.
  std::uint64_t calls_ = 0;
  std::string failed_call_;

  const Bytes source_ = pattern(kBytes, 77);
  GLuint texture_ = 0;
  GLuint framebuffer_ = 0;
  std::array<GLuint, 2> own_buffers_ = {};
  pmb::Path transfers_ = pmb::Path::staged;
  bool storage_ = false;
  bool orphaned_ = false;
  bool opened_ = false;
  bool has_ring_[2] = {};
  bool has_readback_ = false;
  bool has_buffer_ = false;
  bool has_grabber_ = false;

  int frame_ = 0;
  std::uint64_t seed_ = 0;
  typename Interface::Ticket ticket_ = {};
  std::vector<Streamed> streamed_;
  std::vector<Arriving> arriving_;
  std::deque<Bytes> frames_;
  Bytes held_frame_;

  std::vector<Lent> lent_;
  std::vector<Draw> draws_;
  std::vector<ErrorId> errors_;
  int lent_twice_ = 0;
  int wrong_ = 0;      ///< Bytes that arrived and were others.
  bool seen_ = false;  ///< A failure has shown, as an error of pmb or of GL.
  bool recovered_ = false;
  bool lost_ = false;
  bool known_lost_ = false;
};

class FailingCalls : public testing::TestWithParam<PathCase> {
 protected:
  void TearDown() override {
    EXPECT_EQ(strict_gl::calls_without_context(), 0U) << "GL calls with no context current";
    strict_gl::reset_calls_without_context();
  }

  template <class Interface>
  static void fail_each_call(const pmb::Options& options) {
    std::uint64_t usual_calls = 0;
    {
      Program<Interface> program(GetParam(), options);
      program.run(Fault::none, 0);
      program.expect_sound(Fault::none);
      usual_calls = program.calls();
    }
    ASSERT_GT(usual_calls, 100U);
    for (const Fault fault : {Fault::out_of_memory, Fault::invalid_operation, Fault::returns_nothing,
                              Fault::expires, Fault::context_lost}) {
      std::uint64_t hits = 0;
      for (std::uint64_t number = 1 + static_cast<std::uint64_t>(fault) % kStep; number <= usual_calls;
           number += kStep) {
        Program<Interface> program(GetParam(), options);
        program.run(fault, number);
        if (!program.was_hit()) continue;
        ++hits;
        SCOPED_TRACE(std::string(program.failed_call()) + ", call " + std::to_string(number) + ": " +
                     kFaultNames[static_cast<int>(fault)]);
        program.expect_sound(fault);
        EXPECT_LE(program.calls(), usual_calls * 3) << "calls without end";
        if (HasFailure()) return;
      }
      EXPECT_TRUE(hits > 0 || kStep > 1) << kFaultNames[static_cast<int>(fault)];
    }
  }
};
/// Each path and model once, each way of editing buffers once.
constexpr PathCase kDistinctPaths[] = {
    {Edit::by_name, Model::coherent},          {Edit::by_name, Model::explicit_flush},
    {Edit::by_binding, Model::explicit_flush}, {Edit::es, Model::coherent},
    {Edit::no_storage, Model::explicit_flush}, {Edit::oldest_es, Model::explicit_flush},
    {Edit::traditional, Model::coherent},      {Edit::orphaned, Model::explicit_flush}};
INSTANTIATE_TEST_SUITE_P(Paths, FailingCalls, testing::ValuesIn(kDistinctPaths), path_name);

TEST_P(FailingCalls, NoneIsLostInSilence) {
  fail_each_call<CppInterface>(options_of(GetParam().edit, GetParam().model));
}

using FailingCallsOfC = FailingCalls;
INSTANTIATE_TEST_SUITE_P(Paths, FailingCallsOfC,
                         testing::Values(PathCase{Edit::by_name, Model::coherent},
                                         PathCase{Edit::by_name, Model::explicit_flush},
                                         PathCase{Edit::traditional, Model::coherent},
                                         PathCase{Edit::orphaned, Model::explicit_flush}),
                         path_name);

TEST_P(FailingCallsOfC, NoneIsLostInSilence) {
  fail_each_call<CInterface>(options_of(GetParam().edit, GetParam().model));
}

}  // namespace
