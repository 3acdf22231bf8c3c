// SPDX-License-Identifier: MIT
// The extension module pmb._pmb, which the package python/pmb exports.
#include <pybind11/pybind11.h>

#include <pmb/version.hpp>

#include "block_pool.hpp"
#include "callbacks.hpp"
#include "context.hpp"
#include "cuda.hpp"
#include "facts.hpp"
#include "frame_grabber.hpp"
#include "lent.hpp"
#include "mapped_buffer.hpp"
#include "options.hpp"
#include "readback_ring.hpp"
#include "timeline.hpp"
#include "transfer.hpp"
#include "upload_ring.hpp"

PYBIND11_MODULE(_pmb, module) {
  using namespace pmb::python;
  // Types and signatures say pmb, where users find them.
  const py::object name = module.attr("__name__");
  module.attr("__name__") = "pmb";
  bind_facts(module);
  bind_callbacks(module);
  bind_options(module);
  ContextClass context = declare_context(module);
  bind_timeline(module);
  bind_context(module, context);
  bind_lent(module);
  bind_upload_ring(module);
  bind_readback_ring(module);
  bind_block_pool(module);
  bind_mapped_buffer(module);
  bind_transfer(module);
  bind_texture(module);
  bind_frame_grabber(module);
  bind_texture_feeder(module);
  bind_cuda(module);
  module.attr("__name__") = name;
  module.attr("__version__") = PMB_VERSION_STRING;
}
