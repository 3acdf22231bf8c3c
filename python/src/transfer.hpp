// SPDX-License-Identifier: MIT
// upload, download, download_async; upload_texture, read_pixels, read_texture.
#pragma once

#include <pybind11/pybind11.h>

namespace pmb::python {

void bind_transfer(pybind11::module_& module);
void bind_texture(pybind11::module_& module);

}  // namespace pmb::python
