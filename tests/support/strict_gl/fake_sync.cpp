// SPDX-License-Identifier: MIT
//
// Flushing, fences and waits. Rules: OpenGL 4.6 section 4.1 and, once the context is lost, section 2.3.2.
#include <chrono>
#include <thread>

#include "fake_driver.hpp"

namespace strict_gl {

namespace {

// Handles are never reused, so a stale handle is always recognised.
std::atomic<std::uint64_t> g_next_sync{1};

std::uint64_t handle_of(GLsync sync) {
  return reinterpret_cast<std::uintptr_t>(sync);
}

}  // namespace

void Driver::issue(Command command) {
  stream_->issue(std::move(command));
  if (config_.instant) flush(), stream_->run_to(stream_->issued());
}

void Driver::flush() {
  stream_->flush();
  if (lies(Lie::page_protection_is_lifted)) open_mapped_pages();
}

void Driver::finish() {
  stream_->flush();
  if (!stream_->run_to(stream_->issued())) {
    return violation("never returns: the stream waits for a fence that its context has not flushed");
  }
  observe(id_, stream_->issued() + 1, known_);
}

void Driver::sync_with(const Storage* storage) {
  const std::uint64_t last = stream_->last_touching(storage);
  if (last == 0) return;
  stream_->flush();
  if (!stream_->run_to(last)) {
    violation("never returns: the stream waits for a fence that its context has not flushed");
  }
}

std::shared_ptr<Sync> Driver::find_sync(GLsync sync) const {
  const auto found = share_->syncs.find(handle_of(sync));
  return found == share_->syncs.end() ? nullptr : found->second;
}

GLsync Driver::fence_sync(GLenum condition, GLbitfield flags) {
  if (condition != GL_SYNC_GPU_COMMANDS_COMPLETE) {
    error(GL_INVALID_ENUM, "the condition must be SYNC_GPU_COMMANDS_COMPLETE");
    return nullptr;
  }
  if (flags != 0) {
    error(GL_INVALID_VALUE, "flags must be 0");
    return nullptr;
  }
  auto sync = std::make_shared<Sync>();
  sync->handle = g_next_sync.fetch_add(1) << 4U;
  sync->context = id_;
  sync->stream = stream_;
  issue({});
  sync->position = stream_->issued();
  sync->known = known_;
  const GLsync handle = reinterpret_cast<GLsync>(static_cast<std::uintptr_t>(sync->handle));
  share_->syncs.emplace(sync->handle, std::move(sync));
  return handle;
}

void Driver::delete_sync(GLsync sync) {
  if (sync == nullptr) return;
  if (share_->syncs.erase(handle_of(sync)) == 0)
    error(GL_INVALID_VALUE, "no such sync: deleted before, or foreign");
}

void Driver::observe(std::uint32_t context, std::uint64_t position, const Known& known) {
  learn(share_->observed, {{context, position}});
  learn(share_->observed, known);
  visit_watched([&](Storage& storage) { storage.observed(context, position); });
}

void Driver::observe(const Sync& sync) {
  observe(sync.context, sync.position, sync.known);
}

bool Driver::poll(Sync& sync) {
  if (sync.stream->passed(sync.position)) return true;
  if (!sync.stream->flushed(sync.position) || lies(Lie::polled_fence_never_signals)) return false;
  if (sync.expired_polls < config_.polls_until_done) {
    ++sync.expired_polls;
    return false;
  }
  return sync.stream->run_to(sync.position);
}

GLenum Driver::client_wait(GLsync handle, GLbitfield flags, GLuint64 timeout) {
  if (lost_) {
    if (config_.lost_wait_answer == LostWaitAnswer::already_signaled) return GL_ALREADY_SIGNALED;
    generate(GL_CONTEXT_LOST);
    return 0;
  }
  const std::shared_ptr<Sync> sync = find_sync(handle);
  if (sync == nullptr) {
    error(GL_INVALID_VALUE, "no such sync: deleted before, or foreign");
    return GL_WAIT_FAILED;
  }
  if ((flags & ~static_cast<GLbitfield>(GL_SYNC_FLUSH_COMMANDS_BIT)) != 0) {
    error(GL_INVALID_VALUE, "unknown flags");
    return GL_WAIT_FAILED;
  }
  if (sync->stream->passed(sync->position)) {
    observe(*sync);
    return GL_ALREADY_SIGNALED;
  }
  if (lies(Lie::polled_fence_signals_early) && timeout == 0) return GL_ALREADY_SIGNALED;
  if (lies(Lie::foreign_fence_signals_early) && sync->stream != stream_) return GL_ALREADY_SIGNALED;
  constexpr GLuint64 kShort = 100'000'000;
  if (lies(Lie::wait_outlives_its_bound) && timeout > 0 && timeout < kShort)
    std::this_thread::sleep_for(std::chrono::milliseconds(60));
  // The bit has an effect only in the context that made the fence.
  if ((flags & GL_SYNC_FLUSH_COMMANDS_BIT) != 0 && sync->stream == stream_ &&
      !lies(Lie::flush_bit_is_ignored))
    flush();
  const bool done = timeout == 0 ? poll(*sync) : sync->stream->run_to(sync->position);
  if (!done) return GL_TIMEOUT_EXPIRED;
  observe(*sync);
  return timeout == 0 ? GL_ALREADY_SIGNALED : GL_CONDITION_SATISFIED;
}

void Driver::server_wait(GLsync handle, GLbitfield flags, GLuint64 timeout) {
  const std::shared_ptr<Sync> sync = find_sync(handle);
  if (sync == nullptr) return error(GL_INVALID_VALUE, "no such sync: deleted before, or foreign");
  if (flags != 0 || timeout != GL_TIMEOUT_IGNORED) {
    return error(GL_INVALID_VALUE, "flags must be 0 and the timeout GL_TIMEOUT_IGNORED");
  }
  if (lies(Lie::server_wait_is_ignored)) return;
  Command command;
  command.wait = sync;
  issue(std::move(command));
  learn(known_, {{sync->context, sync->position}});
  learn(known_, sync->known);
}

void Driver::get_sync(GLsync handle, GLenum name, GLsizei count, GLsizei* length, GLint* values,
                      bool unsignaled) {
  const std::shared_ptr<Sync> sync = find_sync(handle);
  if (sync == nullptr && !lost_) return error(GL_INVALID_VALUE, "no such sync: deleted before, or foreign");
  if (lost_ && name != GL_SYNC_STATUS) return generate(GL_CONTEXT_LOST);
  if (count < 0) return error(GL_INVALID_VALUE, "negative count");
  GLint answer = 0;
  switch (name) {
    case GL_SYNC_STATUS:
      answer = lost_ ? GL_SIGNALED : GL_UNSIGNALED;
      if (!lost_ && !unsignaled && poll(*sync)) {
        observe(*sync);
        answer = GL_SIGNALED;
      }
      break;
    case GL_OBJECT_TYPE:
      answer = GL_SYNC_FENCE;
      break;
    case GL_SYNC_CONDITION:
      answer = GL_SYNC_GPU_COMMANDS_COMPLETE;
      break;
    case GL_SYNC_FLAGS:
      break;
    default:
      return error(GL_INVALID_ENUM, enum_name(name) + " is no sync parameter");
  }
  if (count > 0) *values = answer;
  if (length != nullptr) *length = count > 0 ? 1 : 0;
}

GLboolean Driver::is_sync(GLsync sync) const {
  return find_sync(sync) != nullptr ? GL_TRUE : GL_FALSE;
}

}  // namespace strict_gl
