// SPDX-License-Identifier: MIT
#include <cxxabi.h>
#include <dlfcn.h>
#include <execinfo.h>
#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <memory>

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

std::size_t capture_stack(std::span<void*> frames) noexcept {
  // The first frame is this function.
  const int count = backtrace(frames.data(), static_cast<int>(frames.size()));
  if (count < 1) return 0;
  std::ranges::move(frames.subspan(1, static_cast<std::size_t>(count) - 1), frames.begin());
  return static_cast<std::size_t>(count) - 1;
}

std::string describe_address(void* address) {
  Dl_info found = {};
  if (dladdr(address, &found) == 0 || !found.dli_fname) return fmt::format("{}", address);
  const auto distance = [&](const void* start) {
    return static_cast<std::uint64_t>(static_cast<const char*>(address) - static_cast<const char*>(start));
  };
  if (!found.dli_sname) return fmt::format("{}+{:#x}", found.dli_fname, distance(found.dli_fbase));
  int status = 0;
  const std::unique_ptr<char, decltype(&std::free)> readable(
      abi::__cxa_demangle(found.dli_sname, nullptr, nullptr, &status), &std::free);
  return fmt::format("{}+{:#x} ({})", readable ? readable.get() : found.dli_sname, distance(found.dli_saddr),
                     found.dli_fname);
}

void keep_loaded(Function function) noexcept {
  Dl_info found = {};
  if (dladdr(reinterpret_cast<void*>(function), &found) == 0 || !found.dli_fname) return;
  // Fails for the program itself, which stays loaded anyway.
  void* const library = dlopen(found.dli_fname, RTLD_LAZY | RTLD_NOLOAD | RTLD_NODELETE);
  if (library) dlclose(library);
}

}  // namespace pmb::detail
