// SPDX-License-Identifier: MIT
// GLSL, dispatches, and the same arithmetic in C++.

#include "bench/shader.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cstring>

namespace pmb::tool::bench {
namespace {

constexpr std::uint32_t kGroupSize = 256;
// Enough work groups to fill any GPU; each loops over the data.
constexpr std::uint32_t kMostGroups = 2048;
constexpr std::uint32_t kMultiplier = 1664525;
constexpr std::uint32_t kIncrement = 1013904223;

constexpr std::string_view kReduction = R"glsl(#version 430
layout(local_size_x = 256) in;
layout(std430, binding = 0) readonly buffer Input { uvec4 data[]; };
layout(std430, binding = 1) writeonly buffer Sums { uint sums[]; };
uniform uint count;
uniform uint first_unit;
uniform uint first_sum;
shared uint parts[256];
uint weighed(uvec4 v, uint unit) {
  uint weight = unit * 8u;
  return v.x * (weight + 1u) + v.y * (weight + 3u) + v.z * (weight + 5u) + v.w * (weight + 7u);
}
void main() {
  uint stride = gl_NumWorkGroups.x * gl_WorkGroupSize.x;
  uint sum = 0u;
  uint i = gl_GlobalInvocationID.x;
  for (; i + 3u * stride < count; i += 4u * stride) {
    uvec4 a = data[i];
    uvec4 b = data[i + stride];
    uvec4 c = data[i + 2u * stride];
    uvec4 d = data[i + 3u * stride];
    sum += weighed(a, first_unit + i) + weighed(b, first_unit + i + stride) +
           weighed(c, first_unit + i + 2u * stride) + weighed(d, first_unit + i + 3u * stride);
  }
  for (; i < count; i += stride) sum += weighed(data[i], first_unit + i);
  parts[gl_LocalInvocationIndex] = sum;
  barrier();
  for (uint half_size = 128u; half_size > 0u; half_size >>= 1u) {
    if (gl_LocalInvocationIndex < half_size) {
      parts[gl_LocalInvocationIndex] += parts[gl_LocalInvocationIndex + half_size];
    }
    barrier();
  }
  if (gl_LocalInvocationIndex == 0u) sums[first_sum + gl_WorkGroupID.x] = parts[0];
}
)glsl";

constexpr std::string_view kTransformation = R"glsl(#version 430
layout(local_size_x = 256) in;
layout(std430, binding = 0) readonly buffer Input { uvec4 source[]; };
layout(std430, binding = 1) writeonly buffer Output { uvec4 target[]; };
uniform uint count;
void main() {
  uint stride = gl_NumWorkGroups.x * gl_WorkGroupSize.x;
  uint i = gl_GlobalInvocationID.x;
  for (; i + 3u * stride < count; i += 4u * stride) {
    uvec4 a = source[i];
    uvec4 b = source[i + stride];
    uvec4 c = source[i + 2u * stride];
    uvec4 d = source[i + 3u * stride];
    target[i] = a * 1664525u + 1013904223u;
    target[i + stride] = b * 1664525u + 1013904223u;
    target[i + 2u * stride] = c * 1664525u + 1013904223u;
    target[i + 3u * stride] = d * 1664525u + 1013904223u;
  }
  for (; i < count; i += stride) target[i] = source[i] * 1664525u + 1013904223u;
}
)glsl";

constexpr std::string_view kProduction = R"glsl(#version 430
layout(local_size_x = 256) in;
layout(std430, binding = 1) writeonly buffer Output { uvec4 target[]; };
uniform uint count;
uniform uint first_unit;
uniform uint seed;
void main() {
  uint stride = gl_NumWorkGroups.x * gl_WorkGroupSize.x;
  for (uint i = gl_GlobalInvocationID.x; i < count; i += stride) {
    uvec4 word = (uvec4(0u, 1u, 2u, 3u) + (first_unit + i) * 4u + seed) * 2654435761u;
    target[i] = (word ^ (word >> 15u)) * 2246822519u;
  }
}
)glsl";

// A uniform block, as most small updates are read. COUNT is defined before it.
constexpr std::string_view kUpdate = R"glsl(
const uint count = COUNT;
layout(local_size_x = 16) in;
layout(std140, binding = 0) uniform Input { uvec4 data[COUNT]; };
layout(std430, binding = 1) writeonly buffer Results { uint results[]; };
shared uint parts[16];
void main() {
  uint sum = 0u;
  for (uint i = gl_LocalInvocationIndex; i < count; i += 16u) {
    uvec4 v = data[i];
    uint weight = i * 8u;
    sum += v.x * (weight + 1u) + v.y * (weight + 3u) + v.z * (weight + 5u) + v.w * (weight + 7u);
  }
  parts[gl_LocalInvocationIndex] = sum;
  barrier();
  if (gl_LocalInvocationIndex == 0u) {
    for (uint i = 1u; i < 16u; ++i) sum += parts[i];
    results[data[0].x] = sum;
  }
}
)glsl";

std::uint32_t groups_for(std::uint64_t units) {
  // Four units an invocation, as in the loops.
  return static_cast<std::uint32_t>(std::clamp<std::uint64_t>(units / (kGroupSize * 4ULL), 1, kMostGroups));
}

std::uint32_t weighed_sum(std::span<const std::byte> bytes) {
  std::uint32_t sum = 0;
  std::uint32_t weight = 1;
  for (std::size_t at = 0; at + sizeof(std::uint32_t) <= bytes.size(); at += sizeof(std::uint32_t)) {
    std::uint32_t word = 0;
    std::memcpy(&word, bytes.data() + at, sizeof(word));
    sum += word * weight;
    weight += 2;
  }
  return sum;
}

}  // namespace

Outcome<Shader> Shader::build(BenchContext& bench, std::string_view source) {
  const GladGLContext& gl = bench.gl();
  const GLuint shader = gl.CreateShader(GL_COMPUTE_SHADER);
  const char* text = source.data();
  const auto length = static_cast<GLint>(source.size());
  gl.ShaderSource(shader, 1, &text, &length);
  gl.CompileShader(shader);
  Shader built(gl, gl.CreateProgram());
  gl.AttachShader(built.program_, shader);
  gl.LinkProgram(built.program_);
  GLint linked = GL_FALSE;
  gl.GetProgramiv(built.program_, GL_LINK_STATUS, &linked);
  std::string log(4096, '\0');
  GLsizei log_length = 0;
  gl.GetShaderInfoLog(shader, static_cast<GLsizei>(log.size()), &log_length, log.data());
  gl.DeleteShader(shader);
  log.resize(static_cast<std::size_t>(log_length));
  if (linked != GL_TRUE) {
    return tl::unexpected(
        Failure{kKernel, "a shader of the benchmark does not compile on this driver", std::move(log)});
  }
  return built;
}

void Shader::set(const char* uniform, std::uint64_t value) const {
  gl_->ProgramUniform1ui(program_, gl_->GetUniformLocation(program_, uniform), static_cast<GLuint>(value));
}

void fill_pattern(std::uint64_t seed, std::span<std::byte> bytes) {
  const auto start = static_cast<std::uint32_t>(seed);
  for (std::size_t i = 0; i < bytes.size() / sizeof(std::uint32_t); ++i) {
    std::uint32_t word = (static_cast<std::uint32_t>(i) + start) * 2654435761U;
    word = (word ^ (word >> 15U)) * 2246822519U;
    std::memcpy(bytes.data() + i * sizeof(word), &word, sizeof(word));
  }
}

Outcome<Reduction> Reduction::create(BenchContext& bench) {
  auto shader = Shader::build(bench, kReduction);
  if (!shader) return pass_on(shader);
  // One binding a piece; few contexts allow less than 128 MiB.
  constexpr std::uint64_t kMostPieces = 64;
  auto sums =
      GlBuffer::create(bench.gl(), kMostPieces * kMostGroups * sizeof(std::uint32_t), GL_DYNAMIC_COPY);
  if (!sums) return pass_on(sums);
  return Reduction(bench, std::move(*shader), std::move(*sums));
}

void Reduction::run(BufferOffset input, std::uint64_t size_bytes) {
  const GladGLContext& gl = bench_->gl();
  shader_.use();
  gl.BindBufferBase(GL_SHADER_STORAGE_BUFFER, 1, sums_.name());
  groups_used_ = 0;
  for (std::uint64_t at = 0; at < size_bytes; at += bench_->most_bytes_bound()) {
    const std::uint64_t piece = std::min(size_bytes - at, bench_->most_bytes_bound());
    bench_->bind_storage(0, {input.buffer, input.offset_bytes + at}, piece);
    shader_.set("count", piece / kUnitBytes);
    shader_.set("first_unit", at / kUnitBytes);
    shader_.set("first_sum", groups_used_);
    const std::uint32_t groups = groups_for(piece / kUnitBytes);
    gl.DispatchCompute(groups, 1, 1);
    groups_used_ += groups;
  }
}

Outcome<std::uint32_t> Reduction::result() {
  auto sums = bench_->read_back({sums_.name(), 0}, groups_used_ * sizeof(std::uint32_t));
  if (!sums) return pass_on(sums);
  std::uint32_t total = 0;
  for (std::size_t i = 0; i < groups_used_; ++i) {
    std::uint32_t sum = 0;
    std::memcpy(&sum, sums->data() + i * sizeof(sum), sizeof(sum));
    total += sum;
  }
  return total;
}

std::uint32_t Reduction::expected(std::span<const std::byte> input) {
  return weighed_sum(input);
}

Outcome<Transformation> Transformation::create(BenchContext& bench) {
  auto shader = Shader::build(bench, kTransformation);
  if (!shader) return pass_on(shader);
  return Transformation(bench, std::move(*shader));
}

void Transformation::run(BufferOffset input, BufferOffset output, std::uint64_t size_bytes) const {
  shader_.use();
  for (std::uint64_t at = 0; at < size_bytes; at += bench_->most_bytes_bound()) {
    const std::uint64_t piece = std::min(size_bytes - at, bench_->most_bytes_bound());
    bench_->bind_storage(0, {input.buffer, input.offset_bytes + at}, piece);
    bench_->bind_storage(1, {output.buffer, output.offset_bytes + at}, piece);
    shader_.set("count", piece / kUnitBytes);
    bench_->gl().DispatchCompute(groups_for(piece / kUnitBytes), 1, 1);
  }
}

void Transformation::expected(std::span<const std::byte> input, std::span<std::byte> output) {
  for (std::size_t at = 0; at + sizeof(std::uint32_t) <= input.size(); at += sizeof(std::uint32_t)) {
    std::uint32_t word = 0;
    std::memcpy(&word, input.data() + at, sizeof(word));
    word = word * kMultiplier + kIncrement;
    std::memcpy(output.data() + at, &word, sizeof(word));
  }
}

Outcome<Production> Production::create(BenchContext& bench) {
  auto shader = Shader::build(bench, kProduction);
  if (!shader) return pass_on(shader);
  return Production(bench, std::move(*shader));
}

void Production::run(std::uint64_t seed, BufferOffset output, std::uint64_t size_bytes) const {
  shader_.use();
  shader_.set("seed", seed);
  for (std::uint64_t at = 0; at < size_bytes; at += bench_->most_bytes_bound()) {
    const std::uint64_t piece = std::min(size_bytes - at, bench_->most_bytes_bound());
    bench_->bind_storage(1, {output.buffer, output.offset_bytes + at}, piece);
    shader_.set("count", piece / kUnitBytes);
    shader_.set("first_unit", at / kUnitBytes);
    bench_->gl().DispatchCompute(groups_for(piece / kUnitBytes), 1, 1);
  }
}

Outcome<UpdateReader> UpdateReader::create(BenchContext& bench, std::uint32_t slots,
                                           std::uint64_t update_bytes) {
  const std::string source =
      fmt::format("#version 430\n#define COUNT {}u\n{}", update_bytes / kUnitBytes, kUpdate);
  auto shader = Shader::build(bench, source);
  if (!shader) return pass_on(shader);
  auto results = GlBuffer::create(bench.gl(), slots * sizeof(std::uint32_t), GL_DYNAMIC_COPY);
  if (!results) return pass_on(results);
  return UpdateReader(bench, std::move(*shader), std::move(*results), slots, update_bytes);
}

void UpdateReader::begin() const {
  shader_.use();
  bench_->gl().BindBufferBase(GL_SHADER_STORAGE_BUFFER, 1, results_.name());
}

Outcome<std::vector<std::uint32_t>> UpdateReader::results() {
  std::vector<std::uint32_t> results(slots_);
  auto bytes = bench_->read_back({results_.name(), 0}, results.size() * sizeof(std::uint32_t));
  if (!bytes) return pass_on(bytes);
  std::memcpy(results.data(), bytes->data(), bytes->size());
  return results;
}

std::uint32_t UpdateReader::expected(std::span<const std::byte> update) {
  return weighed_sum(update);
}

}  // namespace pmb::tool::bench
