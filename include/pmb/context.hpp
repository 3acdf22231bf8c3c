// SPDX-License-Identifier: MIT
// pmb's view of one GL context: entry points, limits, driver identity, quirks, options, and everything mapped
// on it.
//
//   auto context = pmb::Context::from_current(eglGetProcAddress);
//   if (!context) { std::cerr << context.error().message() << '\n'; return 1; }
//   std::cout << context->driver().renderer << '\n';
//
// Units:   bytes.
// Threads: made, used and destroyed on the thread where the GL context is current; claim_thread() moves it to
//          another. Other threads may ask tickets and wait for them.
// Memory:  one heap block; objects made on a context may outlive it and are then inert.
// Errors:  wrong_context, unsupported.
// GL:      the context is the caller's: never created, switched or destroyed here. Asking the kernel for this
//          machine's and this control group's memory is the one look outside; Options::memory_limit_bytes
//          avoids it. A file is read where Options::profile names one.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <pmb/copy.hpp>
#include <pmb/plan.hpp>
#include <pmb/result.hpp>
#include <pmb/timeline.hpp>
#include <pmb/tune/profile.hpp>
#include <pmb/tune/transfer_plan.hpp>
#include <pmb/validation.hpp>
#include <source_location>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

namespace pmb {

namespace detail {
struct ContextState;
}

/// A borrowed function that finds GL entry points by name; used only inside the call it is passed to.
/// Takes every common shape: `f(name)` as of EGL, GLFW and SDL, any callable, and `f(name, user)` or `f(user,
/// name)` with a user pointer.
class Loader {
 public:
  using Function = void (*)();

  /// From `void (*)(…)` answering pointers: eglGetProcAddress, glfwGetProcAddress, SDL_GL_GetProcAddress.
  template <class R>
    requires std::is_pointer_v<R>
  Loader(R (*function)(const char*)) noexcept
      : function_(reinterpret_cast<Function>(function)), invoke_([](const Loader& self, const char* name) {
          return reinterpret_cast<void*>(reinterpret_cast<R (*)(const char*)>(self.function_)(name));
        }) {}

  /// From glXGetProcAddress and glXGetProcAddressARB.
  template <class R>
    requires std::is_pointer_v<R>
  Loader(R (*function)(const unsigned char*)) noexcept
      : function_(reinterpret_cast<Function>(function)), invoke_([](const Loader& self, const char* name) {
          return reinterpret_cast<void*>(reinterpret_cast<R (*)(const unsigned char*)>(self.function_)(
              reinterpret_cast<const unsigned char*>(name)));
        }) {}

  template <class R>
    requires std::is_pointer_v<R>
  Loader(R (*function)(const char*, void*), void* user) noexcept
      : function_(reinterpret_cast<Function>(function)),
        object_(user),
        invoke_([](const Loader& self, const char* name) {
          return reinterpret_cast<void*>(
              reinterpret_cast<R (*)(const char*, void*)>(self.function_)(name, self.object_));
        }) {}

  template <class R>
    requires std::is_pointer_v<R>
  Loader(R (*function)(void*, const char*), void* user) noexcept
      : function_(reinterpret_cast<Function>(function)),
        object_(user),
        invoke_([](const Loader& self, const char* name) {
          return reinterpret_cast<void*>(
              reinterpret_cast<R (*)(void*, const char*)>(self.function_)(self.object_, name));
        }) {}

  /// From any callable object, which must live as long as the call that takes the loader.
  template <class F>
    requires(!std::is_same_v<std::remove_cvref_t<F>, Loader> && std::is_class_v<std::remove_cvref_t<F>> &&
             std::is_pointer_v<std::invoke_result_t<F&, const char*>>)
  Loader(F&& callable) noexcept
      : object_(const_cast<void*>(static_cast<const void*>(std::addressof(callable)))),
        invoke_([](const Loader& self, const char* name) {
          return reinterpret_cast<void*>((*static_cast<std::remove_reference_t<F>*>(self.object_))(name));
        }) {}

  /// Null also where no function was given.
  void* operator()(const char* name) const { return function_ || object_ ? invoke_(*this, name) : nullptr; }

 private:
  Function function_ = nullptr;
  void* object_ = nullptr;
  void* (*invoke_)(const Loader&, const char*) = nullptr;
};

enum class LogLevel : std::uint8_t { info, warning };
/// Receives one line a call, without a newline, on the context's thread. Must not throw.
using LogCallback = std::function<void(LogLevel, std::string_view)>;

/// Everything a caller may choose. Nothing is chosen by the environment unless from_environment() is called.
struct Options {
  /// Quirks in force, leaks, and errors that the caller had pending. Silent when empty.
  LogCallback log = {};
  /// Wrong use; switches validation on (validation.hpp).
  ValidationSink validation = {};
  /// Forces one model for every buffer.
  std::optional<Model> model = {};
  /// Forces one path for every ring, pool and transfer; a MappedBuffer is mapped by its nature.
  std::optional<Path> path = {};
  /// Uses glBindBuffer editing even where direct state access exists.
  bool bind_to_edit = false;
  /// Ids of quirks (as `Context::quirks` lists them) that shall not be applied.
  std::vector<std::string> disabled_quirks = {};
  /// Most bytes that may be mapped at once; 0 asks the kernel for the smaller of memory and control group
  /// limit.
  std::uint64_t memory_limit_bytes = 0;
  /// A number other than 0, the same for contexts whose GL contexts were made to share objects: the caller's
  /// word that their tickets may be waited for in each other (Ticket::wait_on_gpu). Costs a lock a fence.
  std::uint64_t share_group = 0;
  /// Threads for large copies; empty: the context's thread copies alone. Called on that thread.
  ParallelFor parallel_for = {};
  /// Most threads that one copy may take, the context's own included; 0: as many as this machine runs at once.
  std::uint32_t copy_threads = 0;
  /// Forces how upload() and download() work at each size, in place of the driver's defaults.
  std::optional<TransferPlan> transfer = {};
  /// A profile to plan by: its file, or a folder in which that of this driver and machine is looked for, such as
  /// Profile::default_folder(). One that is missing or does not fit is ignored, with a line in the log:
  /// Context::profile_error. Empty: none, and no file is read.
  std::string profile = {};
  /// Longest wait of calls that are not given one.
  std::chrono::nanoseconds timeout = std::chrono::seconds(10);
  /// Answers what is current on this thread, null for nothing. Empty: eglGetCurrentContext or
  /// glXGetCurrentContext, of libraries that the process has loaded.
  void* (*current_context)() = nullptr;

  /// The defaults, changed by PMB_MODEL (coherent or explicit_flush), PMB_PATH (direct, staged, traditional or
  /// orphaned), PMB_BIND_TO_EDIT (1), PMB_DISABLE_QUIRKS (ids joined by commas), PMB_PROFILE (a file or folder) and
  /// PMB_LOG (1: to stderr). Values that are none of these are ignored.
  static Options from_environment();
};

/// What this context can do. Bytes where nothing else is said; 0 where the context has no such limit.
struct Limits {
  int gl_major = 0;
  int gl_minor = 0;
  bool gles = false;  ///< OpenGL ES; the version is of that API.
  bool core_profile = false;
  bool no_error = false;  ///< GL reports no errors here (KHR_no_error).
  /// OpenGL 4.4 or GL_ARB_buffer_storage; OpenGL ES 3.1 with GL_EXT_buffer_storage. Without it rings and pools
  /// take the traditional path, and MappedBuffer is refused.
  bool buffer_storage = false;
  bool direct_state_access = false;  ///< OpenGL 4.5 or GL_ARB_direct_state_access, and used by pmb.
  bool memory_barrier = false;       ///< glMemoryBarrier exists.
  /// OpenGL 4.3 or compute and storage buffers by extension; OpenGL ES 3.1.
  bool compute = false;
  bool reset_notification = false;  ///< The context tells when it is lost.
  std::uint64_t uniform_offset_alignment = 1;
  std::uint64_t storage_offset_alignment = 1;
  std::uint64_t texture_offset_alignment = 1;
  std::uint64_t map_alignment = 1;  ///< GL_MIN_MAP_BUFFER_ALIGNMENT.
  std::uint64_t max_uniform_block = 0;
  std::uint64_t max_storage_block = 0;
  std::uint64_t max_texture_buffer_texels =
      0;  ///< GL_MAX_TEXTURE_BUFFER_SIZE: of a buffer texture, not bytes.
};

struct Driver {
  std::string vendor;    ///< GL_VENDOR
  std::string renderer;  ///< GL_RENDERER
  std::string version;   ///< GL_VERSION
  /// "nvidia", "amd", "intel", "mesa_software", "qualcomm", "arm", "imagination", "broadcom" or "unknown".
  std::string_view kind = "unknown";
  bool mesa = false;      ///< A Mesa driver, hardware or software.
  bool software = false;  ///< The CPU renders: mapped memory is plain memory.
  int release[3] = {};    ///< The driver's own version, as far as GL_VERSION tells: 580, 159, 0.
};

/// A known peculiarity of a driver and whether it is applied here.
struct Quirk {
  const char* id;        ///< For Options::disabled_quirks.
  const char* what;      ///< What pmb does about it.
  const char* evidence;  ///< How it is known.
  bool applies;          ///< This driver has it.
  bool enabled;          ///< It applies and was not switched off.
};

/// One buffer that is mapped now.
struct LiveMapping {
  std::string label;
  std::uint32_t buffer = 0;
  const void* address = nullptr;
  std::uint64_t size_bytes = 0;
  bool adopted = false;
  std::source_location created_at;
};

/// See the head of this file. Moving keeps everything made on it valid.
class Context {
 public:
  /// Reads entry points, limits and identity of the context that is current on this thread. Errors that the
  /// caller had pending are taken out of GL and logged as the caller's. Blocks for some queries; not for a
  /// frame. Statuses: wrong_context, unsupported, out_of_memory, invalid_argument (Options::transfer).
  static Result<Context> from_current(Loader loader, Options options = {},
                                      std::source_location where = std::source_location::current());

  /// A context that was moved from answers context_gone.
  Context(Context&&) noexcept;
  Context& operator=(Context&&) noexcept;
  Context(const Context&) = delete;
  Context& operator=(const Context&) = delete;
  /// Makes what is left inert and reports it as leaked. Makes GL calls only if its GL context is current
  /// here.
  ~Context();

  /// Moves this context, with everything made on it, to the calling thread, where its GL context must be
  /// current: from now on that is the context's thread, and calls on the old one answer wrong_context. The
  /// caller owes: the old thread's last call happened before this one (a join, a lock, a queue). Makes no GL
  /// call. Statuses: wrong_context (no, or another GL context is current here; nothing was moved).
  Result<void> claim_thread(std::source_location where = std::source_location::current());

  /// The one timeline of this context. The reference stays valid until the context is destroyed.
  Timeline& timeline() noexcept;
  const Limits& limits() const noexcept;
  const Driver& driver() const noexcept;
  const Options& options() const noexcept;
  bool has_extension(std::string_view name) const noexcept;

  /// What pmb would choose for a buffer. Statuses: unsupported, invalid_argument (size 0).
  Result<Plan> plan(const PlanRequest& request,
                    std::source_location where = std::source_location::current()) const;

  /// How upload() and download() work at each size, and why.
  const TransferPlan& transfer_plan() const noexcept;

  /// The profile in force, named by the options or made by calibrate(); null for none.
  const Profile* profile() const noexcept;
  /// Why the profile that the options name is not in force; Status::ok where it is, and where they name none.
  const Error& profile_error() const noexcept;
  /// The file that Options::profile led to; "" for none.
  const std::string& profile_file() const noexcept;
  /// What a profile of this driver and machine is kept under. Asks the CPU for its name. Allocates.
  ProfileKey profile_key() const;

  /// Every known quirk, in the order of quirks.def.
  std::vector<Quirk> quirks() const;
  /// Every buffer mapped now, by address.
  std::vector<LiveMapping> live_mappings() const;
  /// Bytes mapped now by this process, and the most that may be.
  std::uint64_t mapped_bytes() const noexcept;
  std::uint64_t memory_limit_bytes() const noexcept;

  /// Takes the oldest GL error that was pending when a creating call of pmb had to ask for errors: the
  /// caller's, as glGetError would have answered it. 0 when there is none.
  std::uint32_t take_caller_error() noexcept;

  /// Tells pmb of a reset that glGetGraphicsResetStatus answered to the program: drivers may answer it only
  /// once, so a program that asks by itself passes every answer on. GL_NO_ERROR does nothing. On the
  /// context's thread; the context need not be current.
  void report_reset(std::uint32_t status,
                    std::source_location where = std::source_location::current()) noexcept;

  /// True from the moment that a reset was noticed; everything made on the context is inert then.
  bool lost() const noexcept;

 private:
  friend struct detail::ContextState;
  explicit Context(std::shared_ptr<detail::ContextState> state) noexcept;
  std::shared_ptr<detail::ContextState> state_;
};

}  // namespace pmb
