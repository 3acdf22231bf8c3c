// SPDX-License-Identifier: MIT
#include <dlfcn.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>

#include "base/platform.hpp"

namespace pmb::detail {

std::uint64_t physical_memory_bytes() noexcept {
  const long pages = sysconf(_SC_PHYS_PAGES);
  return pages > 0 ? static_cast<std::uint64_t>(pages) * page_bytes() : UINT64_MAX;
}

std::uint64_t page_bytes() noexcept {
  return static_cast<std::uint64_t>(std::max(sysconf(_SC_PAGESIZE), 1L));
}

std::uint64_t process_id() noexcept {
  return static_cast<std::uint64_t>(getpid());
}

std::string user_cache_folder() {
  const auto value_of = [](const char* name) -> std::string {
    const char* value = std::getenv(name);
    return value ? value : "";
  };
  // The XDG base directory specification: relative paths are ignored.
  const std::string cache = value_of("XDG_CACHE_HOME");
  if (cache.starts_with('/')) return cache + "/";
  const std::string home = value_of("HOME");
  return home.empty() ? "" : home + "/.cache/";
}

Function find_loaded_function(const char* library, const char* name) noexcept {
  void* const loaded = dlopen(library, RTLD_LAZY | RTLD_NOLOAD);
  if (!loaded) return nullptr;
  const auto function = reinterpret_cast<Function>(dlsym(loaded, name));
  // Releases the reference that RTLD_NOLOAD added.
  dlclose(loaded);
  return function;
}

void keep_loaded(Function function) noexcept {
  Dl_info found = {};
  if (dladdr(reinterpret_cast<void*>(function), &found) == 0 || !found.dli_fname) return;
  // Fails for the program itself, which stays loaded anyway.
  void* const library = dlopen(found.dli_fname, RTLD_LAZY | RTLD_NOLOAD | RTLD_NODELETE);
  if (library) dlclose(library);
}

}  // namespace pmb::detail
