// SPDX-License-Identifier: MIT
// Context and list_gpus().
#include <pybind11/stl.h>

#include <exception>
#include <variant>

#include "callbacks.hpp"
#include "context.hpp"
#include "errors.hpp"
#include "loader.hpp"
#include "options.hpp"
#include "place.hpp"
#include "timeline.hpp"

namespace pmb::python {

namespace {

std::shared_ptr<PyContext> from_current(const py::object& loader, const PyOptions& options) {
  refuse_in_callback();
  const std::source_location place = python_place();
  if (loader.is_none()) {
    auto context = pmb::Context::from_current(take(find_loader()), options.options, place);
    return std::make_shared<PyContext>(std::nullopt, take(std::move(context)));
  }
  // pmb does not expect exceptions from a loader.
  std::exception_ptr failure;
  const auto load = [&](const char* name) -> void* {
    if (failure) return nullptr;
    try {
      return call_loader(loader, name);
    } catch (...) {
      failure = std::current_exception();
      return nullptr;
    }
  };
  auto context = pmb::Context::from_current(load, options.options, place);
  if (failure) std::rethrow_exception(failure);
  return std::make_shared<PyContext>(std::nullopt, take(std::move(context)));
}

std::shared_ptr<PyContext> make_headless(const std::optional<std::variant<int, std::string>>& gpu,
                                         bool software, bool gles, std::pair<int, int> gl_version,
                                         bool no_error, bool robust, PyContext* share_with,
                                         std::optional<int> cuda_device, const PyOptions& options) {
  refuse_in_callback();
  HeadlessOptions chosen;
  if (gpu && std::holds_alternative<int>(*gpu)) chosen.gpu_index = std::get<int>(*gpu);
  if (gpu && std::holds_alternative<std::string>(*gpu)) chosen.gpu_name = std::get<std::string>(*gpu);
  chosen.software = software;
  chosen.gles = gles;
  chosen.gl_major = gl_version.first;
  chosen.gl_minor = gl_version.second;
  chosen.no_error = no_error;
  chosen.robust = robust;
  chosen.share_with = share_with ? &share_with->headless() : nullptr;
  chosen.cuda_device = cuda_device;
  const std::source_location place = python_place();
  auto headless = take(without_lock([&] { return HeadlessContext::create(chosen, place); }));
  take(headless.make_current(place));
  auto context = take(pmb::Context::from_current(HeadlessContext::loader(), options.options, place));
  return std::make_shared<PyContext>(std::move(headless), std::move(context));
}

void bind_making(ContextClass& context) {
  context
      .def_static("from_current", &from_current, py::arg("loader") = py::none(),
                  py::arg_v("options", PyOptions(), "Options()"),
                  "Opens the GL context that is current on this thread: that of moderngl, PyOpenGL, Qt, GLFW "
                  "or another "
                  "library. It stays that library's, and must live longer than every array of mapped memory. "
                  "`loader(name)` "
                  "returns the address of a GL function; by default that of EGL or GLX. Raises WrongContext "
                  "if no context is "
                  "current, and Unsupported.")
      .def_static(
          "headless", &make_headless, py::arg("gpu") = py::none(), py::kw_only(), py::arg("software") = false,
          py::arg("gles") = false, py::arg("gl_version") = std::pair<int, int>(0, 0),
          py::arg("no_error") = false, py::arg("robust") = true, py::arg("share_with") = py::none(),
          py::arg("cuda_device") = py::none(), py::arg_v("options", PyOptions(), "Options()"),
          "Makes a GL context without a window, makes it current and opens it. `gpu` is an index of "
          "list_gpus() or a "
          "part of a name; by default the first GPU, or else the CPU. `gl_version` is the oldest "
          "that is accepted. "
          "`share_with` is another headless context, whose buffers and textures it shares. `cuda_device` "
          "chooses the GPU with that number in CUDA. Raises "
          "Unsupported and "
          "InvalidArgument.");
}

void bind_control(ContextClass& context) {
  context
      .def("close", &PyContext::close,
           "Ends everything made on it, and the GL context if it is headless. Mapped memory is freed as soon "
           "as no array or "
           "memoryview of it is left. A second call does nothing. On the context's thread.")
      .def("__enter__", [](std::shared_ptr<PyContext> self) { return self; })
      .def(
          "__exit__",
          [](PyContext& self, const py::object&, const py::object&, const py::object&) { self.close(); },
          py::arg("type"), py::arg("value"), py::arg("traceback"))
      .def(
          "make_current", [](PyContext& self) { take(self.headless().make_current()); },
          "Makes a headless GL context current on this thread.")
      .def(
          "release_current", [](PyContext& self) { take(self.headless().release_current()); },
          "Leaves no GL context current on this thread.")
      .def("claim_thread", &PyContext::claim_thread,
           "Moves it, with everything made on it, to this thread, where its GL context must be current.");
}

}  // namespace

ContextClass declare_context(py::module_& module) {
  return {module, "Context",
          "pmb's view of one GL context. All calls are for the thread that made it, unless claim_thread() "
          "moves it. With "
          "`with`, it is closed at the end."};
}

void bind_context(py::module_& module, ContextClass& context) {
  bind_making(context);
  bind_control(context);
  context
      .def_property_readonly(
          "timeline", [](const std::shared_ptr<PyContext>& self) { return PyTimeline{self}; },
          "The order of its GPU work.")
      .def_property_readonly(
          "limits", [](const PyContext& self) { return self.facts().limits(); }, "What it supports.")
      .def_property_readonly(
          "driver", [](const PyContext& self) { return self.facts().driver(); }, "Its driver.")
      .def_property_readonly(
          "gpu", [](PyContext& self) { return self.headless().gpu(); }, "The GPU of a headless context.")
      .def_property_readonly(
          "lost", [](PyContext& self) { return self.use().lost(); },
          "True once a reset of the GPU was noticed; everything made on it is inert then.")
      .def_property_readonly("is_closed", &PyContext::is_closed, "True once closed.")
      .def_property_readonly(
          "mapped_bytes", [](const PyContext& self) { return self.facts().mapped_bytes(); },
          "Bytes that this process maps now.")
      .def_property_readonly(
          "memory_limit_bytes", [](const PyContext& self) { return self.facts().memory_limit_bytes(); },
          "Most bytes that it may map.")
      .def(
          "has_extension",
          [](const PyContext& self, const std::string& name) { return self.facts().has_extension(name); },
          py::arg("name"), "True if GL has the extension.")
      .def(
          "plan",
          [](PyContext& self, Access access, std::uint64_t size_bytes, std::uint32_t gpu_reads) {
            return take(self.use().plan(access, size_bytes, gpu_reads, self.place()));
          },
          py::arg("access"), py::arg("size_bytes"), py::arg("gpu_reads") = 1,
          "What pmb advises for a buffer of which the GPU reads or writes each byte `gpu_reads` times.");
  module.def(
      "list_gpus", [] { return take(without_lock([] { return list_gpus(); })); },
      "Lists the devices on which EGL can create a context, GPUs before software. Raises Unsupported.");
}

}  // namespace pmb::python
