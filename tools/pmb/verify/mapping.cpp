// SPDX-License-Identifier: MIT
// Mappings are as they were asked for: offsets, alignment, flags, pages (OpenGL 4.6 section 6.3).

#include <sys/mman.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>

#include "verify/checks.hpp"

namespace pmb::tool::verify {
namespace {

constexpr std::uint64_t kPage = 4096;

GLint64 parameter(const Gpu& gpu, GLuint buffer, GLenum name) {
  GLint64 value = 0;
  gpu.gl.BindBuffer(GL_COPY_WRITE_BUFFER, buffer);
  gpu.gl.GetBufferParameteri64v(GL_COPY_WRITE_BUFFER, name, &value);
  return value;
}

void require_echo(const Gpu& gpu, const Mapped& mapped, const char* what, GLenum name, GLint64 wanted) {
  const GLint64 echoed = parameter(gpu, mapped.name(), name);
  if (echoed != wanted) fail_check("{} is {:#x}, and the mapping was made with {:#x}", what, echoed, wanted);
}

// The kernel answers EFAULT to a read(2) into memory that may not be written; no signal is raised.
bool is_writable(std::byte* byte) {
  std::array<int, 2> ends = {};
  if (pipe(ends.data()) != 0) fail_check("no pipe can be made to test a page");
  const bool sent = write(ends[1], byte, 1) == 1;
  const bool received = sent && read(ends[0], byte, 1) == 1;
  close(ends[0]);
  close(ends[1]);
  return received;
}

void protect(std::byte* page, std::uint64_t size_bytes, int protection) {
  if (mprotect(page, size_bytes, protection) != 0)
    fail_check("mprotect refuses a page of a mapping: {}", std::strerror(errno));
}

}  // namespace

std::string flush_counts_from_mapping(const Gpu& gpu) {
  constexpr std::uint64_t kInMapping = 512;
  const Mapped mapped(gpu, kFlushedWrite, 3 * kPage, kPage);
  const auto reads = Reads::of(gpu, Reader::copy);
  mapped.put(kInMapping, words_of(7));
  mapped.flush(kInMapping);
  reads->issue(mapped.name(), kPage + kInMapping);
  if (reads->results().front() != words_of(7))
    fail_check("a flush at {} of a mapping at {} did not publish byte {} of the buffer", kInMapping, kPage,
               kPage + kInMapping);
  return fmt::format("a flush at {} of a mapping at {} published byte {} of the buffer", kInMapping, kPage,
                     kPage + kInMapping);
}

std::string pointers_are_aligned(const Gpu& gpu) {
  require_buffer_storage(gpu);
  const std::uint64_t alignment = gpu.context.limits().map_alignment;
  if (alignment == 1) skip_check("the context promises no alignment; pmb relies on none");
  constexpr std::uint64_t kLeast = 64;
  if (alignment < kLeast)
    fail_check("GL_MIN_MAP_BUFFER_ALIGNMENT is {}, and 64 is the least allowed", alignment);
  int checked = 0;
  for (const GLbitfield access : {kCoherentWrite, kFlushedWrite, kCoherentRead, kBarrierRead}) {
    for (const std::uint64_t offset : {std::uint64_t{0}, std::uint64_t{64}, 5 * kBlockBytes, kPage + 16}) {
      const Mapped mapped(gpu, access, 2 * kPage, offset);
      const auto address = reinterpret_cast<std::uintptr_t>(mapped.pointer());
      if ((address - offset) % alignment != 0)
        fail_check("a mapping at offset {} is at address {:#x}, which is not aligned to {}", offset, address,
                   alignment);
      ++checked;
    }
  }
  return fmt::format("{} pointers are aligned to {} bytes", checked, alignment);
}

std::string flags_are_echoed(const Gpu& gpu) {
  int checked = 0;
  for (const GLbitfield access : {kCoherentWrite, kFlushedWrite, kCoherentRead, kBarrierRead}) {
    const Mapped mapped(gpu, access, 2 * kPage, kPage);
    require_echo(gpu, mapped, "GL_BUFFER_STORAGE_FLAGS", GL_BUFFER_STORAGE_FLAGS,
                 access & ~static_cast<GLbitfield>(GL_MAP_FLUSH_EXPLICIT_BIT));
    require_echo(gpu, mapped, "GL_BUFFER_ACCESS_FLAGS", GL_BUFFER_ACCESS_FLAGS, access);
    require_echo(gpu, mapped, "GL_BUFFER_IMMUTABLE_STORAGE", GL_BUFFER_IMMUTABLE_STORAGE, GL_TRUE);
    require_echo(gpu, mapped, "GL_BUFFER_MAPPED", GL_BUFFER_MAPPED, GL_TRUE);
    require_echo(gpu, mapped, "GL_BUFFER_SIZE", GL_BUFFER_SIZE, 2 * kPage);
    require_echo(gpu, mapped, "GL_BUFFER_MAP_OFFSET", GL_BUFFER_MAP_OFFSET, kPage);
    require_echo(gpu, mapped, "GL_BUFFER_MAP_LENGTH", GL_BUFFER_MAP_LENGTH, kPage);
    void* pointer = nullptr;
    gpu.gl.GetBufferPointerv(GL_COPY_WRITE_BUFFER, GL_BUFFER_MAP_POINTER, &pointer);
    if (pointer != mapped.pointer()) fail_check("GL_BUFFER_MAP_POINTER is not the pointer of the mapping");
    ++checked;
  }
  return fmt::format("size, offset, length, pointer and flags of {} mappings are exact", checked);
}

// Large, so that no page of the mapping is shared with other memory of the process.
std::string pages_are_protected(const Gpu& gpu) {
  constexpr std::uint64_t kBytes = std::uint64_t{8} << 20U;
  const auto page = static_cast<std::uint64_t>(sysconf(_SC_PAGESIZE));
  const Mapped mapped(gpu, kCoherentWrite | GL_MAP_READ_BIT, kBytes);
  const auto reads = Reads::of(gpu, Reader::copy);
  const std::uint64_t beyond_first_page = page - reinterpret_cast<std::uintptr_t>(mapped.pointer()) % page;
  const std::uint64_t offset = (kBytes / 2 / page) * page + beyond_first_page;
  std::byte* const start = mapped.pointer() + offset;
  mapped.put(offset, words_of(1));
  finish(gpu);

  protect(start, page, PROT_READ);
  reads->issue(mapped.name(), offset);
  finish(gpu);
  // After the GPU's work: the driver, or a tool between it and the program, may have lifted the protection.
  const bool writable = is_writable(start);
  const Words kept = mapped.get(offset);
  protect(start, page, PROT_READ | PROT_WRITE);
  if (writable) fail_check("a page of a mapping could be written while it was protected");
  if (kept != words_of(1)) fail_check("the bytes of a mapping changed while their page was protected");
  mapped.put(offset, words_of(2));
  reads->issue(mapped.name(), offset);
  const std::vector<Words> seen = reads->results();
  if (seen[0] != words_of(1)) fail_check("the GPU could not read a page that was protected from writes");
  if (seen[1] != words_of(2)) fail_check("the GPU did not see writes after the protection was lifted");
  // Threads of a software driver are its GPU: pmb closes no page to them.
  if (gpu.context.driver().software)
    return "a page was protected from writes and given back; its bytes survived, and the GPU read them";
  const Words written = words_of(3);
  const GlBuffer source = plain_buffer(gpu, kBlockBytes, written.data());
  protect(start, page, PROT_NONE);
  copy(gpu, source.name(), 0, mapped.name(), offset);
  finish(gpu);
  protect(start, page, PROT_READ | PROT_WRITE);
  if (mapped.get(offset) != written)
    fail_check("the GPU's writes to a page that was closed to the CPU did not arrive");
  return "a page was protected from writes, and closed; its bytes survived, and the GPU read and wrote them";
}

}  // namespace pmb::tool::verify
