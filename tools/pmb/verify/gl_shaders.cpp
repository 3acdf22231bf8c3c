// SPDX-License-Identifier: MIT
// Each read draws one row of an integer image, and each pixel shows one word. A loop before the read makes the draw slow:
// the read depends on its result, so that no compiler moves one or removes the other.

#include "verify/gl_shaders.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <utility>

namespace pmb::tool::verify {
namespace {

using Milliseconds = std::chrono::milliseconds;

constexpr GLsizei kWidth = std::tuple_size_v<Words>;
// Stores draw into a row that no read uses.
constexpr GLint kStoreRow = kMostReads;

constexpr const char* kWholeRow = R"(
void main() {
  gl_Position = vec4(gl_VertexID == 1 ? 3.0 : -1.0, gl_VertexID == 2 ? 3.0 : -1.0, 0.0, 1.0);
}
)";
constexpr const char* kOnePoint = R"(
in uint fetched;
flat out uint passed;
void main() {
  passed = fetched;
  gl_PointSize = 1.0;
  gl_Position = vec4((float(gl_VertexID) + 0.5) / 32.0 - 1.0, 0.0, 0.0, 1.0);
}
)";
constexpr const char* kStorageWord = R"(
layout(std430, binding = 0) readonly buffer Source { uint words[64]; };
uint word(uint i) { return words[i & 63u]; }
)";
constexpr const char* kUniformWord = R"(
layout(std140) uniform Source { uvec4 words[16]; };
uint word(uint i) { return words[(i >> 2) & 15u][i & 3u]; }
)";
constexpr const char* kVertexWord = R"(
flat in uint passed;
uint word(uint i) { return passed; }
)";
constexpr const char* kShow = R"(
uniform uint rounds;
layout(location = 0) out uint shown;
void main() {
  uint noise = uint(gl_FragCoord.x);
  for (uint i = 0u; i < rounds; ++i) noise = noise * 1664525u + word(noise >> 8) + 1013904223u;
  shown = word(uint(gl_FragCoord.x) + (noise == 0x12345678u ? 1u : 0u));
}
)";
constexpr const char* kStore = R"(
layout(std430, binding = 0) buffer Target { uint words[64]; };
uniform uint rounds;
uniform uint first;
layout(location = 0) out uint shown;
void main() {
  uint column = uint(gl_FragCoord.x);
  uint noise = column;
  for (uint i = 0u; i < rounds; ++i) noise = noise * 1664525u + 1013904223u;
  words[column] = first + column + (noise == 0x12345678u ? 1u : 0u);
  shown = noise;
}
)";

std::string prelude_of(const GladGLContext& gl) {
  if (gl.ES_VERSION_3_0 != 0) {
    const char* const version = gl.ES_VERSION_3_2 != 0 ? "320" : gl.ES_VERSION_3_1 != 0 ? "310" : "300";
    return fmt::format("#version {} es\nprecision highp float;\nprecision highp int;\n", version);
  }
  if (gl.VERSION_4_3 != 0) return "#version 430 core\n";
  return fmt::format(
      "#version {} core\n#extension GL_ARB_explicit_attrib_location : enable\n"
      "#extension GL_ARB_shading_language_420pack : enable\n"
      "#extension GL_ARB_shader_storage_buffer_object : enable\n",
      gl.VERSION_3_3 != 0 ? "330" : "150");
}

bool has_fragment_storage(const GladGLContext& gl) {
  if (gl.VERSION_4_3 == 0 && gl.ES_VERSION_3_1 == 0 && gl.ARB_shader_storage_buffer_object == 0) return false;
  GLint blocks = 0;
  gl.GetIntegerv(GL_MAX_FRAGMENT_SHADER_STORAGE_BLOCKS, &blocks);
  return blocks > 0;
}

struct Program {
  GLuint name = 0;
  double rounds_per_ms = 0;  // 0: not measured yet
};

class GlShaders : public Shaders {
 public:
  explicit GlShaders(const GladGLContext& gl) : gl_(gl), storage_(has_fragment_storage(gl)) {}
  ~GlShaders() override;
  Outcome<void> build();

  bool can_read(Reader by) const override { return by != Reader::storage || storage_; }
  bool can_store() const override { return storage_; }
  void start_reads() override { reads_ = 0; }
  void read(Reader by, GLuint buffer, std::uint64_t offset, Milliseconds duration) override;
  std::vector<Words> results() override;
  void store(std::uint32_t number, GLuint buffer, std::uint64_t offset, Milliseconds duration) override;

 private:
  Outcome<GLuint> link(const char* vertex, const std::string& fragment);
  Program& reader(Reader by) { return readers_[static_cast<std::size_t>(by)]; }
  void make_target();
  void draw(Program& program, Reader by, GLuint buffer, std::uint64_t offset, GLint row,
            std::uint32_t rounds);
  std::uint32_t rounds_for(Program& program, Reader by, Milliseconds duration);

  const GladGLContext& gl_;
  bool storage_;
  std::array<Program, 3> readers_ = {};
  Program store_;
  GLuint image_ = 0;
  GLuint framebuffer_ = 0;
  GLuint vertices_ = 0;
  GLuint scratch_ = 0;
  GLint reads_ = 0;
};

GlShaders::~GlShaders() {
  for (const Program& program : readers_) gl_.DeleteProgram(program.name);
  gl_.DeleteProgram(store_.name);
  gl_.DeleteFramebuffers(1, &framebuffer_);
  gl_.DeleteTextures(1, &image_);
  gl_.DeleteVertexArrays(1, &vertices_);
  gl_.DeleteBuffers(1, &scratch_);
}

Outcome<GLuint> GlShaders::link(const char* vertex, const std::string& fragment) {
  const GLuint program = gl_.CreateProgram();
  for (const auto& [kind, text] : {std::pair<GLenum, std::string>{GL_VERTEX_SHADER, vertex},
                                   std::pair<GLenum, std::string>{GL_FRAGMENT_SHADER, fragment}}) {
    const std::string source = prelude_of(gl_) + text;
    const char* const pointer = source.c_str();
    const GLuint shader = gl_.CreateShader(kind);
    gl_.ShaderSource(shader, 1, &pointer, nullptr);
    gl_.CompileShader(shader);
    gl_.AttachShader(program, shader);
    gl_.DeleteShader(shader);
  }
  gl_.BindAttribLocation(program, 0, "fetched");
  gl_.LinkProgram(program);
  GLint linked = GL_FALSE;
  gl_.GetProgramiv(program, GL_LINK_STATUS, &linked);
  if (linked == GL_TRUE) return program;
  std::array<char, 1024> log = {};
  gl_.GetProgramInfoLog(program, log.size(), nullptr, log.data());
  gl_.DeleteProgram(program);
  return fail(kGpu, "the driver does not compile a shader of the checks: {}", log.data());
}

Outcome<void> GlShaders::build() {
  struct Source {
    Program& program;
    const char* vertex;
    std::string fragment;
    bool wanted;
  };
  const Source sources[] = {{reader(Reader::storage), kWholeRow, std::string(kStorageWord) + kShow, storage_},
                            {reader(Reader::uniform), kWholeRow, std::string(kUniformWord) + kShow, true},
                            {reader(Reader::vertex), kOnePoint, std::string(kVertexWord) + kShow, true},
                            {store_, kWholeRow, kStore, storage_}};
  for (const Source& source : sources) {
    if (!source.wanted) continue;
    const auto linked = link(source.vertex, source.fragment);
    if (!linked) return tl::unexpected(linked.error());
    source.program.name = *linked;
  }
  make_target();
  return require_no_gl_error(gl_, "preparing the draws of the checks");
}

void GlShaders::make_target() {
  gl_.GenTextures(1, &image_);
  gl_.BindTexture(GL_TEXTURE_2D, image_);
  gl_.TexImage2D(GL_TEXTURE_2D, 0, GL_R32UI, kWidth, kStoreRow + 1, 0, GL_RED_INTEGER, GL_UNSIGNED_INT,
                 nullptr);
  gl_.TexParameteri(GL_TEXTURE_2D, GL_TEXTURE_MIN_FILTER, GL_NEAREST);
  gl_.GenFramebuffers(1, &framebuffer_);
  gl_.BindFramebuffer(GL_FRAMEBUFFER, framebuffer_);
  gl_.FramebufferTexture2D(GL_FRAMEBUFFER, GL_COLOR_ATTACHMENT0, GL_TEXTURE_2D, image_, 0);
  gl_.GenVertexArrays(1, &vertices_);
  const Words zeros{};
  gl_.GenBuffers(1, &scratch_);
  gl_.BindBuffer(GL_COPY_WRITE_BUFFER, scratch_);
  gl_.BufferData(GL_COPY_WRITE_BUFFER, kBlockBytes, zeros.data(), GL_STATIC_DRAW);
}

void GlShaders::draw(Program& program, Reader by, GLuint buffer, std::uint64_t offset, GLint row,
                     std::uint32_t rounds) {
  gl_.BindFramebuffer(GL_FRAMEBUFFER, framebuffer_);
  gl_.Viewport(0, row, kWidth, 1);
  gl_.BindVertexArray(vertices_);
  gl_.UseProgram(program.name);
  gl_.Uniform1ui(gl_.GetUniformLocation(program.name, "rounds"), rounds);
  if (by == Reader::vertex) {
    gl_.BindBuffer(GL_ARRAY_BUFFER, buffer);
    gl_.VertexAttribIPointer(0, 1, GL_UNSIGNED_INT, sizeof(std::uint32_t),
                             reinterpret_cast<const void*>(static_cast<std::uintptr_t>(offset)));
    gl_.EnableVertexAttribArray(0);
    gl_.DrawArrays(GL_POINTS, 0, kWidth);
    gl_.DisableVertexAttribArray(0);
    return;
  }
  gl_.BindBufferRange(by == Reader::uniform ? GL_UNIFORM_BUFFER : GL_SHADER_STORAGE_BUFFER, 0, buffer,
                      static_cast<GLintptr>(offset), kBlockBytes);
  gl_.DrawArrays(GL_TRIANGLES, 0, 3);
}

// Measured once for each program, on a scratch buffer.
std::uint32_t GlShaders::rounds_for(Program& program, Reader by, Milliseconds duration) {
  constexpr double kLongEnoughMs = 10;
  constexpr std::uint32_t kMostRounds = 1U << 26U;
  if (duration.count() == 0) return 0;
  for (std::uint32_t rounds = 1; program.rounds_per_ms == 0; rounds *= 4) {
    const auto start = std::chrono::steady_clock::now();
    draw(program, by, scratch_, 0, kStoreRow, rounds);
    const GLsync done = gl_.FenceSync(GL_SYNC_GPU_COMMANDS_COMPLETE, 0);
    gl_.ClientWaitSync(done, GL_SYNC_FLUSH_COMMANDS_BIT, std::chrono::nanoseconds(kLongestWait).count());
    gl_.DeleteSync(done);
    const double ms =
        std::chrono::duration<double, std::milli>(std::chrono::steady_clock::now() - start).count();
    // The first draw includes the driver's compiler.
    if ((ms >= kLongEnoughMs && rounds > 1) || rounds >= kMostRounds) program.rounds_per_ms = rounds / ms;
  }
  return static_cast<std::uint32_t>(
      std::clamp(program.rounds_per_ms * static_cast<double>(duration.count()), 1.0, 4e9));
}

void GlShaders::read(Reader by, GLuint buffer, std::uint64_t offset, Milliseconds duration) {
  Program& program = reader(by);
  draw(program, by, buffer, offset, reads_++, rounds_for(program, by, duration));
}

void GlShaders::store(std::uint32_t number, GLuint buffer, std::uint64_t offset, Milliseconds duration) {
  const std::uint32_t rounds = rounds_for(store_, Reader::storage, duration);
  gl_.UseProgram(store_.name);
  gl_.Uniform1ui(gl_.GetUniformLocation(store_.name, "first"), words_of(number)[0]);
  draw(store_, Reader::storage, buffer, offset, kStoreRow, rounds);
}

std::vector<Words> GlShaders::results() {
  // OpenGL ES reads every unsigned image as four words a pixel (OpenGL ES 3.2 section 16.1.2).
  std::vector<std::array<std::uint32_t, 4>> pixels(static_cast<std::size_t>(kWidth * reads_));
  gl_.BindFramebuffer(GL_FRAMEBUFFER, framebuffer_);
  gl_.ReadPixels(0, 0, kWidth, reads_, GL_RGBA_INTEGER, GL_UNSIGNED_INT, pixels.data());
  std::vector<Words> words(static_cast<std::size_t>(reads_));
  for (std::size_t i = 0; i < pixels.size(); ++i) words[i / kWidth][i % kWidth] = pixels[i][0];
  return words;
}

}  // namespace

Outcome<std::unique_ptr<Shaders>> make_gl_shaders(const GladGLContext& gl) {
  auto shaders = std::make_unique<GlShaders>(gl);
  if (auto built = shaders->build(); !built) return pass_on(built);
  return shaders;
}

}  // namespace pmb::tool::verify
