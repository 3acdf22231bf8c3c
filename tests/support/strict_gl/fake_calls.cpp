// SPDX-License-Identifier: MIT
//
// The steps of every call: counts, the log, scripts, a lost context, violations and GL errors.
#include <algorithm>
#include <utility>

#include "fake_driver.hpp"

namespace strict_gl {

namespace {

thread_local Driver* t_current = nullptr;
std::atomic<std::uint32_t> g_next_context{1};

}  // namespace

Driver::Driver(FakeConfig config, Driver* share_with)
    : config_(std::move(config)),
      share_(share_with != nullptr ? share_with->share_ : std::make_shared<ShareGroup>()),
      id_(g_next_context.fetch_add(1)),
      reset_answers_left_(config_.reset_status_answers) {
  const auto locked = lock();
  ++share_->contexts;
  const std::string number = std::to_string(config_.major) + "." + std::to_string(config_.minor);
  version_ =
      (config_.es ? "OpenGL ES " + number + " " : number + " (Core Profile) ") + config_.version_suffix;
  glsl_version_ = config_.es ? "OpenGL ES GLSL ES " + number + "0" : number + "0";
  for (const std::string& extension : config_.extensions) extension_list_ += extension + " ";
  if (!config_.es) enabled_.insert(GL_DITHER);
  if (!config_.es) enabled_.insert(GL_MULTISAMPLE);
}

Driver::~Driver() {
  if (t_current == this) t_current = nullptr;
  const auto locked = lock();
  stream_->flush();
  stream_->run_to(stream_->issued());
  // Commands that still wait for a fence of another context refer to this driver: they must never run.
  stream_->lose();
  --share_->contexts;
}

Driver* Driver::current() {
  return t_current;
}

void Driver::set_current(Driver* driver) {
  if (t_current == driver) return;
  if (t_current != nullptr) t_current->owner_.store(std::thread::id{});
  if (t_current != nullptr && t_current->lies(Lie::mapping_dies_with_its_context))
    t_current->lose_coherent_bytes();
  t_current = driver;
  if (driver == nullptr) return;
  const std::thread::id owner = driver->owner_.exchange(std::this_thread::get_id());
  driver->call_ = "make_current";
  if (owner != std::thread::id{}) driver->violation("current on two threads at once");
}

bool Driver::enter(const char* name, Need need, bool works_when_lost, const Action** action) {
  call_ = name;
  if (config_.instant && !scripted_ && !lost_) return true;
  ++total_calls_;
  auto found = names_.find(std::string_view(name));
  if (found == names_.end()) found = names_.emplace(name, NameState{}).first;
  NameState& state = found->second;
  ++state.total;
  ++state.counted;

  const auto hit = std::find_if(state.scripted.begin(), state.scripted.end(), [&](const auto& entry) {
    return entry.second.forever ? state.total >= entry.first : state.total == entry.first;
  });
  if (hit != state.scripted.end()) last_action_ = hit->second;
  bool scripted = hit != state.scripted.end();
  if (const auto chosen = !scripted && choose_ ? choose_(name) : std::nullopt; chosen) {
    last_action_ = *chosen;
    scripted = true;
  }
  if (scripted && last_action_.kind == Action::Kind::lose_context) lose_context();

  if (lost_) {
    if (works_when_lost) return true;
    generate(GL_CONTEXT_LOST);
    return false;
  }
  if (!has(need)) {
    error(GL_INVALID_OPERATION, "this context does not have it: test versions and extensions, not pointers");
    return false;
  }
  if (scripted) {
    *action = &last_action_;
    if (last_action_.kind == Action::Kind::gl_error || last_action_.kind == Action::Kind::wait_failed) {
      generate(last_action_.error);
    }
    return false;
  }
  return true;
}

void Driver::log(const char* name, std::string args, std::vector<std::int64_t> values) {
  log_.push_back({name, std::move(args), std::move(values)});
}

void Driver::violation(const std::string& what) {
  violations_.push_back(std::string(call_) + ": " + what);
}

void Driver::error(GLenum error, const std::string& what) {
  violation(enum_name(error) + ": " + what);
  // KHR_no_error leaves GL_OUT_OF_MEMORY and the loss of the context as the only errors.
  if (!config_.no_error_context) generate(error);
}

void Driver::generate(GLenum error) {
  if (pending_error_ == GL_NO_ERROR) pending_error_ = error;
}

bool Driver::at_least(int desktop, int es) const {
  const int wanted = config_.es ? es : desktop;
  return wanted != 0 && config_.major * 10 + config_.minor >= wanted;
}

bool Driver::has_extension(std::string_view name) const {
  return std::find(config_.extensions.begin(), config_.extensions.end(), name) != config_.extensions.end();
}

bool Driver::has(Need need) const {
  const bool desktop = !config_.es;
  switch (need) {
    case Need::nothing:
      return true;
    case Need::desktop:
      return desktop;
    case Need::sync:
      return at_least(32, 30) || (desktop && has_extension("GL_ARB_sync"));
    case Need::map_range:
      return at_least(30, 30) || (desktop && has_extension("GL_ARB_map_buffer_range"));
    case Need::copy:
      return at_least(31, 30) || (desktop && has_extension("GL_ARB_copy_buffer"));
    case Need::buffer_storage:
      return at_least(44, 0) || has_extension(desktop ? "GL_ARB_buffer_storage" : "GL_EXT_buffer_storage");
    case Need::direct_state_access:
      return at_least(45, 0) || (desktop && has_extension("GL_ARB_direct_state_access"));
    case Need::clear_buffer:
      return at_least(43, 0) || (desktop && has_extension("GL_ARB_clear_buffer_object"));
    case Need::invalidate:
      return at_least(43, 0) || (desktop && has_extension("GL_ARB_invalidate_subdata"));
    case Need::memory_barrier:
      return at_least(42, 31) || (desktop && has_extension("GL_ARB_shader_image_load_store"));
    case Need::compute:
      return at_least(43, 31);
    case Need::integer64:
      return at_least(32, 30) || (desktop && has_extension("GL_ARB_sync"));
    case Need::reset_status:
      return at_least(45, 32) || has_extension("GL_KHR_robustness") || has_extension("GL_EXT_robustness") ||
             (desktop && has_extension("GL_ARB_robustness"));
    case Need::texture_storage:
      return at_least(42, 30) || (desktop && has_extension("GL_ARB_texture_storage"));
    case Need::level_parameter:
      return at_least(30, 31);
    case Need::get_sub_image:
      return at_least(45, 0) || (desktop && has_extension("GL_ARB_get_texture_sub_image"));
    case Need::debug:
      return at_least(43, 32) || has_extension("GL_KHR_debug");
  }
  return false;
}

void Driver::script(std::string_view name, std::uint64_t nth, Action action) {
  auto found = names_.find(name);
  if (found == names_.end()) found = names_.emplace(std::string(name), NameState{}).first;
  found->second.scripted.emplace_back(found->second.total + nth, action);
  scripted_ = true;
}

void Driver::lose_context() {
  if (lost_) return;
  lost_ = true;
  stream_->lose();
}

GLenum Driver::get_error() {
  return std::exchange(pending_error_, static_cast<GLenum>(GL_NO_ERROR));
}

GLenum Driver::reset_status() {
  if (!lost_ || config_.reset_notification_strategy != GL_LOSE_CONTEXT_ON_RESET) return GL_NO_ERROR;
  if (reset_answers_left_ == 0) return GL_NO_ERROR;
  if (reset_answers_left_ > 0) --reset_answers_left_;
  return config_.reset_status;
}

}  // namespace strict_gl
