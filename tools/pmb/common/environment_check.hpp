// SPDX-License-Identifier: MIT
// Finds PMB_ environment variables that have no effect.
#pragma once

#include <string>
#include <vector>

namespace pmb::tool {

/// A sentence for each unknown name and each value that pmb::Options::from_environment ignores.
/// `environment` is an array of "NAME=VALUE" that ends with a null pointer.
std::vector<std::string> environment_warnings(const char* const* environment);

}  // namespace pmb::tool
