// SPDX-License-Identifier: MIT
#include "facts.hpp"

#include <pybind11/stl.h>

#include <pmb/headless.hpp>
#include <pmb/plan.hpp>
#include <pmb/stats.hpp>
#include <vector>

#include "gil.hpp"

namespace pmb::python {

namespace {

void bind_limits(py::module_& module) {
  py::class_<Limits>(module, "Limits",
                     "What the context supports, in bytes unless stated otherwise. 0: no such limit.")
      .def_readonly("gl_major", &Limits::gl_major, "The version.")
      .def_readonly("gl_minor", &Limits::gl_minor, "The version.")
      .def_readonly("gles", &Limits::gles, "OpenGL ES; the version is of that API.")
      .def_readonly("core_profile", &Limits::core_profile, "A core profile.")
      .def_readonly("no_error", &Limits::no_error, "GL reports no errors here.")
      .def_readonly("buffer_storage", &Limits::buffer_storage,
                    "Persistent mapping exists. Without it transfers copy as the traditional calls do.")
      .def_readonly("direct_state_access", &Limits::direct_state_access, "It exists, and pmb uses it.")
      .def_readonly("memory_barrier", &Limits::memory_barrier, "glMemoryBarrier exists.")
      .def_readonly("compute", &Limits::compute, "Compute shaders exist.")
      .def_readonly("reset_notification", &Limits::reset_notification, "GL reports a lost context.")
      .def_readonly("uniform_offset_alignment", &Limits::uniform_offset_alignment, "Of uniform blocks.")
      .def_readonly("storage_offset_alignment", &Limits::storage_offset_alignment, "Of storage blocks.")
      .def_readonly("texture_offset_alignment", &Limits::texture_offset_alignment, "Of buffer textures.")
      .def_readonly("map_alignment", &Limits::map_alignment, "Of mapped memory.")
      .def_readonly("max_uniform_block", &Limits::max_uniform_block, "The largest uniform block.")
      .def_readonly("max_storage_block", &Limits::max_storage_block, "The largest storage block.")
      .def_readonly("max_texture_buffer_texels", &Limits::max_texture_buffer_texels,
                    "The largest buffer texture, in texels.");
}

void bind_driver(py::module_& module) {
  py::class_<Driver>(module, "Driver", "The driver of a context.")
      .def_readonly("vendor", &Driver::vendor, "GL_VENDOR.")
      .def_readonly("renderer", &Driver::renderer, "GL_RENDERER.")
      .def_readonly("version", &Driver::version, "GL_VERSION.")
      .def_property_readonly(
          "kind", [](const Driver& driver) { return std::string(driver.kind); },
          "'nvidia', 'amd', 'intel', 'mesa_software' and so on, or 'unknown'.")
      .def_readonly("mesa", &Driver::mesa, "A Mesa driver, hardware or software.")
      .def_readonly("software", &Driver::software, "The CPU renders.");
  py::class_<GpuInfo>(module, "GpuInfo", "An entry of list_gpus().")
      .def_readonly("index", &GpuInfo::index, "For Context.headless().")
      .def_readonly("name", &GpuInfo::name, "As EGL or GL_RENDERER reports it.")
      .def_readonly("driver", &GpuInfo::driver, "EGL vendor or driver name.")
      .def_readonly("device_path", &GpuInfo::device_path, "Such as /dev/dri/card0, or empty.")
      .def_readonly("software", &GpuInfo::software, "The CPU renders.")
      .def_readonly("cuda_device", &GpuInfo::cuda_device, "CUDA's number of this GPU, or None.");
}

void bind_plan(py::module_& module) {
  py::enum_<Access>(module, "Access", "How the CPU touches the bytes.")
      .value("sequential_write", Access::sequential_write)
      .value("read", Access::read)
      .value("bidirectional", Access::bidirectional);
  py::enum_<Model>(module, "Model", "How CPU writes become visible to the GPU.")
      .value("coherent", Model::coherent)
      .value("explicit_flush", Model::explicit_flush);
  py::enum_<Path>(module, "Path", "How the bytes travel.")
      .value("direct", Path::direct)
      .value("staged", Path::staged)
      .value("traditional", Path::traditional)
      .value("orphaned", Path::orphaned);
  py::class_<Plan>(module, "Plan", "What pmb chose for a buffer. str() gives flags and reasons.")
      .def_readonly("access", &Plan::access, "How the CPU touches the bytes.")
      .def_readonly("model", &Plan::model, "How writes become visible.")
      .def_readonly("path", &Plan::path, "How the bytes travel.")
      .def_readonly("storage_flags", &Plan::storage_flags, "For glBufferStorage.")
      .def_readonly("map_flags", &Plan::map_flags, "For glMapBufferRange.")
      .def_readonly("size_bytes", &Plan::size_bytes, "As asked.")
      .def_readonly("gpu_reads", &Plan::gpu_reads, "How often the GPU reads or writes each byte.")
      .def("describe", &Plan::describe, "Access, model, path, flags and every reason, in a few lines.")
      .def("__str__", &Plan::describe);
}

void bind_stats(py::module_& module) {
  py::class_<RingStall>(module, "RingStall", "A place in the program whose calls had to wait for the GPU.")
      .def_property_readonly(
          "file", [](const RingStall& stall) { return stall.where.file_name(); }, "The Python file.")
      .def_property_readonly(
          "line", [](const RingStall& stall) { return stall.where.line(); }, "The line.")
      .def_readonly("waits", &RingStall::waits, "How many calls waited.")
      .def_property_readonly(
          "waited", [](const RingStall& stall) { return to_seconds(stall.waited); }, "Seconds.");
  py::class_<RingStats>(module, "RingStats", "Counts of a ring since its creation.")
      .def_readonly("capacity_bytes", &RingStats::capacity_bytes, "Of the storage that new slices come from.")
      .def_readonly("held_bytes", &RingStats::held_bytes,
                    "The same, and older storage that still holds slices.")
      .def_readonly("live_slices", &RingStats::live_slices, "Slices in use by CPU or GPU.")
      .def_readonly("acquired", &RingStats::acquired, "Slices since creation.")
      .def_readonly("handed_out_bytes", &RingStats::handed_out_bytes, "Bytes since creation.")
      .def_readonly("high_water_bytes", &RingStats::high_water_bytes, "Most bytes in use, sampled.")
      .def_readonly("flushes", &RingStats::flushes, "GL flush calls.")
      .def_readonly("waits", &RingStats::waits, "Acquires that had to wait for the GPU.")
      .def_readonly("would_blocks", &RingStats::would_blocks,
                    "Acquires that found no room at first, including those that then waited.")
      .def_readonly("growths", &RingStats::growths, "Times that the ring grew.")
      .def_readonly("shrinks", &RingStats::shrinks, "Times that drain() shrank it.")
      .def_property_readonly(
          "waited", [](const RingStats& stats) { return to_seconds(stats.waited); }, "Seconds in all waits.")
      .def_property_readonly(
          "stalls",
          [](const RingStats& stats) {
            std::vector<RingStall> stalls;
            for (const RingStall& stall : stats.stalls) {
              if (stall.waits > 0) stalls.push_back(stall);
            }
            return stalls;
          },
          "The places that waited longest.")
      .def_readonly("recommended_capacity_bytes", &RingStats::recommended_capacity_bytes,
                    "A capacity that would have been enough; 0 before the first sample.");
}

}  // namespace

void bind_facts(py::module_& module) {
  bind_limits(module);
  bind_driver(module);
  bind_plan(module);
  bind_stats(module);
}

}  // namespace pmb::python
