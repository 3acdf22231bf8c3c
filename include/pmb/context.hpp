// SPDX-License-Identifier: MIT
// pmb's view of one GL context: entry points, limits, driver, quirks, options, and everything mapped on it.
//
//   auto context = pmb::Context::from_current(eglGetProcAddress);
//   if (!context) {
//     std::cerr << context.error().message() << '\n';
//     return 1;
//   }
//   std::cout << context->driver().renderer << '\n';
//
// Units:   bytes.
// Threads: created, used and destroyed on the thread where the GL context is current; claim_thread() moves it to
//          another. Other threads may poll tickets and wait for them.
// Memory:  some heap blocks, and the rings that the first transfers make. Objects made on a context may outlive it; they are
//          inert then.
// Errors:  wrong_context, unsupported, out_of_memory, invalid_argument.
// GL:      the context is the caller's; pmb never creates, switches or destroys it. pmb reads the memory size of the
//          machine and of its control group from the kernel; Options::memory_limit_bytes avoids that. It reads a file
//          only if Options::profile names one.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <pmb/copy.hpp>
#include <pmb/detail/api.hpp>
#include <pmb/plan.hpp>
#include <pmb/result.hpp>
#include <pmb/timeline.hpp>
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
struct Profile;       // pmb/tune/profile.hpp
struct TransferPlan;  // pmb/tune/transfer_plan.hpp

/// A borrowed function that finds GL entry points by name. It and any object that it refers to need to live only as long as
/// the call that it is passed to.
class Loader {
 public:
  using Function = void (*)();

  /// `f(name)`: eglGetProcAddress, glfwGetProcAddress, SDL_GL_GetProcAddress, glXGetProcAddress.
  template <class R, class Letter>
    requires std::is_pointer_v<R>
  Loader(R (*function)(const Letter*)) noexcept
      : function_(reinterpret_cast<Function>(function)), invoke_([](const Loader& self, const char* name) {
          return reinterpret_cast<void*>(
              reinterpret_cast<R (*)(const Letter*)>(self.function_)(reinterpret_cast<const Letter*>(name)));
        }) {}

  /// `f(name, user)` or `f(user, name)`.
  template <class R, class First, class Second>
    requires std::is_pointer_v<R>
  Loader(R (*function)(First, Second), void* user) noexcept
      : function_(reinterpret_cast<Function>(function)),
        object_(user),
        invoke_([](const Loader& self, const char* name) {
          const auto typed = reinterpret_cast<R (*)(First, Second)>(self.function_);
          if constexpr (std::is_same_v<First, void*>) {
            return reinterpret_cast<void*>(typed(self.object_, name));
          } else {
            return reinterpret_cast<void*>(typed(name, self.object_));
          }
        }) {}

  /// Any callable object.
  template <class F>
    requires(!std::is_same_v<std::remove_cvref_t<F>, Loader> && std::is_class_v<std::remove_cvref_t<F>> &&
             std::is_pointer_v<std::invoke_result_t<F&, const char*>>)
  Loader(F&& callable) noexcept
      : object_(const_cast<void*>(static_cast<const void*>(std::addressof(callable)))),
        invoke_([](const Loader& self, const char* name) {
          return reinterpret_cast<void*>((*static_cast<std::remove_reference_t<F>*>(self.object_))(name));
        }) {}

  /// Null also if no function was given.
  void* operator()(const char* name) const { return function_ || object_ ? invoke_(*this, name) : nullptr; }

 private:
  Function function_ = nullptr;
  void* object_ = nullptr;
  void* (*invoke_)(const Loader&, const char*) = nullptr;
};

enum class LogLevel : std::uint8_t { info, warning };
/// Receives one line a call, without a newline, on the context's thread. Must not throw.
using LogCallback = std::function<void(LogLevel, std::string_view)>;

/// Everything that a caller may choose. The environment chooses nothing unless from_environment() is called.
struct Options {
  /// Receives quirks in force, leaks, and GL errors that were pending before a call. Empty: nothing is logged.
  LogCallback log = {};
  ValidationSink validation = {};  ///< Receives misuse. Set, it enables validation (validation.hpp).
  /// With validation: watches raw pointers into rings by page protection (docs/validation.md). pmb then handles SIGSEGV, and
  /// passes on what is not its own. Ignored and logged where the system offers no page protection.
  bool page_guard = false;
  std::optional<Model> model = {};  ///< Forces one model for every buffer.
  /// Forces one path for every ring, pool and transfer. For rings and pools staged means the same as direct. A MappedBuffer is
  /// always mapped.
  std::optional<Path> path = {};
  bool bind_to_edit = false;  ///< Binds buffers to edit them even if direct state access exists.
  std::vector<std::string> disabled_quirks = {};  ///< Ids that Context::quirks lists; not applied.
  /// Most bytes that may be mapped at once. 0: the smaller of the memory of the machine and the limit of the control
  /// group, read from the kernel.
  std::uint64_t memory_limit_bytes = 0;
  /// A number other than 0, the same for contexts whose GL contexts were created to share objects: their tickets may
  /// then be waited for in each other (Ticket::wait_on_gpu). Costs a lock for each fence.
  std::uint64_t share_group = 0;
  /// Threads for large copies, called on the context's thread. Empty: the context's thread copies alone.
  ParallelFor parallel_for = {};
  /// Most threads for one copy, including the context's own. 0: as many as this machine runs at once.
  std::uint32_t copy_threads = 0;
  /// Forces how upload() and download() work at each size. Null: the profile, or the defaults of the driver.
  std::shared_ptr<const TransferPlan> transfer = {};
  /// The profile to plan by: a file, or a folder that holds one for this driver and machine, such as
  /// Profile::default_folder(). A profile that is missing or does not fit is ignored and logged, and
  /// Context::profile_error() reports why. Empty: no profile, and no file is read.
  std::string profile = {};
  /// Validation reports a wait of acquire() for the GPU that takes as long, once a place.
  std::chrono::nanoseconds long_wait = std::chrono::milliseconds(100);
  std::chrono::nanoseconds timeout = std::chrono::seconds(10);  ///< Of calls without a timeout parameter.
  /// Returns the GL context that is current on this thread, or null. Empty: that of EGL, GLX or OSMesa, of
  /// libraries that the process has loaded.
  void* (*current_context)() = nullptr;

  /// The defaults, changed by these variables. Other values are ignored, and an unknown quirk is logged.
  ///
  ///   PMB_MODEL            coherent or explicit_flush
  ///   PMB_PATH             direct, staged, traditional or orphaned
  ///   PMB_BIND_TO_EDIT     1
  ///   PMB_DISABLE_QUIRKS   ids joined by commas
  ///   PMB_PROFILE          a file or folder
  ///   PMB_LOG              1: to stderr
  ///   PMB_VALIDATE         1: misuse is written to stderr (print_report); 0: not even in a build with PMB_CHECKED
  ///   PMB_PAGE_GUARD       1: page_guard
  PMB_API static Options from_environment();
};

/// What the context supports, in bytes unless stated otherwise. 0 means that the context has no such limit.
struct Limits {
  int gl_major = 0;
  int gl_minor = 0;
  bool gles = false;  ///< OpenGL ES; the version is of that API.
  bool core_profile = false;
  bool no_error = false;  ///< GL reports no errors here (KHR_no_error).
  /// OpenGL 4.4 or GL_ARB_buffer_storage; OpenGL ES 3.1 with GL_EXT_buffer_storage. Without it rings and pools take the
  /// traditional path, and MappedBuffer is unsupported.
  bool buffer_storage = false;
  bool direct_state_access = false;  ///< OpenGL 4.5 or GL_ARB_direct_state_access, and pmb uses it.
  bool memory_barrier = false;       ///< glMemoryBarrier exists.
  /// OpenGL 4.3, or compute and storage buffers by extension; OpenGL ES 3.1.
  bool compute = false;
  bool reset_notification = false;  ///< GL reports when the context is lost.
  std::uint64_t uniform_offset_alignment = 1;
  std::uint64_t storage_offset_alignment = 1;
  std::uint64_t texture_offset_alignment = 1;
  std::uint64_t map_alignment = 1;  ///< GL_MIN_MAP_BUFFER_ALIGNMENT.
  std::uint64_t max_uniform_block = 0;
  std::uint64_t max_storage_block = 0;
  std::uint64_t max_texture_buffer_texels = 0;  ///< GL_MAX_TEXTURE_BUFFER_SIZE, in texels.
};

struct Driver {
  std::string vendor;    ///< GL_VENDOR
  std::string renderer;  ///< GL_RENDERER
  std::string version;   ///< GL_VERSION
  /// "nvidia", "amd", "intel", "mesa_software", "qualcomm", "arm", "imagination", "broadcom" or "unknown".
  std::string_view kind = "unknown";
  bool mesa = false;      ///< A Mesa driver, hardware or software.
  bool software = false;  ///< The CPU renders, so that mapped memory is plain memory.
  int release[3] = {};    ///< The version of the driver, if GL_VERSION contains it: 580, 159, 0.
};

/// A known peculiarity of a driver.
struct Quirk {
  const char* id;        ///< For Options::disabled_quirks.
  const char* what;      ///< What pmb does about it.
  const char* evidence;  ///< How it is known.
  bool applies;          ///< This driver has it.
  bool enabled;          ///< It applies, and the options do not disable it.
};

/// See the head of this file. Moving keeps everything made on it valid; a moved-from context returns context_gone.
class PMB_API Context {
 public:
  /// Reads entry points, limits and driver of the context that is current on this thread. Takes pending GL errors out of GL
  /// and logs them as the caller's. Blocks for some queries, not for a frame. Statuses: wrong_context, unsupported,
  /// out_of_memory, invalid_argument (Options::transfer).
  [[nodiscard]] static Result<Context> from_current(
      Loader loader, Options options = {}, std::source_location where = std::source_location::current());

  Context(Context&&) noexcept;
  Context& operator=(Context&&) noexcept;
  Context(const Context&) = delete;
  Context& operator=(const Context&) = delete;
  /// Makes the remaining objects inert and reports remaining buffers as leaks. Makes GL calls only if its GL context is
  /// current here.
  ~Context();

  /// Moves this context, with everything made on it, to the calling thread. Calls on the previous thread then return
  /// wrong_context. The caller must order the last call there before this one (a join, a lock, a queue). Makes no GL call.
  /// Statuses: wrong_context (its GL context is not current here; nothing was moved).
  [[nodiscard]] Result<void> claim_thread(std::source_location where = std::source_location::current());

  /// The timeline of this context. The reference is valid until the context is destroyed.
  Timeline& timeline() noexcept;
  const Limits& limits() const noexcept;
  const Driver& driver() const noexcept;
  const Options& options() const noexcept;
  bool has_extension(std::string_view name) const noexcept;

  /// What pmb advises for a buffer of which the GPU reads or writes each byte `gpu_reads` times. Staged is advice to the
  /// program, which then copies with upload(). Statuses: unsupported, invalid_argument (size 0).
  [[nodiscard]] Result<Plan> plan(Access access, std::uint64_t size_bytes, std::uint32_t gpu_reads = 1,
                                  std::source_location where = std::source_location::current()) const;

  /// How upload() and download() work at each size, and why.
  const TransferPlan& transfer_plan() const noexcept;
  /// The profile in force, from the options or made by calibrate(); null for none.
  const Profile* profile() const noexcept;
  /// Why the profile that the options name is not in force. Status::ok if it is, or if they name none.
  const Error& profile_error() const noexcept;

  /// Every known quirk, in the order of quirks.def.
  std::vector<Quirk> quirks() const;
  /// Bytes that this process maps now, and the most that it may map.
  std::uint64_t mapped_bytes() const noexcept;
  std::uint64_t memory_limit_bytes() const noexcept;

  /// Takes the oldest GL error that was pending when a creating call of pmb had to ask for errors: it belongs to the
  /// caller, as from glGetError. 0 if there is none.
  std::uint32_t take_caller_error() noexcept;

  /// Takes a value that glGetGraphicsResetStatus returned to the program. Drivers may report a reset only once, so a program
  /// that asks must pass every value on. GL_NO_ERROR does nothing. On the context's thread, also if GL is not current there.
  void report_reset(std::uint32_t status,
                    std::source_location where = std::source_location::current()) noexcept;

  /// True once a reset was noticed; everything made on the context is inert then.
  bool lost() const noexcept;

 private:
  friend struct detail::ContextState;
  explicit Context(std::shared_ptr<detail::ContextState> state) noexcept;
  std::shared_ptr<detail::ContextState> state_;
};

}  // namespace pmb
