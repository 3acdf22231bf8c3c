// SPDX-License-Identifier: MIT
//
// FakeGl: the interface of a driver for tests.
#include "fake_gl.hpp"

#include <algorithm>
#include <cstring>
#include <utility>

#include "fake_driver.hpp"
#include "fake_entry.hpp"

namespace strict_gl {

namespace {

thread_local FakeGl* t_current_fake = nullptr;

}  // namespace

Bytes filled(std::size_t count, int value) {
  return Bytes(count, static_cast<std::byte>(value));
}

Bytes bytes_of(std::initializer_list<int> values) {
  Bytes bytes;
  for (const int value : values) bytes.push_back(static_cast<std::byte>(value));
  return bytes;
}

Bytes copy_of(const void* data, std::size_t count) {
  const auto* const begin = static_cast<const std::byte*>(data);
  return {begin, begin + count};
}

FakeGl::FakeGl(FakeConfig config, FakeGl* share_with)
    : driver_(std::make_unique<Driver>(std::move(config),
                                       share_with == nullptr ? nullptr : share_with->driver_.get())) {}

FakeGl::~FakeGl() {
  if (t_current_fake == this) release_current();
}

void FakeGl::make_current() {
  Driver::set_current(driver_.get());
  t_current_fake = this;
}

void FakeGl::release_current() {
  Driver::set_current(nullptr);
  t_current_fake = nullptr;
}

void* FakeGl::current() {
  return t_current_fake;
}
FakeGl* FakeGl::current_fake() {
  return t_current_fake;
}
void* FakeGl::identity() {
  return this;
}

const FakeConfig& FakeGl::config() const {
  return driver_->config_;
}
void FakeGl::set_polls_until_done(int polls) {
  driver_->config_.polls_until_done = polls;
}
void FakeGl::set_lost_wait_answer(LostWaitAnswer answer) {
  driver_->config_.lost_wait_answer = answer;
}
void FakeGl::set_total_memory_bytes(std::int64_t bytes) {
  driver_->config_.total_memory_bytes = bytes;
}

std::shared_ptr<GpuRead> FakeGl::shader_read(GLuint buffer, std::int64_t offset, std::int64_t size) {
  const Inside inside;
  const auto locked = driver_->lock();
  return driver_->shader_read(buffer, offset, size);
}

void FakeGl::shader_write(GLuint buffer, std::int64_t offset, std::span<const std::byte> bytes) {
  const auto locked = driver_->lock();
  driver_->simulated_write(buffer, offset, {bytes.begin(), bytes.end()}, Storage::Writer::shader);
}

void FakeGl::shader_copy(GLuint source, std::int64_t source_offset, GLuint target, std::int64_t target_offset,
                         std::int64_t size) {
  const auto locked = driver_->lock();
  driver_->shader_copy(source, source_offset, target, target_offset, size);
}

void FakeGl::shader_atomic_add(GLuint buffer, std::int64_t offset, std::uint32_t value) {
  const auto locked = driver_->lock();
  driver_->shader_atomic_add(buffer, offset, value);
}

void FakeGl::server_write(GLuint buffer, std::int64_t offset, std::span<const std::byte> bytes) {
  const Inside inside;
  const auto locked = driver_->lock();
  driver_->simulated_write(buffer, offset, {bytes.begin(), bytes.end()}, Storage::Writer::server);
}

void FakeGl::image_store(GLuint texture, std::size_t level, std::int64_t offset,
                         std::span<const std::byte> bytes) {
  driver_->image_store(texture, level, offset, {bytes.begin(), bytes.end()});
}

void FakeGl::stand_in(std::function<void(const Dispatch&)> shader) {
  driver_->stand_in_ = std::move(shader);
}

std::function<bool()> FakeGl::commands_so_far() {
  driver_->flush();
  return [driver = driver_.get(), stream = driver_->stream_, position = driver_->stream_->issued()] {
    if (!stream->run_to(position)) return false;
    driver->observe(driver->id_, position + 1, driver->known_);
    return true;
  };
}

void FakeGl::wait_for(std::function<void()> done) {
  Command command;
  command.touches_all = true;
  command.run = [kept = std::move(done)](std::uint64_t) { kept(); };
  driver_->issue(std::move(command));
}

std::span<std::byte> FakeGl::memory_of(GLuint buffer) {
  const Buffer found = driver_->find(buffer);
  if (found == nullptr || found->storage == nullptr) return {};
  return found->storage->gpu(0, found->size());
}

GLbitfield FakeGl::mapping_flags(GLuint buffer) const {
  const Buffer found = driver_->find(buffer);
  if (found == nullptr || found->mapping() == nullptr) return 0;
  return found->mapping()->access | found->storage->flags();
}

void FakeGl::move_away_from_mapping(GLuint buffer) {
  driver_->find(buffer)->storage->move_away_from_mapping();
}

void FakeGl::script(std::string_view call_name, std::uint64_t nth, Action action) {
  driver_->script(call_name, nth, action);
}

void FakeGl::script_every_call(std::function<std::optional<Action>(std::string_view call_name)> choose) {
  driver_->choose_ = std::move(choose);
  driver_->scripted_ = true;
}

void FakeGl::clear_script() {
  for (auto& [name, state] : driver_->names_) state.scripted.clear();
  driver_->choose_ = nullptr;
  driver_->scripted_ = false;
}

void FakeGl::lose_context() {
  const auto locked = driver_->lock();
  driver_->lose_context();
}
bool FakeGl::lost() const {
  return driver_->lost();
}

const std::vector<std::string>& FakeGl::violations() const {
  return driver_->violations_;
}

bool FakeGl::violated(std::string_view part) const {
  return std::any_of(violations().begin(), violations().end(),
                     [&](const std::string& violation) { return violation.find(part) != std::string::npos; });
}

void FakeGl::clear_violations() {
  driver_->violations_.clear();
}

std::uint64_t FakeGl::calls(std::string_view name) const {
  const auto found = driver_->names_.find(name);
  return found == driver_->names_.end() ? 0 : found->second.counted;
}

std::uint64_t FakeGl::total_calls() const {
  return driver_->total_calls_;
}

std::map<std::string, std::uint64_t> FakeGl::call_counts() const {
  std::map<std::string, std::uint64_t> counts;
  for (const auto& [name, state] : driver_->names_) {
    if (state.counted > 0) counts[name] = state.counted;
  }
  return counts;
}

const std::vector<LoggedCall>& FakeGl::log() const {
  return driver_->log_;
}

std::vector<LoggedCall> FakeGl::log_of(std::string_view name) const {
  std::vector<LoggedCall> calls;
  std::copy_if(log().begin(), log().end(), std::back_inserter(calls),
               [&](const LoggedCall& call) { return call.name == name; });
  return calls;
}

void FakeGl::clear_log() {
  driver_->log_.clear();
  driver_->total_calls_ = 0;
  for (auto& [name, state] : driver_->names_) state.counted = 0;
}

std::size_t FakeGl::live_buffers() const {
  return driver_->share_->buffers.size();
}

std::vector<GLuint> FakeGl::buffer_names() const {
  std::vector<GLuint> names;
  for (const auto& entry : driver_->share_->buffers) names.push_back(entry.first);
  return names;
}

std::size_t FakeGl::live_syncs() const {
  return driver_->share_->syncs.size();
}

std::size_t FakeGl::mapped_buffers() const {
  const auto& buffers = driver_->share_->buffers;
  return static_cast<std::size_t>(std::count_if(
      buffers.begin(), buffers.end(), [](const auto& entry) { return entry.second->mapping() != nullptr; }));
}

std::int64_t FakeGl::memory_in_use_bytes() const {
  return *driver_->share_->used_bytes;
}
std::size_t FakeGl::queued_commands() const {
  return driver_->stream_->queued();
}
std::size_t FakeGl::unflushed_commands() const {
  return driver_->stream_->unflushed();
}

GLuint FakeGl::bound_buffer(GLenum target) const {
  const auto found = driver_->bindings_.find(target);
  return found == driver_->bindings_.end() ? 0 : found->second->name;
}

std::size_t FakeGl::live_framebuffers() const {
  return driver_->framebuffers_.size();
}
std::size_t FakeGl::live_renderbuffers() const {
  return driver_->renderbuffers_.size();
}

std::size_t FakeGl::live_programs() const {
  return driver_->programs_.size();
}

std::size_t FakeGl::live_samplers() const {
  return driver_->samplers_.size();
}

StateSnapshot FakeGl::state_snapshot() const {
  return driver_->snapshot();
}

void FakeGl::say(std::string_view message) {
  driver_->say(message);
}

std::string FakeGl::label_of(GLuint buffer) const {
  const Buffer found = driver_->find(buffer);
  return found == nullptr ? std::string() : found->label;
}

GLenum FakeGl::pending_error() const {
  return driver_->pending_error_;
}
void FakeGl::inject_error(GLenum error) {
  driver_->generate(error);
}

Bytes FakeGl::gpu_bytes(GLuint buffer) const {
  const Buffer found = driver_->find(buffer);
  return found == nullptr ? Bytes() : gpu_bytes(buffer, 0, found->size());
}

Bytes FakeGl::gpu_bytes(GLuint buffer, std::int64_t offset, std::int64_t size) const {
  const Buffer found = driver_->find(buffer);
  if (found == nullptr || offset < 0 || size <= 0 || offset + size > found->size()) return {};
  const std::span<std::byte> bytes = found->storage->gpu(offset, size);
  return {bytes.begin(), bytes.end()};
}

Bytes FakeGl::texels(GLuint texture, std::size_t level) const {
  const Texture found = driver_->find_texture(texture);
  if (found == nullptr || level >= found->levels.size()) return {};
  Storage& storage = *found->levels[level].storage;
  const std::span<std::byte> bytes = storage.gpu(0, storage.size());
  return {bytes.begin(), bytes.end()};
}

void FakeGl::set_texels(GLuint texture, std::size_t level, std::span<const std::byte> bytes) {
  const Texture found = driver_->find_texture(texture);
  if (found == nullptr || level >= found->levels.size()) return;
  Storage& storage = *found->levels[level].storage;
  const auto size = std::min<std::int64_t>(storage.size(), static_cast<std::int64_t>(bytes.size()));
  std::memcpy(storage.gpu(0, size).data(), bytes.data(), static_cast<std::size_t>(size));
}

}  // namespace strict_gl
