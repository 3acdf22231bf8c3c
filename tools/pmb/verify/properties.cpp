// SPDX-License-Identifier: MIT
// The table of properties.

#include "verify/checks.hpp"

namespace pmb::tool::verify {
namespace {

constexpr std::uint64_t kGiB = std::uint64_t{1} << 30U;
constexpr std::uint64_t kBeyond = 4096;

template <GLbitfield kAccess, Reader kBy, Remedy kRemedy = Remedy::none>
constexpr Check cpu_to = [](const Gpu& gpu) { return cpu_writes(gpu, kAccess, kBy, kRemedy); };
template <GLbitfield kAccess, Writer kBy>
constexpr Check gpu_to = [](const Gpu& gpu) { return gpu_writes(gpu, kAccess, kBy); };
template <Update kHow, Reader kBy, Remedy kRemedy = Remedy::none>
constexpr Check after_read = [](const Gpu& gpu) { return update_after_read(gpu, kHow, kBy, kRemedy); };
template <Reader kBy, Remedy kRemedy = Remedy::none>
constexpr Check before_read = [](const Gpu& gpu) { return update_before_read(gpu, kBy, kRemedy); };
template <Earlier kEarlier, Remedy kRemedy = Remedy::none>
constexpr Check after_write = [](const Gpu& gpu) { return update_after_write(gpu, kEarlier, kRemedy); };
template <std::uint64_t kSize>
constexpr Check exact = [](const Gpu& gpu) { return size_is_exact(gpu, kSize); };

constexpr Property kProperties[] = {
    {"coherent_to_storage", "Shaders read coherent writes in storage buffers",
     cpu_to<kCoherentWrite, Reader::storage>},
    {"coherent_to_uniform", "Shaders read coherent writes in uniform buffers",
     cpu_to<kCoherentWrite, Reader::uniform>},
    {"coherent_to_vertex", "Draws read coherent writes as vertices", cpu_to<kCoherentWrite, Reader::vertex>},
    {"coherent_to_copy", "Buffer copies read coherent writes", cpu_to<kCoherentWrite, Reader::copy>},
    {"coherent_to_texels", "Texture uploads read coherent writes", cpu_to<kCoherentWrite, Reader::texels>},
    {"flush_to_storage", "Shaders read flushed writes in storage buffers",
     cpu_to<kFlushedWrite, Reader::storage>, "nvidia_flush_barrier",
     cpu_to<kFlushedWrite, Reader::storage, Remedy::barrier>},
    {"flush_to_uniform", "Shaders read flushed writes in uniform buffers",
     cpu_to<kFlushedWrite, Reader::uniform>, "nvidia_flush_barrier",
     cpu_to<kFlushedWrite, Reader::uniform, Remedy::barrier>},
    {"flush_to_vertex", "Draws read flushed writes as vertices", cpu_to<kFlushedWrite, Reader::vertex>,
     "nvidia_flush_barrier", cpu_to<kFlushedWrite, Reader::vertex, Remedy::barrier>},
    {"flush_to_copy", "Buffer copies read flushed writes", cpu_to<kFlushedWrite, Reader::copy>},
    {"flush_to_texels", "Texture uploads read flushed writes", cpu_to<kFlushedWrite, Reader::texels>},
    {"storage_to_coherent", "The CPU sees shader stores in a coherent mapping after a fence",
     gpu_to<kCoherentRead, Writer::storage>},
    {"copy_to_coherent", "The CPU sees buffer copies in a coherent mapping after a fence",
     gpu_to<kCoherentRead, Writer::copy>},
    {"texels_to_coherent", "The CPU sees read pixels in a coherent mapping after a fence",
     gpu_to<kCoherentRead, Writer::texels>},
    {"storage_to_barrier",
     "The CPU sees shader stores in a mapping that is not coherent, after a barrier and a fence",
     gpu_to<kBarrierRead, Writer::storage>},
    {"copy_to_barrier",
     "The CPU sees buffer copies in a mapping that is not coherent, after a barrier and a fence",
     gpu_to<kBarrierRead, Writer::copy>},
    {"texels_to_barrier",
     "The CPU sees read pixels in a mapping that is not coherent, after a barrier and a fence",
     gpu_to<kBarrierRead, Writer::texels>},

    {"fence_after_store", "A fence signals after the stores before it", fence_follows_store},
    {"fence_after_read", "A fence signals after the reads before it", fence_follows_read},
    {"flushed_fence", "A flushed fence signals without a wait", flushed_fence_signals},
    {"waiting_flushes", "A wait with the flush bit flushes the fence", waiting_flushes},
    {"bounded_wait", "A wait returns within its bound", wait_keeps_its_bound},

    {"update_after_storage", "An update leaves the old bytes to earlier readers of a storage buffer",
     after_read<Update::sub_data, Reader::storage>, "software_update_order",
     after_read<Update::sub_data, Reader::storage, Remedy::barrier>},
    {"update_after_uniform", "An update leaves the old bytes to earlier readers of a uniform buffer",
     after_read<Update::sub_data, Reader::uniform>},
    {"update_after_vertex", "An update leaves the old bytes to earlier readers of vertices",
     after_read<Update::sub_data, Reader::vertex>},
    {"update_after_copy_from", "An update leaves the old bytes to earlier copies from the buffer",
     after_read<Update::sub_data, Reader::copy>},
    {"new_store_after_storage",
     "An update of a new store leaves the old store to earlier readers of a storage buffer",
     after_read<Update::new_store, Reader::storage>},
    {"new_store_after_uniform",
     "An update of a new store leaves the old store to earlier readers of a uniform buffer",
     after_read<Update::new_store, Reader::uniform>},
    {"update_to_storage", "Shaders read updated bytes in storage buffers", before_read<Reader::storage>,
     "nvidia_flush_barrier", before_read<Reader::storage, Remedy::barrier>},
    {"update_to_uniform", "Shaders read updated bytes in uniform buffers", before_read<Reader::uniform>},
    {"update_to_vertex", "Draws read updated bytes as vertices", before_read<Reader::vertex>},
    {"update_after_copy", "An update replaces the bytes of earlier copies", after_write<Earlier::copy>,
     "nvidia_update_order", after_write<Earlier::copy, Remedy::copy>},
    {"update_after_clear", "An update replaces the bytes of earlier clears", after_write<Earlier::clear>,
     "nvidia_update_order", after_write<Earlier::clear, Remedy::copy>},
    {"read_after_copy", "glGetBufferSubData returns the bytes of earlier copies", read_after_copy},

    {"flush_offset", "Flush offsets count from the start of the mapping", flush_counts_from_mapping},
    {"map_alignment", "Mapped pointers are aligned as GL promises", pointers_are_aligned},
    {"flags_echo", "GL reports the flags, offset and length of a mapping", flags_are_echoed},
    {"page_protection", "Pages of a mapping can be protected from the CPU, and the GPU works on them",
     pages_are_protected},

    {"other_context", "A mapping is usable while another context is current", other_context_current},
    {"shared_reads", "A context that shares a buffer reads the writes of its mapping", shared_context_reads},
    {"shared_writes", "The fence of another context signals after its copies into a mapping",
     shared_context_writes},
    {"server_wait", "glWaitSync orders another context's commands", server_waits},

    {"pixel_frames", "Pixels are read into a mapping, frame by frame", frames_arrive},
    {"no_draw_framebuffer", "Pixels are read without a draw framebuffer", no_draw_framebuffer},
    {.name = "processes",
     .what = "Several processes read pixels at once",
     .check = frames_arrive,
     .processes = 4},

    {"size_2_gib", "Sizes beyond 2 GiB are exact", exact<2 * kGiB + kBeyond>},
    {"size_4_gib", "Sizes beyond 4 GiB are exact", exact<4 * kGiB + kBeyond>},
    {"out_of_memory", "A size that cannot be had is an error, or shows in the size", refusal_is_typed},
};

}  // namespace

std::span<const Property> all_properties() {
  return kProperties;
}

}  // namespace pmb::tool::verify
