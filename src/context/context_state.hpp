// SPDX-License-Identifier: MIT
// What everything made on a context shares. Lives until the last of it is gone; `alive` ends with the
// Context.
#pragma once

#include <atomic>
#include <cstdint>
#include <exception>
#include <initializer_list>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <pmb/context.hpp>
#include <set>
#include <source_location>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "base/fail.hpp"
#include "gl/gl.hpp"
#include "plan/plan_rules.hpp"

namespace pmb::detail {

struct Mapping;
struct TransferRings;

/// Lends memory and must stop doing so when the context is lost or gone.
class ContextChild {
 public:
  virtual void make_inert() noexcept = 0;
  /// Validation only: what is lent out and was given to GL, looked at when a mark is made.
  virtual void inspect_at_mark(std::source_location) {}

 protected:
  ~ContextChild() = default;
};

enum class QuirkId : std::uint8_t {
#define PMB_QUIRK(id, applies, what, evidence) id,
#include "gl/quirks.def"
#undef PMB_QUIRK
  count,
};

struct ContextState {
  ContextState();
  ~ContextState();
  ContextState(const ContextState&) = delete;
  ContextState& operator=(const ContextState&) = delete;

  /// The state behind a public object.
  static ContextState& of(const Context& context) noexcept { return *context.state_; }
  static std::shared_ptr<ContextState> share(const Context& context) noexcept { return context.state_; }
  /// Of contexts that were moved from: nothing is alive in it.
  static const std::shared_ptr<ContextState>& none() noexcept;

  /// Reads everything from the current context. Called once.
  Result<void> open(Loader loader, Options&& chosen, std::source_location where);
  /// One more view of the same GL context, with nothing made on it yet, its options but for what they force, and no
  /// profile. Validation and log stay with this one.
  Result<Context> sister(std::source_location where) const;
  /// The end of the Context: everything is made inert, what is left is reported.
  void close() noexcept;

  /// Makes this thread the context's own. See Context::claim_thread.
  Result<void> claim_thread(std::source_location where) noexcept;

  /// Ok if GL may be called here and now for this context.
  Result<void> check_current(std::source_location where) const noexcept;
  bool is_current() const noexcept;
  /// Ok if the context lives and this is its thread. Which GL context is current there is asked only with validation on:
  /// the answer costs a system call in libglvnd, more than glBufferSubData of a few bytes (docs/drivers.md).
  Result<void> check_thread(std::source_location where) const noexcept;
  /// True where check_thread is ok without asking GL. In context/at_hand.hpp.
  bool is_at_hand() const noexcept;

  /// Asks GL whether the context was reset, where it tells; if so everything ends as by lose().
  Result<void> check_reset(std::source_location where) noexcept;
  /// Notices a reset: the timeline ends and everything becomes inert. Answers the error to return.
  Error lose(std::uint32_t status, std::source_location where) noexcept;
  /// Error for a context that is lost, or success.
  Result<void> check_alive(std::source_location where) const noexcept;

  TimelineState& line() noexcept { return *timeline.state_; }
  bool quirk(QuirkId id) const noexcept { return quirks[static_cast<std::size_t>(id)]; }
  bool validating() const noexcept { return static_cast<bool>(options.validation); }
  /// Logs the line that `make_line` answers. Without a callback, or without memory for the line, does
  /// nothing.
  template <class MakeLine>
  void log(LogLevel level, MakeLine&& make_line) const noexcept {
    if (!options.log) return;
    try {
      options.log(level, make_line());
    } catch (const std::exception&) {
    }
  }
  void report(const Report& report) const noexcept;

  /// Takes errors out of GL that were pending before a call of pmb's that has to ask for them; they are the
  /// caller's, but for one `own` that pmb's call caused.
  void set_caller_errors_aside(std::uint32_t own = GL_NO_ERROR) noexcept;

  GladGLContext gl = {};
  Options options;
  Limits limits;
  Driver driver;
  std::set<std::string, std::less<>> extensions;
  bool quirks[static_cast<std::size_t>(QuirkId::count) + 1] = {};
  std::uint32_t caller_errors[16] = {};  ///< Oldest first; what is beyond is only logged.
  std::size_t caller_error_count = 0;

  void* (*current)() = nullptr;
  void* identity = nullptr;
  std::atomic<bool> alive = false;  ///< Changed on the context's thread, asked on every.
  bool lost = false;
  std::uint32_t reset_status = 0;

  std::uint64_t memory_limit = 0;
  /// Guards what follows: objects that die on a foreign thread still sign off.
  mutable std::mutex registry;
  std::map<const void*, Mapping*> mappings;
  std::set<ContextChild*> children;
  /// Bytes of buffers that could not be deleted, since their context was not current.
  std::uint64_t abandoned_bytes = 0;
  /// Mappings of which a mark must make GPU writes visible: readable and not coherent.
  std::atomic<std::uint32_t> incoherent_readable = 0;
  Timeline timeline;
  std::optional<Profile> profile;
  std::string profile_file;  ///< Where the options led to.
  Error profile_error;
  TransferPlan transfer_plan;
  std::unique_ptr<TransferRings> transfer;

 private:
  bool on_own_thread() const noexcept;
  /// What is wrong with what is current on this thread; none if it is this context, or nobody can tell.
  ErrorId misplaced() const noexcept;
  tl::unexpected<Error> wrong_place(ErrorId id, std::source_location where) const noexcept;
};

/// A getter for what is current on this thread that answers non-null now, or null: EGL, GLX or WGL, of
/// libraries that this process has loaded already.
void* (*find_current_getter() noexcept)();

/// What plans rest on where nothing was measured.
detail::DriverTraits traits_of(const ContextState& state);
/// The transfer plan of this driver, the one of the profile in force, or the one that the options force. Statuses:
/// invalid_argument.
Result<TransferPlan> make_transfer_plan(const ContextState& state, std::source_location where);
/// The same with nothing forced; `profile` null: the defaults of this driver.
TransferPlan unforced_transfers(const ContextState& state, const Profile* profile);

/// What profiles of this driver and machine are keyed by.
ProfileKey key_of(const ContextState& state);
/// Takes the profile that the options name into force, or says in the log why not.
void read_profile(ContextState& state);

/// Fills limits, driver identity and extensions from a loaded function table.
void read_limits(ContextState& state);

}  // namespace pmb::detail
