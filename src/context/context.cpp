// SPDX-License-Identifier: MIT
#include <fmt/format.h>

#include <algorithm>
#include <cstdlib>
#include <cstring>
#include <pmb/context.hpp>
#include <pmb/detail/process_exit.hpp>

#include "base/guard.hpp"
#include "base/machine_memory.hpp"
#include "context/at_hand.hpp"
#include "context/context_state.hpp"
#include "context/mapping.hpp"
#include "context/timeline_state.hpp"
#include "transfer/transfer_rings.hpp"

namespace pmb {
namespace detail {
namespace {

#if defined(_WIN32)
constexpr bool kWindows = true;
#else
constexpr bool kWindows = false;
#endif

struct QuirkEntry {
  const char* id;
  const char* what;
  const char* evidence;
  bool (*applies)(const Driver& driver);
};

constexpr QuirkEntry kQuirks[] = {
#define PMB_QUIRK(id, applies, what, evidence) \
  {#id, what, evidence, []([[maybe_unused]] const Driver& driver) -> bool { return applies; }},
#include "gl/quirks.def"
#undef PMB_QUIRK
};

bool disabled(const Options& options, const char* id) {
  const auto& list = options.disabled_quirks;
  return std::find(list.begin(), list.end(), id) != list.end();
}

void decide_quirks(ContextState& state) {
  for (std::size_t i = 0; i < std::size(kQuirks); ++i) {
    const QuirkEntry& quirk = kQuirks[i];
    if (!quirk.applies(state.driver)) continue;
    state.quirks[i] = !disabled(state.options, quirk.id);
    state.log(LogLevel::info, [&] {
      return fmt::format("quirk {} {}: {} ({})", quirk.id, state.quirks[i] ? "in force" : "switched off",
                         quirk.what, quirk.evidence);
    });
  }
  const bool broken_dsa = state.quirk(QuirkId::nvidia_windows_dsa) || state.quirk(QuirkId::intel_windows_dsa);
  if (broken_dsa || state.options.bind_to_edit) state.limits.direct_state_access = false;
}

}  // namespace

ContextState::ContextState() : timeline(*this) {}

const std::shared_ptr<ContextState>& ContextState::none() noexcept {
  // Outlives static destruction on purpose, as control blocks do.
  static const auto* const kNone = new std::shared_ptr<ContextState>(std::make_shared<ContextState>());
  return *kNone;
}

ContextState::~ContextState() {
  detail::process_mapped_bytes() -= abandoned_bytes;
}

Result<void> ContextState::open(Loader loader, Options&& chosen, std::source_location where) {
  options = std::move(chosen);
  current = options.current_context ? options.current_context : find_current_getter();
  if (current) identity = current();
  if (options.current_context && !identity) return fail(ErrorId::no_current_context, where);
  line().begin();

  const GLADuserptrloadfunc load = [](void* user, const char* name) {
    return reinterpret_cast<GLADapiproc>((*static_cast<Loader*>(user))(name));
  };
  const auto get_string = reinterpret_cast<PFNGLGETSTRINGPROC>(loader("glGetString"));
  if (!get_string) return fail(ErrorId::loader_failed, where);
  const auto* version = reinterpret_cast<const char*>(get_string(GL_VERSION));
  if (!version) return fail(ErrorId::no_current_context, where);
  limits.gles = std::strncmp(version, "OpenGL ES", 9) == 0;
  const int loaded = limits.gles ? gladLoadGLES2ContextUserPtr(&gl, load, &loader)
                                 : gladLoadGLContextUserPtr(&gl, load, &loader);
  if (loaded == 0 || !gl.GetIntegerv || !gl.GetError) return fail(ErrorId::loader_failed, where);
  // Before anything is asked that an older context would answer with an error.
  const auto major = static_cast<std::uint64_t>(GLAD_VERSION_MAJOR(loaded));
  const auto minor = static_cast<std::uint64_t>(GLAD_VERSION_MINOR(loaded));
  const std::uint64_t number = major * 10 + minor;
  if (limits.gles && number < 30) return fail(ErrorId::gles_unsupported, where, {.numbers = {major, minor}});
  if (!limits.gles && number < 32 && (number < 31 || !gl.ARB_sync)) {
    return fail(ErrorId::version_too_old, where, {.numbers = {major, minor}});
  }
  if (!gl.GetStringi || !gl.GetInteger64v || !gl.FenceSync) return fail(ErrorId::loader_failed, where);
  watch_process_exit();
  alive = true;
  set_caller_errors_aside();
  read_limits(*this);
  decide_quirks(*this);
  read_profile(*this);
  auto transfers = make_transfer_plan(*this, where);
  if (!transfers) {
    alive = false;
    return pass_on(transfers);
  }
  transfer_plan = std::move(*transfers);
  memory_limit = options.memory_limit_bytes ? options.memory_limit_bytes : detail::machine_memory_limit();
  return {};
}

Result<Context> ContextState::sister(std::source_location where) const {
  if (auto usable = check_current(where); !usable) return pass_on(usable);
  auto other = std::make_shared<ContextState>();
  other->gl = gl;
  other->options.parallel_for = options.parallel_for;
  other->options.copy_threads = options.copy_threads;
  other->options.timeout = options.timeout;
  other->options.current_context = options.current_context;
  other->limits = limits;
  other->driver = driver;
  other->extensions = extensions;
  std::copy(std::begin(quirks), std::end(quirks), std::begin(other->quirks));
  other->current = current;
  other->identity = identity;
  other->memory_limit = memory_limit;
  other->transfer_plan = unforced_transfers(*this, nullptr);
  other->line().begin();
  other->alive = true;
  return Context(std::move(other));
}

bool ContextState::is_current() const noexcept {
  return alive && !process_is_exiting() && on_own_thread() && (!current || current() == identity);
}

ErrorId ContextState::misplaced() const noexcept {
  void* now = current ? current() : identity;
  if (now == identity) return ErrorId::none;
  return now ? ErrorId::other_context_current : ErrorId::no_current_context;
}

tl::unexpected<Error> ContextState::wrong_place(ErrorId id, std::source_location where) const noexcept {
  if (validating()) report({.rule = Rule::wrong_context, .noticed_at = where});
  return fail(id, where);
}

Result<void> ContextState::claim_thread(std::source_location where) noexcept {
  const ErrorId id = alive ? misplaced() : ErrorId::context_gone;
  if (id != ErrorId::none) return wrong_place(id, where);
  line().control->owner.store(std::this_thread::get_id(), std::memory_order_relaxed);
  return {};
}

Result<void> ContextState::check_current(std::source_location where) const noexcept {
  const bool gone = !alive || process_is_exiting();
  const ErrorId id = gone ? ErrorId::context_gone : !on_own_thread() ? ErrorId::wrong_thread : misplaced();
  if (id != ErrorId::none) return wrong_place(id, where);
  return check_alive(where);
}

Result<void> ContextState::check_thread(std::source_location where) const noexcept {
  if (is_at_hand()) return {};
  return check_current(where);
}

Result<void> ContextState::check_alive(std::source_location where) const noexcept {
  if (lost) return fail(ErrorId::context_lost, where, {.numbers = {reset_status}});
  return {};
}

Result<void> ContextState::check_reset(std::source_location where) noexcept {
  const GLenum reset = limits.reset_notification ? gl.GetGraphicsResetStatus() : GL_NO_ERROR;
  if (reset == GL_NO_ERROR) return {};
  return tl::unexpected(lose(reset, where));
}

Error ContextState::lose(std::uint32_t status, std::source_location where) noexcept {
  if (!lost) {
    lost = true;
    reset_status = status;
    log(LogLevel::warning, [] { return "the GL context was lost; everything made on it is inert"; });
    {
      const std::lock_guard lock(registry);
      for (ContextChild* lender : children) lender->make_inert();
    }
    line().end(make_error(ErrorId::context_lost, where, {.numbers = {reset_status}}));
  }
  return make_error(ErrorId::context_lost, where, {.numbers = {reset_status}});
}

void ContextState::report(const Report& report) const noexcept {
  if (options.validation) options.validation(report);
}

void ContextState::set_caller_errors_aside(std::uint32_t own) noexcept {
  // GL keeps one flag an error kind, eight at most.
  for (int i = 0; i < 8; ++i) {
    const GLenum error = gl.GetError();
    // A lost context may answer that it is lost without end; that is nobody's mistake.
    if (error == GL_NO_ERROR || error == GL_CONTEXT_LOST) return;
    if (error == own) {
      own = GL_NO_ERROR;
      continue;
    }
    if (caller_error_count < std::size(caller_errors)) caller_errors[caller_error_count++] = error;
    log(LogLevel::warning, [&] {
      return fmt::format(
          "GL error {:#x} was pending before pmb's call: it is the caller's (take_caller_error())", error);
    });
  }
}

void ContextState::close() noexcept {
  if (!alive) return;
  // What the context made for itself goes first, while GL can still be called.
  transfer.reset();
  const std::lock_guard lock(registry);
  for (ContextChild* lender : children) lender->make_inert();
  for (const auto& [address, mapping] : mappings) {
    log(LogLevel::warning, [&, at = address, leaked = mapping] {
      return fmt::format("leak: mapped buffer {} '{}' of {} bytes at {} outlives its context", leaked->buffer,
                         leaked->label, leaked->size, at);
    });
    report({.rule = Rule::leaked_with_context,
            .label = mapping->label,
            .buffer = mapping->buffer,
            .begin_bytes = mapping->map_offset,
            .end_bytes = mapping->map_offset + mapping->size,
            .acquired_at = mapping->created_at});
    mapping->abandon();
  }
  mappings.clear();
  timeline.state_->close();
  alive = false;
}

}  // namespace detail

using detail::ContextState;

Context::Context(std::shared_ptr<ContextState> state) noexcept : state_(std::move(state)) {}

Result<Context> Context::from_current(Loader loader, Options options, std::source_location where) {
  return guarded(where, [&]() -> Result<Context> {
    // Made now, so that a later move cannot fail.
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
  return state_->claim_thread(where);
}

void Context::report_reset(std::uint32_t status, std::source_location where) noexcept {
  if (state_->alive && status != 0) static_cast<void>(state_->lose(status, where));
}

Timeline& Context::timeline() noexcept {
  return state_->timeline;
}
const Limits& Context::limits() const noexcept {
  return state_->limits;
}
const Driver& Context::driver() const noexcept {
  return state_->driver;
}
const Options& Context::options() const noexcept {
  return state_->options;
}
const TransferPlan& Context::transfer_plan() const noexcept {
  return state_->transfer_plan;
}
const Profile* Context::profile() const noexcept {
  return state_->profile ? &*state_->profile : nullptr;
}
const Error& Context::profile_error() const noexcept {
  return state_->profile_error;
}
const std::string& Context::profile_file() const noexcept {
  return state_->profile_file;
}
ProfileKey Context::profile_key() const {
  return detail::key_of(*state_);
}
bool Context::has_extension(std::string_view name) const noexcept {
  return state_->extensions.contains(name);
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
  auto& errors = state_->caller_errors;
  if (state_->caller_error_count == 0) return 0;
  const std::uint32_t oldest = errors[0];
  std::copy(std::begin(errors) + 1, std::end(errors), std::begin(errors));
  --state_->caller_error_count;
  return oldest;
}

std::vector<Quirk> Context::quirks() const {
  std::vector<Quirk> list;
  for (std::size_t i = 0; i < std::size(detail::kQuirks); ++i) {
    const detail::QuirkEntry& quirk = detail::kQuirks[i];
    list.push_back({quirk.id, quirk.what, quirk.evidence, quirk.applies(state_->driver), state_->quirks[i]});
  }
  return list;
}

std::vector<LiveMapping> Context::live_mappings() const {
  std::vector<LiveMapping> list;
  for (const auto& [address, mapping] : state_->mappings) {
    list.push_back(
        {mapping->label, mapping->buffer, address, mapping->size, mapping->adopted, mapping->created_at});
  }
  return list;
}

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
  std::string_view quirks = value_of("PMB_DISABLE_QUIRKS");
  while (!quirks.empty()) {
    const std::size_t comma = std::min(quirks.find(','), quirks.size());
    if (comma > 0) options.disabled_quirks.emplace_back(quirks.substr(0, comma));
    quirks.remove_prefix(std::min(comma + 1, quirks.size()));
  }
  options.profile = value_of("PMB_PROFILE");
  if (value_of("PMB_LOG") == "1") {
    options.log = [](LogLevel level, std::string_view line) {
      std::fprintf(stderr, "pmb: %s%.*s\n", level == LogLevel::warning ? "warning: " : "",
                   static_cast<int>(line.size()), line.data());
    };
  }
  return options;
}

const char* to_string(Vendor vendor) noexcept {
  switch (vendor) {
    case Vendor::unknown:
      return "unknown";
    case Vendor::nvidia:
      return "nvidia";
    case Vendor::amd:
      return "amd";
    case Vendor::intel:
      return "intel";
    case Vendor::mesa_software:
      return "mesa_software";
    case Vendor::qualcomm:
      return "qualcomm";
    case Vendor::arm:
      return "arm";
    case Vendor::imagination:
      return "imagination";
    case Vendor::broadcom:
      return "broadcom";
  }
  return "unknown";
}

}  // namespace pmb
