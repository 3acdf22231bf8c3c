// SPDX-License-Identifier: MIT
// FrameGrabber, Frame and TextureFeeder.
#pragma once

#include <pybind11/pybind11.h>

namespace pmb::python {

void bind_frame_grabber(pybind11::module_& module);
void bind_texture_feeder(pybind11::module_& module);

}  // namespace pmb::python
