// SPDX-License-Identifier: MIT
#include <windows.h>

#include <fmt/format.h>

#include <algorithm>
#include <cstdlib>

#include "base/platform.hpp"

namespace pmb::detail {

std::uint64_t physical_memory_bytes() noexcept {
  MEMORYSTATUSEX memory = {};
  memory.dwLength = sizeof memory;
  return GlobalMemoryStatusEx(&memory) ? memory.ullTotalPhys : UINT64_MAX;
}

std::uint64_t page_bytes() noexcept {
  SYSTEM_INFO system = {};
  GetSystemInfo(&system);
  return system.dwPageSize;
}

std::uint64_t process_id() noexcept {
  return GetCurrentProcessId();
}

std::string user_cache_folder() {
  const char* const folder = std::getenv("LOCALAPPDATA");
  return folder && *folder ? std::string(folder) + "/" : "";
}

Function find_loaded_function(const char* library, const char* name) noexcept {
  const HMODULE loaded = GetModuleHandleA(library);
  return loaded ? reinterpret_cast<Function>(GetProcAddress(loaded, name)) : nullptr;
}

std::size_t capture_stack(std::span<void*> frames) noexcept {
  // The first frame is this function.
  return CaptureStackBackTrace(1, static_cast<DWORD>(frames.size()), frames.data(), nullptr);
}

std::string describe_address(void* address) {
  HMODULE module = nullptr;
  char name[MAX_PATH] = {};
  constexpr DWORD kByAddress =
      GET_MODULE_HANDLE_EX_FLAG_FROM_ADDRESS | GET_MODULE_HANDLE_EX_FLAG_UNCHANGED_REFCOUNT;
  if (!GetModuleHandleExA(kByAddress, static_cast<LPCSTR>(address), &module) ||
      GetModuleFileNameA(module, name, MAX_PATH) == 0)
    return fmt::format("{}", address);
  return fmt::format("{}+{:#x}", name, static_cast<char*>(address) - reinterpret_cast<const char*>(module));
}

void keep_loaded(Function function) noexcept {
  HMODULE library = nullptr;
  GetModuleHandleExA(GET_MODULE_HANDLE_EX_FLAG_FROM_ADDRESS | GET_MODULE_HANDLE_EX_FLAG_PIN,
                     reinterpret_cast<LPCSTR>(function), &library);
}

}  // namespace pmb::detail
