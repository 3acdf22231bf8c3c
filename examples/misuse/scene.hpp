// SPDX-License-Identifier: MIT
// Where a program of this folder runs: a context whose validation sink keeps the reports, and commands of plain GL that read
// and write bytes.
#pragma once

#include <array>
#include <optional>
#include <source_location>
#include <span>
#include <string>
#include <vector>

#include "setup.hpp"

namespace misuse {

/// A path and a model, forced for every object of a scene.
struct Configuration {
  const char* name;
  pmb::Path path;
  pmb::Model model;
};

/// A report: as validation made it, or as a program expects it.
struct Seen {
  pmb::ErrorId id = pmb::ErrorId::none;
  std::string label = {};
  std::uint32_t buffer = 0;
  std::uint64_t begin = 0;
  std::uint64_t end = 0;

  std::string describe() const;
  friend bool operator==(const Seen&, const Seen&) = default;
};

/// The object that a report names.
struct Named {
  Named(const pmb::MappedBuffer& object) : label(object.label()), buffer(object.buffer()) {}
  Named(const pmb::UploadRing& ring) : Named(ring.mapped_buffer()) {}
  Named(const pmb::ReadbackRing& ring) : Named(ring.mapped_buffer()) {}
  Named(const char* pool, const pmb::Block& block) : label(pool), buffer(block.buffer()) {}
  std::string label;
  std::uint32_t buffer;
};

/// 64 bytes.
constexpr std::array<float, 16> kVertices = {1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16};

class Scene {
 public:
  Scene(pmb::HeadlessContext& headless, const Configuration& configuration);
  Scene(const Scene&) = delete;
  Scene& operator=(const Scene&) = delete;
  ~Scene();

  pmb::HeadlessContext& headless() noexcept { return headless_; }
  pmb::Context& context() noexcept { return *context_; }
  pmb::Timeline& timeline() noexcept { return context_->timeline(); }
  /// Those of the context, for a program that opens it with other ones.
  pmb::Options options();
  void open(pmb::Options options);
  /// Ends the context.
  void close() { context_.reset(); }

  /// An upload ring 'vertices', a readback ring 'results' and a mapped buffer 'table'.
  pmb::UploadRing upload_ring(std::uint64_t capacity_bytes,
                              std::source_location where = std::source_location::current());
  pmb::ReadbackRing readback_ring(std::uint64_t capacity_bytes,
                                  std::source_location where = std::source_location::current());
  pmb::MappedBuffer mapped_buffer(pmb::Access access,
                                  std::source_location where = std::source_location::current());
  pmb::BlockPool block_pool(std::uint32_t count,
                            std::source_location where = std::source_location::current());
  pmb::Ticket mark(std::source_location where = std::source_location::current()) {
    return sample::need(timeline().mark(where));
  }

  /// Issues a command that reads bytes of a GL buffer; gpu_has_read() then compares them.
  void gpu_reads(std::uint32_t buffer, std::uint64_t offset, std::uint64_t bytes) const;
  void gpu_reads(const pmb::Slice& slice,
                 std::source_location where = std::source_location::current()) const {
    gpu_reads(slice.buffer(where), slice.offset_bytes(where), slice.size_bytes());
  }
  void gpu_has_read(std::span<const float> numbers) const;
  /// Issues a command that writes kVertices.
  void gpu_writes(std::uint32_t buffer, std::uint64_t offset) const;
  void gpu_writes(const pmb::PendingReadback& pending) const {
    gpu_writes(pending.buffer(), pending.offset_bytes());
  }

  /// The next report has this rule, names the object and the bytes, and its places are in the calling program.
  void expect(pmb::ErrorId rule, const Named& object, std::uint64_t begin = 0, std::uint64_t end = 0,
              std::source_location where = std::source_location::current());
  /// The same for a rule that is about no object.
  void expect(pmb::ErrorId rule, std::source_location where = std::source_location::current());

  /// The reports, as print_report writes them.
  std::string reports() const;
  /// Every difference from what was expected, a line each.
  std::string complaints() const;

 private:
  struct Made {
    Seen seen;
    std::string message;
    std::string details;
    std::source_location acquired_at;
    std::source_location noticed_at;
  };
  struct Expected {
    Seen seen;
    std::source_location program;
  };

  pmb::HeadlessContext& headless_;
  Configuration configuration_;
  std::optional<pmb::Context> context_;
  GLuint read_ = 0;     ///< Where gpu_reads() copies to.
  GLuint written_ = 0;  ///< Where gpu_writes() copies from.
  std::vector<Made> made_;
  std::vector<Expected> expected_;
};

/// True if the bytes are kVertices.
bool are_vertices(std::span<const std::byte> bytes);

}  // namespace misuse
