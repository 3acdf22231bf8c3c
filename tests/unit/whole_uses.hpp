// SPDX-License-Identifier: MIT
// One whole use of each kind of object: it is made, carries bytes, and ends. A test takes the GL context or the memory away at
// some call. The first error ends the use; bytes that arrive are the right ones.
#pragma once

#include <pmb/frame_grabber.hpp>
#include <pmb/texture_feeder.hpp>
#include <utility>

#include "pmb_fixture.hpp"
#include "support/live_mappings.hpp"
#include "support/platform.hpp"

namespace pmb_test {

/// The first error of a use.
struct Failure : std::runtime_error {
  explicit Failure(const pmb::Error& failed) : std::runtime_error(failed.message()), error(failed) {}
  pmb::Error error;
};

/// The value, or a Failure.
template <class T>
T need(pmb::Result<T> result) {
  if (!result) throw Failure(result.error());
  if constexpr (!std::is_void_v<T>) return std::move(*result);
}

struct WorldOptions {
  bool validates = false;
  /// Of a lost context.
  strict_gl::LostWaitAnswer wait_answer = strict_gl::LostWaitAnswer::zero;
  /// How often GL reports the reset; -1: for ever.
  int reset_answers = -1;
};

/// A GL context with objects of the program, and a pmb context on it. Several may exist; the newest is current.
class World {
 public:
  static constexpr std::size_t kBytes = 4096;
  static constexpr std::uint32_t kSmall = 8;   ///< Pixels of each side.
  static constexpr std::uint32_t kLarge = 32;  ///< Likewise.

  explicit World(const PathCase& path, const WorldOptions& options = {})
      : path_(path), fake_(config_for(path.edit, options)) {
    fake_.make_current();
    fake_.stand_in([](const strict_gl::Dispatch& dispatch) {
      // Without its uniforms the shader writes nothing.
      if (dispatch.uniforms.size() == 3) flip_stand_in(dispatch);
    });
    const auto load_table = fake_.config().es ? &gladLoadGLES2ContextUserPtr : &gladLoadGLContextUserPtr;
    load_table(&gl_, &strict_gl::get_proc_address_user, nullptr);
    if (fake_.config().es) gl_.BufferStorage = gl_.BufferStorageEXT;
    source_ = make_buffer(pattern(kBytes, 77));
    target_ = make_buffer(Bytes(kBytes));
    if (pmb_test::has_storage(path.edit)) map_own();
    for (Image* image : {&small_, &large_}) make_image(*image);
    memory_ = test_support::reserve_pages(kBytes);
    open(options.validates);
  }
  World(const World&) = delete;
  World& operator=(const World&) = delete;
  ~World() {
    context_.reset();
    strict_gl::expect_clean(fake_);
    if (!fake_.lost()) expect_no_leak();
    test_support::release_pages(memory_, kBytes);
  }

  FakeGl& fake() { return fake_; }
  pmb::Context& context() { return *context_; }
  const PathCase& path() const { return path_; }
  bool has_storage() const { return pmb_test::has_storage(path_.edit); }

  pmb::Ticket mark() { return need(context_->timeline().mark()); }
  std::shared_ptr<strict_gl::GpuRead> draw(GLuint buffer, std::uint64_t offset, std::uint64_t size) {
    return fake_.shader_read(buffer, static_cast<std::int64_t>(offset), static_cast<std::int64_t>(size));
  }
  void write_on_gpu(GLuint buffer, std::uint64_t offset, const Bytes& bytes) {
    fake_.server_write(buffer, static_cast<std::int64_t>(offset), bytes);
  }

  GLuint source() const { return source_; }  ///< Has pattern(kBytes, 77).
  GLuint target() const { return target_; }
  const pmb::AdoptedMapping& own_mapping() const { return own_mapping_; }
  std::span<std::byte> memory() const { return {memory_, kBytes}; }

  /// A texture that is the colour buffer of a framebuffer.
  struct Image {
    std::uint32_t side;
    GLuint texture = 0;
    GLuint framebuffer = 0;

    pmb::TextureRegion region() const {
      return {.texture = texture, .target = GL_TEXTURE_2D, .width = side, .height = side};
    }
    pmb::PixelRectangle pixels() const { return {.width = side, .height = side}; }
    std::size_t bytes() const { return std::size_t{side} * side * 4; }
  };
  const Image& small() const { return small_; }
  const Image& large() const { return large_; }
  /// Replaces the pixels, and binds the framebuffer.
  Bytes paint(const Image& image, std::uint64_t seed) {
    Bytes pixels = pattern(image.bytes(), seed);
    const auto side = static_cast<GLsizei>(image.side);
    gl_.BindTexture(GL_TEXTURE_2D, image.texture);
    gl_.TexSubImage2D(GL_TEXTURE_2D, 0, 0, 0, side, side, GL_RGBA, GL_UNSIGNED_BYTE, pixels.data());
    gl_.BindTexture(GL_TEXTURE_2D, 0);
    gl_.BindFramebuffer(GL_FRAMEBUFFER, image.framebuffer);
    return pixels;
  }

  /// Buffers of pmb's that live, except for those that the context keeps for its transfers.
  std::size_t buffers_of_objects() const {
    std::size_t kept = 0;
    for (const std::string& label : pmb::test::live_mappings(*context_))
      kept += label.starts_with("pmb ") ? 1 : 0;
    return fake_.live_buffers() - own_buffers_.size() - kept;
  }
  /// Bytes of all mappings that pmb created and that live.
  std::uint64_t bytes_of_mappings() const {
    std::uint64_t bytes = 0;
    pmb::detail::ContextState::of(*context_).registry.visit_mappings(
        [&](const void*, const pmb::detail::Mapping& mapping) { bytes += mapping.size; });
    return bytes;
  }
  /// The log says that the GL context was lost.
  std::size_t losses_logged() const {
    return static_cast<std::size_t>(std::ranges::count_if(log_lines_, [](const std::string& line) {
      return line.find("context was lost") != std::string::npos;
    }));
  }
  const std::vector<std::string>& log_lines() const { return log_lines_; }
  const std::vector<ErrorId>& reports() const { return reports_; }

 private:
  static FakeConfig config_for(Edit edit, const WorldOptions& options) {
    FakeConfig config = config_of(edit);
    // For the program's own textures and memory.
    if (edit == Edit::oldest) config.extensions.emplace_back("GL_ARB_texture_storage");
    config.extensions.emplace_back("GL_AMD_pinned_memory");
    config.lost_wait_answer = options.wait_answer;
    config.reset_status_answers = options.reset_answers;
    config.max_logged_calls = 0;
    return config;
  }

  void open(bool validates) {
    pmb::Options options = options_of(path_.edit, path_.model);
    options.current_context = &FakeGl::current;
    options.memory_limit_bytes = std::uint64_t{1} << 30;
    options.log = [this](pmb::LogLevel, std::string_view line) { log_lines_.emplace_back(line); };
    if (validates) options.validation = [this](const pmb::Report& report) { reports_.push_back(report.id); };
    pmb::TransferPlan plan;
    for (pmb::TransferDirection* direction : {&plan.up, &plan.down}) {
      direction->steps = {{.chunk_bytes = 64 << 10}};
      direction->ring_bytes = 256 << 10;
    }
    plan.pending_bytes = 64 << 10;
    options.transfer = std::make_shared<pmb::TransferPlan>(std::move(plan));
    context_.emplace(take(pmb::Context::from_current(&strict_gl::get_proc_address, std::move(options))));
  }

  GLuint make_buffer(const Bytes& bytes) {
    GLuint name = 0;
    gl_.GenBuffers(1, &name);
    gl_.BindBuffer(GL_COPY_WRITE_BUFFER, name);
    gl_.BufferData(GL_COPY_WRITE_BUFFER, static_cast<GLsizeiptr>(bytes.size()), bytes.data(), GL_STATIC_DRAW);
    gl_.BindBuffer(GL_COPY_WRITE_BUFFER, 0);
    own_buffers_.push_back(name);
    return name;
  }
  void map_own() {
    const GLbitfield flags = GL_MAP_WRITE_BIT | GL_MAP_PERSISTENT_BIT;
    const bool flushes = path_.model == Model::explicit_flush;
    GLuint name = 0;
    gl_.GenBuffers(1, &name);
    gl_.BindBuffer(GL_COPY_WRITE_BUFFER, name);
    gl_.BufferStorage(GL_COPY_WRITE_BUFFER, kBytes, nullptr, flushes ? flags : flags | GL_MAP_COHERENT_BIT);
    own_mapping_ = {.buffer = name,
                    .pointer = gl_.MapBufferRange(GL_COPY_WRITE_BUFFER, 0, kBytes,
                                                  flags | (flushes ? GLbitfield{GL_MAP_FLUSH_EXPLICIT_BIT}
                                                                   : GLbitfield{GL_MAP_COHERENT_BIT})),
                    .size_bytes = kBytes,
                    .label = "the program's own"};
    gl_.BindBuffer(GL_COPY_WRITE_BUFFER, 0);
    own_buffers_.push_back(name);
  }
  void make_image(Image& image) {
    const auto side = static_cast<GLsizei>(image.side);
    gl_.GenTextures(1, &image.texture);
    gl_.BindTexture(GL_TEXTURE_2D, image.texture);
    gl_.TexStorage2D(GL_TEXTURE_2D, 1, GL_RGBA8, side, side);
    gl_.BindTexture(GL_TEXTURE_2D, 0);
    gl_.GenFramebuffers(1, &image.framebuffer);
    gl_.BindFramebuffer(GL_FRAMEBUFFER, image.framebuffer);
    gl_.FramebufferTexture2D(GL_FRAMEBUFFER, GL_COLOR_ATTACHMENT0, GL_TEXTURE_2D, image.texture, 0);
  }

  void expect_no_leak() {
    for (const GLuint name : own_buffers_) gl_.DeleteBuffers(1, &name);
    for (const Image* image : {&small_, &large_}) gl_.DeleteFramebuffers(1, &image->framebuffer);
    EXPECT_EQ(fake_.live_buffers(), 0U) << "buffers left behind";
    EXPECT_EQ(fake_.mapped_buffers(), 0U) << "mappings left behind";
    EXPECT_EQ(fake_.live_syncs(), 0U) << "fences left behind";
    EXPECT_EQ(fake_.live_framebuffers(), 0U) << "framebuffers left behind";
    EXPECT_EQ(fake_.live_renderbuffers(), 0U) << "renderbuffers left behind";
    EXPECT_EQ(fake_.live_programs(), 0U) << "programs left behind";
    EXPECT_EQ(fake_.live_samplers(), 0U) << "samplers left behind";
  }

  PathCase path_;
  FakeGl fake_;
  GladGLContext gl_{};
  std::vector<GLuint> own_buffers_;
  GLuint source_ = 0;
  GLuint target_ = 0;
  pmb::AdoptedMapping own_mapping_;
  Image small_{kSmall};
  Image large_{kLarge};
  std::byte* memory_ = nullptr;
  std::vector<std::string> log_lines_;
  std::vector<ErrorId> reports_;
  std::optional<pmb::Context> context_;
};

/// Rows in reverse, as a grabber returns them.
inline Bytes from_the_top(const Bytes& pixels, std::size_t rows) {
  Bytes flipped;
  const std::size_t row = pixels.size() / rows;
  for (std::size_t y = rows; y-- > 0;) {
    const auto begin = pixels.begin() + static_cast<std::ptrdiff_t>(y * row);
    flipped.insert(flipped.end(), begin, begin + static_cast<std::ptrdiff_t>(row));
  }
  return flipped;
}

inline void use_mapped_buffers(World& world) {
  if (!world.has_storage()) return;
  auto input = need(pmb::MappedBuffer::create(world.context(), {.size_bytes = 256}));
  auto output = need(pmb::MappedBuffer::create(world.context(), {.size_bytes = 256, .access = Access::read}));
  need(input.write(0, pattern(256, 1)));
  const auto read = world.draw(input.buffer(), 0, 256);
  world.write_on_gpu(output.buffer(), 0, pattern(256, 2));
  const pmb::Ticket ticket = world.mark();
  need(ticket.wait(10s));
  Bytes arrived(256);
  need(output.read(0, arrived, ticket));
  EXPECT_TRUE(read->bytes() == pattern(256, 1));
  EXPECT_TRUE(arrived == pattern(256, 2));
  need(input.destroy());
  need(output.destroy());
}

inline void use_upload_ring(World& world) {
  auto ring = need(pmb::UploadRing::create(world.context(), {.capacity_bytes = 4096, .label = "ring"}));
  const pmb::Slice slice = need(ring.acquire(256));
  EXPECT_TRUE(slice.copy_from(pattern(256, 3)));
  need(ring.publish(slice, 256));
  const auto first = world.draw(slice.buffer(), slice.offset_bytes(), 256);
  const pmb::Arena arena = need(ring.lend(512));
  const auto piece = arena.take(256);
  ASSERT_TRUE(piece);
  std::ranges::copy(pattern(256, 4), piece->bytes.begin());
  need(ring.publish(arena));
  const auto second = world.draw(piece->buffer, piece->offset_bytes, 256);
  const pmb::Ticket ticket = world.mark();
  need(ring.retire(ticket));
  need(ticket.wait(10s));
  EXPECT_TRUE(first->bytes() == pattern(256, 3));
  EXPECT_TRUE(second->bytes() == pattern(256, 4));
}

inline void use_readback_ring(World& world) {
  auto ring = need(pmb::ReadbackRing::create(world.context(), {.capacity_bytes = 4096, .label = "readback"}));
  const auto copied = need(ring.request(world.source(), 0, 256));
  const auto written = need(ring.acquire(256));
  world.write_on_gpu(written.buffer(), written.offset_bytes(), pattern(256, 5));
  world.mark();
  Bytes arrived(256);
  need(copied.copy_to(arrived, 10s));
  const Bytes source = pattern(World::kBytes, 77);
  EXPECT_TRUE(std::equal(arrived.begin(), arrived.end(), source.begin()));
  EXPECT_TRUE(copy(need(written.wait(10s)).bytes()) == pattern(256, 5));
  need(written.release());
}

inline void use_block_pool(World& world) {
  auto pool =
      need(pmb::BlockPool::create(world.context(), {.block_bytes = 256, .count = 3, .label = "blocks"}));
  for (std::uint64_t turn = 0; turn < 3; ++turn) {
    const pmb::Block block = need(pool.acquire());
    std::ranges::copy(pattern(128, turn), block.raw_bytes().begin());
    need(pool.publish(block, 128));
    const auto read = world.draw(block.buffer(), 0, 128);
    world.write_on_gpu(block.buffer(), 128, pattern(128, turn + 10));
    const pmb::Ticket ticket = world.mark();
    const pmb::ReadView view = need(pool.wait_view(block, ticket, 10s));
    EXPECT_TRUE(read->bytes() == pattern(128, turn));
    EXPECT_TRUE(copy(view.bytes().subspan(128)) == pattern(128, turn + 10));
    need(pool.release(block));
  }
}

inline void use_adopted_mapping(World& world) {
  if (!world.has_storage()) return;
  auto buffer = need(pmb::MappedBuffer::adopt(world.context(), world.own_mapping()));
  need(buffer.write(64, pattern(256, 6)));
  const auto read = world.draw(buffer.buffer(), 64, 256);
  need(world.mark().wait(10s));
  EXPECT_TRUE(read->bytes() == pattern(256, 6));
  need(buffer.destroy());
}

inline void use_adopted_memory(World& world) {
  auto buffer = need(pmb::MappedBuffer::adopt_memory(world.context(), world.memory()));
  need(buffer.write(0, pattern(256, 8)));
  const auto read = world.draw(buffer.buffer(), 0, 256);
  world.write_on_gpu(buffer.buffer(), 512, pattern(256, 9));
  need(world.mark().wait(10s));
  EXPECT_TRUE(read->bytes() == pattern(256, 8));
  EXPECT_TRUE(copy(world.memory().subspan(512, 256)) == pattern(256, 9));
  need(buffer.destroy());
}

inline void use_texture_feeder(World& world) {
  const World::Image& image = world.large();
  const Bytes bytes = pattern(image.bytes(), 11);
  // A quarter of the image a feed.
  auto feeder = need(pmb::TextureFeeder::create(world.context(), {.bytes_per_feed = image.bytes() / 4}));
  const std::uint64_t number = need(feeder.queue({image.region(), pmb::TexelLayout::rgba8(), bytes}));
  for (int call = 0; call < 4; ++call) need(feeder.feed());
  EXPECT_TRUE(feeder.is_fed(number));
  need(feeder.ticket().wait(10s));
  EXPECT_TRUE(world.fake().texels(image.texture, 0) == bytes);
}

/// A larger frame follows while the first is held.
inline void use_frame_grabber(World& world) {
  auto grabber = need(pmb::FrameGrabber::create(world.context(), {.frames = 2, .label = "frames"}));
  const Bytes first = from_the_top(world.paint(world.small(), 12), World::kSmall);
  need(grabber.grab(world.small().pixels()));
  const pmb::Frame held = need(grabber.next(0));
  EXPECT_TRUE(copy(held.bytes()) == first);
  const Bytes second = from_the_top(world.paint(world.large(), 13), World::kLarge);
  need(grabber.grab_texture(world.large().region()));
  const pmb::Frame larger = need(grabber.next(0));
  EXPECT_TRUE(copy(larger.bytes()) == second);
  EXPECT_TRUE(copy(held.bytes()) == first);
}

inline void use_transfers(World& world) {
  pmb::Context& context = world.context();
  Bytes arrived(256);
  need(pmb::upload(context, world.target(), 0, pattern(256, 14)));
  need(pmb::download(context, world.target(), 0, arrived));
  EXPECT_TRUE(arrived == pattern(256, 14));
  const auto known = need(pmb::BufferTarget::query(context, world.target()));
  need(pmb::upload(context, known, 0, pattern(256, 15)));
  const auto pending = need(pmb::download_async(context, known, 0, 256));
  need(pending.copy_to(arrived, 10s));
  EXPECT_TRUE(arrived == pattern(256, 15));
}

inline void use_texels(World& world) {
  pmb::Context& context = world.context();
  const World::Image& image = world.small();
  const auto layout = pmb::TexelLayout::rgba8();
  const Bytes texels = pattern(image.bytes(), 16);
  Bytes arrived(image.bytes());
  need(need(pmb::upload_texture(context, image.region(), layout, texels)).wait(10s));
  need(pmb::read_texture(context, image.region(), layout, arrived));
  EXPECT_TRUE(arrived == texels);
  const Bytes pixels = world.paint(image, 17);
  need(pmb::read_pixels(context, image.pixels(), layout, arrived));
  EXPECT_TRUE(arrived == pixels);
  auto ring = need(pmb::ReadbackRing::create(context, {.capacity_bytes = 4096}));
  const auto pending = need(pmb::read_pixels(context, image.pixels(), layout, ring));
  world.mark();
  EXPECT_TRUE(copy(need(pending.wait(10s)).bytes()) == pixels);
  need(pending.release());
}

struct WholeUse {
  const char* name;
  void (*use)(World&);

  /// The first error, if any. Every object of the use is gone.
  pmb::Result<void> run(World& world) const {
    try {
      use(world);
    } catch (const Failure& failure) {
      return tl::unexpected(failure.error);
    }
    return {};
  }
};

inline constexpr WholeUse kWholeUses[] = {
    {"mapped buffers", use_mapped_buffers},
    {"an upload ring", use_upload_ring},
    {"a readback ring", use_readback_ring},
    {"a block pool", use_block_pool},
    {"an adopted mapping", use_adopted_mapping},
    {"adopted memory", use_adopted_memory},
    {"a texture feeder", use_texture_feeder},
    {"a frame grabber", use_frame_grabber},
    {"transfers", use_transfers},
    {"texels", use_texels},
};

}  // namespace pmb_test
