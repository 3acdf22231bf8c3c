// SPDX-License-Identifier: MIT
// Mapped buffers: access that a mapping does not have, and buffers that are gone.
#include "misuse/misuse.hpp"

namespace misuse {
namespace {

namespace read_of_write_only {
void wrong(Scene& scene) {
  auto buffer = scene.mapped_buffer(pmb::Access::sequential_write);
  scene.expect(ErrorId::not_readable, buffer, 0, 64);

  std::array<float, 16> numbers = {};
  need(buffer.write(0, kVertices));
  refused(buffer.read(0, numbers, scene.mark()));
}
void right(Scene& scene) {
  auto buffer = scene.mapped_buffer(pmb::Access::bidirectional);

  std::array<float, 16> numbers = {};
  need(buffer.write(0, kVertices));
  const pmb::Ticket ticket = scene.mark();
  need(ticket.wait(kPatience));
  need(buffer.read(0, numbers, ticket));

  sample::expect(numbers == kVertices, "other bytes arrived");
}
}  // namespace read_of_write_only

namespace write_of_read_only {
void wrong(Scene& scene) {
  auto buffer = scene.mapped_buffer(pmb::Access::read);
  scene.expect(ErrorId::not_writable, buffer, 128, 192);

  refused(buffer.write(128, kVertices));
}
void right(Scene& scene) {
  auto buffer = scene.mapped_buffer(pmb::Access::sequential_write);

  need(buffer.write(128, kVertices));
  scene.gpu_reads(buffer.buffer(), 128, 64);

  scene.gpu_has_read(kVertices);
}
}  // namespace write_of_read_only

namespace write_after_destroy {
void wrong(Scene& scene) {
  auto buffer = scene.mapped_buffer(pmb::Access::sequential_write);

  need(buffer.destroy());
  refused(buffer.write(0, kVertices));

  scene.expect(ErrorId::not_mapped, buffer);
}
void right(Scene& scene) {
  auto buffer = scene.mapped_buffer(pmb::Access::sequential_write);

  need(buffer.write(0, kVertices));
  scene.gpu_reads(buffer.buffer(), 0, 64);
  need(buffer.destroy());  // GL keeps the storage until its commands are done

  scene.gpu_has_read(kVertices);
}
}  // namespace write_after_destroy

namespace write_after_move {
void wrong(Scene& scene) {
  auto buffer = scene.mapped_buffer(pmb::Access::sequential_write);

  const pmb::MappedBuffer owner = std::move(buffer);
  refused(buffer.write(0, kVertices));

  scene.expect(ErrorId::not_mapped, buffer);
}
void right(Scene& scene) {
  auto buffer = scene.mapped_buffer(pmb::Access::sequential_write);

  pmb::MappedBuffer owner = std::move(buffer);
  need(owner.write(0, kVertices));
  scene.gpu_reads(owner.buffer(), 0, 64);

  scene.gpu_has_read(kVertices);
}
}  // namespace write_after_move

}  // namespace

std::span<const Misuse> buffers() {
  static constexpr Misuse kAll[] = {
      {"read_of_write_only", read_of_write_only::wrong, read_of_write_only::right},
      {"write_of_read_only", write_of_read_only::wrong, write_of_read_only::right},
      {"write_after_destroy", write_after_destroy::wrong, write_after_destroy::right},
      {"write_after_move", write_after_move::wrong, write_after_move::right},
  };
  return kAll;
}

}  // namespace misuse
