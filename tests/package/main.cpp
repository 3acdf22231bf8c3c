// SPDX-License-Identifier: MIT
// Uses pmb from another project, with no GL header and no context. It links, and reports that no context is
// current.

#include <cstdio>
#include <pmb/context.hpp>
#include <pmb/upload_ring.hpp>

int main() {
  const auto no_entry_points = [](const char*) -> void* { return nullptr; };
  const auto context = pmb::Context::from_current(no_entry_points);
  if (context) return 1;
  std::puts(context.error().message().c_str());
  return context.error().message().empty() ? 1 : 0;
}
