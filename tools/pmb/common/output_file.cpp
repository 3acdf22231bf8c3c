// SPDX-License-Identifier: MIT

#include "common/output_file.hpp"

#include <unistd.h>

#include <filesystem>

namespace pmb::tool {

Outcome<void> require_writable(const std::string& file, bool makes_folder) {
  namespace fs = std::filesystem;
  if (file.empty() || file == "-") return {};
  std::error_code error;
  const fs::file_status status = fs::status(file, error);
  if (fs::is_directory(status)) return fail(kOutput, "the output {} is a folder; name a file in it", file);
  if (fs::exists(status)) {
    if (access(file.c_str(), W_OK) == 0) return {};
    return fail(kOutput, "the output {} may not be written; choose another file", file);
  }
  fs::path parent = fs::path(file).parent_path();
  while (makes_folder && parent.has_relative_path() && !fs::exists(parent, error))
    parent = parent.parent_path();
  const std::string folder = parent.empty() ? "." : parent.string();
  if (!fs::is_directory(folder, error)) {
    return fail(kOutput, "the folder of the output {} does not exist; create {}", file, folder);
  }
  if (access(folder.c_str(), W_OK | X_OK) == 0) return {};
  return fail(kOutput, "the folder of the output {} may not be written; choose another", file);
}

}  // namespace pmb::tool
