// SPDX-License-Identifier: MIT
#include <fmt/format.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <pmb/context.hpp>
#include <ranges>

#include "base/fail.hpp"
#include "base/machine_memory.hpp"
#include "base/platform.hpp"
#include "base/stack_trace.hpp"
#include "context/context_state.hpp"
#include "context/mapping.hpp"

namespace pmb {
namespace detail {

const std::shared_ptr<ContextState>& ContextState::none() noexcept {
  // Outlives static destruction, as control blocks do.
  static const auto* const kNone = new std::shared_ptr<ContextState>(std::make_shared<ContextState>());
  return *kNone;
}

Result<void> ContextState::open(Loader loader, Options&& chosen, std::source_location where) {
  options = std::move(chosen);
  current = options.current_context ? options.current_context : find_current_getter();
  if (current) identity = current();
  if (options.current_context && !identity) return fail(ErrorId::no_current_context, where);
  timeline().begin();

  if (auto found = gl.find_context(loader, identity != nullptr, where); !found) return found;
  set_caller_errors_aside();
  auto loaded = gl.load(loader, where);
  if (loaded) gl.read_limits();
  // After a failed query the limits are not those of the context.
  if (const GLenum error = gl.GetError(); error == GL_CONTEXT_LOST) {
    return fail(ErrorId::context_lost, where);
  } else if (error != GL_NO_ERROR) {
    return fail(ErrorId::limits_unreadable, where, {.gl_error = error});
  }
  if (!loaded) return loaded;
  // GLFW, SDL2 and programs unload GL while objects of pmb may still ask which context is current.
  if (current) keep_loaded(reinterpret_cast<Function>(current));
  keep_loaded(reinterpret_cast<Function>(gl.GetString));
  watch_process_exit();
  alive = true;
  gl.apply_quirks(options);
  const std::vector<Quirk> quirks = gl.list_quirks();
  for (const Quirk& quirk : quirks) {
    if (!quirk.applies) continue;
    log(LogLevel::info, [&] {
      return fmt::format("quirk {} {}: {} ({})", quirk.id, quirk.enabled ? "in force" : "switched off",
                         quirk.what, quirk.evidence);
    });
  }
  for (const std::string& id : options.disabled_quirks) {
    if (std::ranges::find(quirks, id, &Quirk::id) != quirks.end()) continue;
    log(LogLevel::warning,
        [&] { return fmt::format("no quirk is named {}; disabling it has no effect", id); });
  }
  read_profile(*this);
  auto transfers = make_transfer_plan(*this, where);
  if (!transfers) {
    alive = false;
    return pass_on(transfers);
  }
  plans.transfers = std::move(*transfers);
  memory_limit = options.memory_limit_bytes ? options.memory_limit_bytes : machine_memory_limit();
  if (validating()) driver_messages.listen(*this);
  if (options.page_guard && validating()) {
    fault_handler = FaultHandler::install();
    if (!fault_handler)
      log(LogLevel::warning,
          [] { return "pages cannot be guarded on this system; validation keeps copies"; });
  }
  return {};
}

Result<Context> ContextState::clone_for_same_gl(std::source_location where) const {
  if (auto usable = check_current(where); !usable) return pass_on(usable);
  auto other = std::make_shared<ContextState>();
  other->gl = gl;
  other->options.parallel_for = options.parallel_for;
  other->options.copy_threads = options.copy_threads;
  other->options.timeout = options.timeout;
  other->options.current_context = options.current_context;
  other->current = current;
  other->identity = identity;
  other->memory_limit = memory_limit;
  other->plans.transfers = unforced_transfers(*this, nullptr);
  other->timeline().begin();
  other->alive = true;
  return Context(std::move(other));
}

ErrorId ContextState::mismatch_here() const noexcept {
  void* now = current ? current() : identity;
  if (now == identity) return ErrorId::none;
  return now ? ErrorId::other_context_current : ErrorId::no_current_context;
}

ErrorId ContextState::misuse_here() const noexcept {
  if (!alive || process_is_exiting()) return ErrorId::context_gone;
  return on_own_thread() ? mismatch_here() : ErrorId::wrong_thread;
}

Result<void> ContextState::check_current(std::source_location where) const noexcept {
  if (const ErrorId id = misuse_here(); id != ErrorId::none) return misuse({.id = id, .noticed_at = where});
  if (lost) return tl::unexpected(loss(where));
  return {};
}

Result<void> ContextState::check_thread(std::source_location where) const noexcept {
  if (is_usable_here()) return {};
  return check_current(where);
}

Result<void> ContextState::check_own_thread(std::source_location where) const noexcept {
  if (on_own_thread()) return {};
  return misuse({.id = ErrorId::wrong_thread, .noticed_at = where});
}

Result<void> ContextState::check_lost(std::source_location where) noexcept {
  // Once the reset is over, GL reports no error again.
  if (lost) return tl::unexpected(loss(where));
  const GLenum reset = gl.limits.reset_notification ? gl.GetGraphicsResetStatus() : GL_NO_ERROR;
  if (reset == GL_NO_ERROR) return {};
  return tl::unexpected(lose(reset, where));
}

Error ContextState::lose(std::uint32_t status, std::source_location where) noexcept {
  if (!lost) {
    lost = true;
    reset_status = status;
    log(LogLevel::warning, [] { return "the GL context was lost; everything made on it is inert"; });
    registry.visit_children([](ContextChild& child) { child.make_inert(); });
    timeline().end(loss(where));
  }
  return loss(where);
}

void ContextState::report(const Report& report) const noexcept {
  if (!options.validation) return;
  const StackTrace here = StackTrace::capture();
  Report complete = report;
  if (complete.noticed_stack.empty()) complete.noticed_stack = here.frames();
  options.validation(complete);
}

tl::unexpected<Error> ContextState::misuse(const Report& misuse) const noexcept {
  report(misuse);
  return fail(misuse.id, misuse.noticed_at,
              {.numbers = {misuse.numbers[0], misuse.numbers[1], misuse.numbers[2]}});
}

void ContextState::set_caller_errors_aside(std::uint32_t own) noexcept {
  // GL keeps one flag for each kind of error, at most eight.
  for (int i = 0; i < 8; ++i) {
    const GLenum error = gl.GetError();
    // A lost context may return GL_CONTEXT_LOST without end; no caller caused that.
    if (error == GL_NO_ERROR || error == GL_CONTEXT_LOST) return;
    if (error == own) {
      own = GL_NO_ERROR;
      continue;
    }
    caller_errors.add(error);
    log(LogLevel::warning, [&] {
      return fmt::format(
          "GL error {:#x} was pending before pmb's call: it is the caller's (take_caller_error())", error);
    });
  }
}

void ContextState::close() noexcept {
  if (!alive) return;
  // The rings that the context made for itself go first, while GL can still be called. The program did not choose their
  // capacity.
  advises_on_capacity = false;
  transfer_rings.reset();
  registry.visit_children([](ContextChild& child) { child.make_inert(); });
  registry.visit_mappings([&](const void* address, const Mapping& mapping) {
    log(LogLevel::warning, [&] {
      return fmt::format("leak: mapped buffer {} '{}' of {} bytes at {} outlives its context", mapping.buffer,
                         mapping.label, mapping.size, address);
    });
    report(mapping.report(ErrorId::leaked_with_context, 0, mapping.size));
  });
  registry.abandon_all();
  if (is_current()) driver_messages.stop(*this);
  fault_handler.reset();
  timeline().close();
  alive = false;
}

}  // namespace detail

using detail::ContextState;

Context::Context(std::shared_ptr<ContextState> state) noexcept : state_(std::move(state)) {}

Result<Context> Context::from_current(Loader loader, Options options, std::source_location where) {
  return guarded(where, [&]() -> Result<Context> {
    // Created now, so that a later move cannot fail.
    static_cast<void>(ContextState::none());
    auto state = std::make_shared<ContextState>();
    if (auto opened = state->open(loader, std::move(options), where); !opened) {
      return pass_on(opened);
    }
    return Context(std::move(state));
  });
}

Context::Context(Context&& other) noexcept : state_(std::exchange(other.state_, ContextState::none())) {}

Context& Context::operator=(Context&& other) noexcept {
  if (this != &other) {
    state_->close();
    state_ = std::exchange(other.state_, ContextState::none());
  }
  return *this;
}

Context::~Context() {
  state_->close();
}

Result<void> Context::claim_thread(std::source_location where) {
  const ErrorId id = state_->alive ? state_->mismatch_here() : ErrorId::context_gone;
  if (id != ErrorId::none) return state_->misuse({.id = id, .noticed_at = where});
  state_->timeline().control->owner.store(std::this_thread::get_id(), std::memory_order_relaxed);
  return {};
}

void Context::report_reset(std::uint32_t status, std::source_location where) noexcept {
  if (state_->alive && status != 0) static_cast<void>(state_->lose(status, where));
}

Timeline& Context::timeline() noexcept {
  return state_->timeline();
}
const Limits& Context::limits() const noexcept {
  return state_->gl.limits;
}
const Driver& Context::driver() const noexcept {
  return state_->gl.driver;
}
const Options& Context::options() const noexcept {
  return state_->options;
}
const TransferPlan& Context::transfer_plan() const noexcept {
  return state_->plans.transfers;
}
const Profile* Context::profile() const noexcept {
  return state_->plans.profile ? &*state_->plans.profile : nullptr;
}
const Error& Context::profile_error() const noexcept {
  return state_->plans.profile_error;
}
bool Context::has_extension(std::string_view name) const noexcept {
  return state_->gl.has(name);
}
bool Context::lost() const noexcept {
  return state_->lost;
}
std::uint64_t Context::mapped_bytes() const noexcept {
  return detail::process_mapped_bytes();
}
std::uint64_t Context::memory_limit_bytes() const noexcept {
  return state_->memory_limit;
}

std::uint32_t Context::take_caller_error() noexcept {
  return state_->caller_errors.take();
}

std::vector<Quirk> Context::quirks() const {
  return state_->gl.list_quirks();
}

#ifdef PMB_CHECKED
constexpr bool kValidatesByDefault = true;
#else
constexpr bool kValidatesByDefault = false;
#endif

Options Options::from_environment() {
  Options options;
  const auto value_of = [](const char* name) -> std::string_view {
    const char* value = std::getenv(name);
    return value ? value : "";
  };
  for (const Path path : {Path::direct, Path::staged, Path::traditional, Path::orphaned}) {
    if (value_of("PMB_PATH") == to_string(path)) options.path = path;
  }
  if (value_of("PMB_MODEL") == "coherent") options.model = Model::coherent;
  if (value_of("PMB_MODEL") == "explicit_flush") options.model = Model::explicit_flush;
  options.bind_to_edit = value_of("PMB_BIND_TO_EDIT") == "1";
  for (const auto& id : std::views::split(value_of("PMB_DISABLE_QUIRKS"), ',')) {
    if (!id.empty()) options.disabled_quirks.emplace_back(id.begin(), id.end());
  }
  options.profile = value_of("PMB_PROFILE");
  if (value_of("PMB_VALIDATE") == "1" || (kValidatesByDefault && value_of("PMB_VALIDATE") != "0"))
    options.validation = print_report;
  options.page_guard = value_of("PMB_PAGE_GUARD") == "1";
  if (value_of("PMB_LOG") == "1") {
    options.log = [](LogLevel level, std::string_view line) {
      std::fprintf(stderr, "pmb: %s%.*s\n", level == LogLevel::warning ? "warning: " : "",
                   static_cast<int>(line.size()), line.data());
    };
  }
  return options;
}

}  // namespace pmb
