// SPDX-License-Identifier: MIT
#include "misuse/scene.hpp"

#include <algorithm>
#include <chrono>
#include <cstring>
#include <string_view>

namespace misuse {

namespace {

constexpr GLsizeiptr kScratchBytes = 64 << 10;

GLuint make_buffer(const void* bytes, GLsizeiptr size) {
  GLuint name = 0;
  glGenBuffers(1, &name);
  glBindBuffer(GL_COPY_WRITE_BUFFER, name);
  glBufferData(GL_COPY_WRITE_BUFFER, size, bytes, GL_STATIC_COPY);
  return name;
}

void copy(GLuint from, std::uint64_t from_offset, GLuint to, std::uint64_t to_offset, std::uint64_t bytes) {
  glBindBuffer(GL_COPY_READ_BUFFER, from);
  glBindBuffer(GL_COPY_WRITE_BUFFER, to);
  glCopyBufferSubData(GL_COPY_READ_BUFFER, GL_COPY_WRITE_BUFFER, static_cast<GLintptr>(from_offset),
                      static_cast<GLintptr>(to_offset), static_cast<GLsizeiptr>(bytes));
}

/// True for a place that is unknown, in the function, or in a lambda of it.
bool is_inside(const std::source_location& place, const std::source_location& program) {
  if (place.line() == 0) return true;
  std::string_view function = program.function_name();
  function.remove_prefix(std::string_view("void ").size());
  return std::string_view(place.file_name()) == program.file_name() &&
         std::string_view(place.function_name()).find(function) != std::string_view::npos;
}

}  // namespace

std::string Seen::describe() const {
  return "PMB-" + std::to_string(static_cast<unsigned>(id)) + " of buffer " + std::to_string(buffer) + " '" +
         label + "', bytes " + std::to_string(begin) + " to " + std::to_string(end);
}

Scene::Scene(pmb::HeadlessContext& headless, const Configuration& configuration)
    : headless_(headless),
      configuration_(configuration),
      read_(make_buffer(nullptr, kScratchBytes)),
      written_(make_buffer(kVertices.data(), sizeof kVertices)) {
  open(options());
}

Scene::~Scene() {
  close();
  const GLuint names[] = {read_, written_};
  glDeleteBuffers(2, names);
}

pmb::Options Scene::options() {
  pmb::Options options;
  options.path = configuration_.path;
  options.model = configuration_.model;
  options.long_wait = std::chrono::hours(1);  // advice about waits depends on the machine
  options.validation = [this](const pmb::Report& report) {
    made_.push_back(
        {.seen = {report.id, std::string(report.label), report.buffer, report.begin_bytes, report.end_bytes},
         .message = report.message(),
         .details = report.details(),
         .acquired_at = report.acquired_at,
         .noticed_at = report.noticed_at});
  };
  return options;
}

void Scene::open(pmb::Options options) {
  close();
  context_ = sample::need(pmb::Context::from_current(pmb::HeadlessContext::loader(), std::move(options)));
}

pmb::UploadRing Scene::upload_ring(std::uint64_t capacity_bytes, std::source_location where) {
  return sample::need(
      pmb::UploadRing::create(*context_, {.capacity_bytes = capacity_bytes, .label = "vertices"}, where));
}

pmb::ReadbackRing Scene::readback_ring(std::uint64_t capacity_bytes, std::source_location where) {
  return sample::need(
      pmb::ReadbackRing::create(*context_, {.capacity_bytes = capacity_bytes, .label = "results"}, where));
}

pmb::MappedBuffer Scene::mapped_buffer(pmb::Access access, std::source_location where) {
  return sample::need(
      pmb::MappedBuffer::create(*context_, {.size_bytes = 4096, .access = access, .label = "table"}, where));
}

pmb::BlockPool Scene::block_pool(std::uint32_t count, std::source_location where) {
  return sample::need(
      pmb::BlockPool::create(*context_, {.block_bytes = 64, .count = count, .label = "blocks"}, where));
}

void Scene::gpu_reads(std::uint32_t buffer, std::uint64_t offset, std::uint64_t bytes) const {
  copy(buffer, offset, read_, 0, bytes);
}

void Scene::gpu_has_read(std::span<const float> numbers) const {
  std::vector<float> read(numbers.size());
  glBindBuffer(GL_COPY_READ_BUFFER, read_);
  glGetBufferSubData(GL_COPY_READ_BUFFER, 0, static_cast<GLsizeiptr>(numbers.size_bytes()), read.data());
  sample::expect(std::ranges::equal(read, numbers), "the GPU read other bytes");
}

void Scene::gpu_writes(std::uint32_t buffer, std::uint64_t offset) const {
  copy(written_, 0, buffer, offset, sizeof kVertices);
}

void Scene::expect(pmb::ErrorId rule, const Named& object, std::uint64_t begin, std::uint64_t end,
                   std::source_location where) {
  expected_.push_back({{rule, object.label, object.buffer, begin, end}, where});
}

void Scene::expect(pmb::ErrorId rule, std::source_location where) {
  expected_.push_back({{.id = rule}, where});
}

std::string Scene::reports() const {
  std::string text;
  for (const Made& made : made_) text += made.details;
  return text;
}

std::string Scene::complaints() const {
  std::string lines;
  for (std::size_t i = 0; i < std::max(made_.size(), expected_.size()); ++i) {
    if (i >= expected_.size()) {
      lines += "  not expected: " + made_[i].message + '\n';
      continue;
    }
    const auto& [expected, program] = expected_[i];
    if (i >= made_.size()) {
      lines += "  missing:      " + expected.describe() + '\n';
      continue;
    }
    const Made& made = made_[i];
    if (made.seen != expected) lines += "  expected:     " + expected.describe() + '\n';
    const bool placed = is_inside(made.acquired_at, program) && is_inside(made.noticed_at, program);
    // Of a handle that is not live, nothing is kept.
    const bool unknown = expected.begin < expected.end && made.acquired_at.line() == 0 &&
                         expected.id != pmb::ErrorId::stale_slice;
    if (!placed || unknown) lines += "  wrong place:\n";
    if (made.seen != expected || !placed || unknown) lines += "  made:         " + made.message + '\n';
  }
  return lines;
}

bool are_vertices(std::span<const std::byte> bytes) {
  return bytes.size() == sizeof kVertices && std::memcmp(bytes.data(), kVertices.data(), bytes.size()) == 0;
}

}  // namespace misuse
