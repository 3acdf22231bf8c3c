// SPDX-License-Identifier: MIT
// The compute shaders of the benchmark, and the same computations on the CPU. All arithmetic is in 32-bit integers, so
// that GPU and CPU agree byte for byte.
//
// Threads: the GL context's.
#pragma once

#include <glad/gl.h>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string_view>
#include <vector>

#include "bench/bench_context.hpp"

namespace pmb::tool::bench {

/// Shaders read and write four words at a time; every size is a multiple of this.
inline constexpr std::uint64_t kUnitBytes = 16;

/// A compiled compute shader.
class Shader {
 public:
  /// Failures: kKernel with the compiler's messages.
  static Outcome<Shader> build(BenchContext& bench, std::string_view source);
  Shader(Shader&& other) noexcept : gl_(other.gl_), program_(std::exchange(other.program_, 0)) {}
  Shader& operator=(Shader&&) = delete;
  ~Shader() {
    if (program_ != 0) gl_->DeleteProgram(program_);
  }

  void set(const char* uniform, std::uint64_t value) const;
  void use() const { gl_->UseProgram(program_); }

 private:
  Shader(const GladGLContext& gl, GLuint program) noexcept : gl_(&gl), program_(program) {}
  const GladGLContext* gl_;
  GLuint program_;
};

/// Words that differ for every seed and position.
void fill_pattern(std::uint64_t seed, std::span<std::byte> bytes);

/// Reads every byte once into a checksum. Every word has an odd weight by its position, so that one wrong byte always
/// changes the sum.
class Reduction {
 public:
  static Outcome<Reduction> create(BenchContext& bench);
  void run(BufferOffset input, std::uint64_t size_bytes);
  /// The checksum of the last run, read back.
  Outcome<std::uint32_t> result();
  static std::uint32_t expected(std::span<const std::byte> input);

 private:
  Reduction(BenchContext& bench, Shader shader, GlBuffer sums) noexcept
      : bench_(&bench), shader_(std::move(shader)), sums_(std::move(sums)) {}
  BenchContext* bench_;
  Shader shader_;
  GlBuffer sums_;
  std::uint32_t groups_used_ = 0;
};

/// Reads every word once and writes another: a stand-in for work on a stream.
class Transformation {
 public:
  static Outcome<Transformation> create(BenchContext& bench);
  void run(BufferOffset input, BufferOffset output, std::uint64_t size_bytes) const;
  static void expected(std::span<const std::byte> input, std::span<std::byte> output);

 private:
  Transformation(BenchContext& bench, Shader shader) noexcept : bench_(&bench), shader_(std::move(shader)) {}
  BenchContext* bench_;
  Shader shader_;
};

/// Writes the words of fill_pattern: results that the GPU makes.
class Production {
 public:
  static Outcome<Production> create(BenchContext& bench);
  void run(std::uint64_t seed, BufferOffset output, std::uint64_t size_bytes) const;

 private:
  Production(BenchContext& bench, Shader shader) noexcept : bench_(&bench), shader_(std::move(shader)) {}
  BenchContext* bench_;
  Shader shader_;
};

/// One small dispatch: sums an update's words into the slot that the update's first word names.
class UpdateReader {
 public:
  static Outcome<UpdateReader> create(BenchContext& bench, std::uint32_t slots, std::uint64_t update_bytes);
  /// Binds shader and results; each dispatch() then reads the last buffer that bind() bound.
  void begin() const;
  void bind(BufferOffset update) const {
    bench_->gl().BindBufferRange(GL_UNIFORM_BUFFER, 0, update.buffer,
                                 static_cast<GLintptr>(update.offset_bytes),
                                 static_cast<GLsizeiptr>(update_bytes_));
  }
  void dispatch() const { bench_->gl().DispatchCompute(1, 1, 1); }
  void poison() const { poison_buffer(bench_->gl(), results_.name()); }
  Outcome<std::vector<std::uint32_t>> results();
  static std::uint32_t expected(std::span<const std::byte> update);

 private:
  UpdateReader(BenchContext& bench, Shader shader, GlBuffer results, std::uint32_t slots,
               std::uint64_t update_bytes) noexcept
      : bench_(&bench),
        shader_(std::move(shader)),
        results_(std::move(results)),
        slots_(slots),
        update_bytes_(update_bytes) {}
  BenchContext* bench_;
  Shader shader_;
  GlBuffer results_;
  std::uint32_t slots_;
  std::uint64_t update_bytes_;
};

}  // namespace pmb::tool::bench
