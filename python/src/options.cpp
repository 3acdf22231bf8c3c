// SPDX-License-Identifier: MIT
#include "options.hpp"

#include <pybind11/stl.h>

#include <string>
#include <vector>

#include "callbacks.hpp"
#include "gil.hpp"
#ifdef PMB_PYTHON_HAS_TBB
#include <pmb/tbb.hpp>
#endif

namespace pmb::python {

namespace {

void use_threads(pmb::Options& options, std::uint32_t threads) {
  options.copy_threads = threads;
  if (threads == 1) return;
#ifdef PMB_PYTHON_HAS_TBB
  options.parallel_for = tbb_parallel_for();
#else
  throw py::value_error("this build of pmb has no oneTBB, so that copy_threads must be 1");
#endif
}

}  // namespace

void bind_options(py::module_& module) {
  py::class_<PyOptions>(module, "Options", "The choices of a program for a context. The defaults suit most.")
      .def(
          py::init([](const py::object& log, const py::object& validation, std::optional<Model> model,
                      std::optional<Path> path, bool bind_to_edit, std::vector<std::string> disabled_quirks,
                      std::uint64_t memory_limit_bytes, std::uint64_t share_group, std::uint32_t copy_threads,
                      std::string profile, double timeout, double long_wait, bool page_guard) {
            PyOptions made;
            if (!log.is_none()) made.options.log = log_to(log);
            if (!validation.is_none()) made.options.validation = report_to(validation);
            made.options.model = model;
            made.options.path = path;
            made.options.bind_to_edit = bind_to_edit;
            made.options.disabled_quirks = std::move(disabled_quirks);
            made.options.memory_limit_bytes = memory_limit_bytes;
            made.options.share_group = share_group;
            use_threads(made.options, copy_threads);
            made.options.profile = std::move(profile);
            made.options.timeout = to_duration(timeout);
            made.options.long_wait = to_duration(long_wait);
            made.options.page_guard = page_guard;
            return made;
          }),
          py::kw_only(), py::arg("log") = py::none(), py::arg("validation") = py::none(),
          py::arg("model") = py::none(), py::arg("path") = py::none(), py::arg("bind_to_edit") = false,
          py::arg("disabled_quirks") = std::vector<std::string>(), py::arg("memory_limit_bytes") = 0,
          py::arg("share_group") = 0, py::arg("copy_threads") = 1, py::arg("profile") = "",
          py::arg("timeout") = 10.0, py::arg("long_wait") = 0.1, py::arg("page_guard") = false,
          "`log(level, line)` receives each line. `validation(report)` receives misuse, and enables the "
          "search for it. "
          "`model` and `path` force one for all buffers. `copy_threads` is the most threads of oneTBB for "
          "one large copy; 0 "
          "is as many as the machine runs. `profile` is a file of pmb tune. `timeout`, in seconds, bounds "
          "calls that have no "
          "such parameter. Validation reports waits of `acquire` that take `long_wait` seconds. `page_guard` "
          "lets it watch raw pointers into rings by page protection.")
      .def_static(
          "from_environment", [] { return PyOptions{pmb::Options::from_environment()}; },
          "The defaults, changed by PMB_MODEL, PMB_PATH, PMB_BIND_TO_EDIT, PMB_DISABLE_QUIRKS, PMB_PROFILE, "
          "PMB_LOG, PMB_VALIDATE and PMB_PAGE_GUARD.");
}

}  // namespace pmb::python
