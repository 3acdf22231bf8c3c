// SPDX-License-Identifier: MIT

#include "buffer_messages.hpp"

#include <algorithm>
#include <charconv>

namespace pmb::tool {
namespace {

// "… will use VIDEO memory as the source for buffer object operations."
constexpr std::uint32_t kWillUse = 131185;
// "… is being copied/moved from VIDEO memory to HOST memory."
constexpr std::uint32_t kMoved = 131186;

struct Word {
  std::string_view text;
  ReportedMemory memory;
};
constexpr Word kWords[] = {{"VIDEO memory", ReportedMemory::video},
                           {"SYSTEM HEAP memory", ReportedMemory::system},
                           {"DMA CACHED memory", ReportedMemory::system},
                           {"HOST memory", ReportedMemory::system}};

}  // namespace

std::optional<std::pair<std::uint32_t, ReportedMemory>> reported_placement(std::uint32_t message_id,
                                                                           std::string_view message) {
  if (message_id != kWillUse && message_id != kMoved) return std::nullopt;
  constexpr std::string_view kObject = "Buffer object ";
  const std::size_t at = message.find(kObject);
  if (at == std::string_view::npos) return std::nullopt;
  std::uint32_t buffer = 0;
  const char* const end = message.data() + message.size();
  if (std::from_chars(message.data() + at + kObject.size(), end, buffer).ec != std::errc{})
    return std::nullopt;
  // If a message names two kinds of memory, the later one is the target.
  std::size_t last = 0;
  ReportedMemory memory = ReportedMemory::unknown;
  for (const Word& word : kWords) {
    const std::size_t found = message.rfind(word.text);
    if (found == std::string_view::npos || found < last) continue;
    last = found;
    memory = word.memory;
  }
  if (memory == ReportedMemory::unknown) return std::nullopt;
  return std::pair{buffer, memory};
}

BufferMessages::BufferMessages(const GladGLContext& gl) : gl_(gl) {
  if (gl_.DebugMessageCallback == nullptr || gl_.DebugMessageControl == nullptr) return;
  installed_ = true;
  gl_.DebugMessageCallback(&receive, this);
  gl_.DebugMessageControl(GL_DONT_CARE, GL_DONT_CARE, GL_DONT_CARE, 0, nullptr, GL_TRUE);
  gl_.Enable(GL_DEBUG_OUTPUT);
  gl_.Enable(GL_DEBUG_OUTPUT_SYNCHRONOUS);
}

BufferMessages::~BufferMessages() {
  if (!installed_) return;
  gl_.Disable(GL_DEBUG_OUTPUT);
  gl_.DebugMessageCallback(nullptr, nullptr);
}

ReportedMemory BufferMessages::take(std::uint32_t buffer) {
  const auto found = places_.find(buffer);
  if (found == places_.end()) return ReportedMemory::unknown;
  const ReportedMemory memory = found->second;
  places_.erase(found);
  return memory;
}

void BufferMessages::receive(GLenum, GLenum, GLuint id, GLenum, GLsizei length, const GLchar* message,
                             const void* user) {
  // Some drivers count the final zero; a negative length means a zero-terminated message.
  const std::string_view text =
      length >= 0 ? std::string_view(message, static_cast<std::size_t>(length)) : message;
  const auto place = reported_placement(id, text);
  if (!place) return;
  auto& places = const_cast<BufferMessages*>(static_cast<const BufferMessages*>(user))->places_;
  places[place->first] = place->second;
}

}  // namespace pmb::tool
