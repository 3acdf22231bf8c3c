// SPDX-License-Identifier: MIT
//
// Every entry point starts with an Entered: it finds the current fake, logs the arguments, and reports whether the
// call proceeds.
#pragma once

#include <glad/gl.h>

#include <mutex>
#include <string>
#include <type_traits>
#include <vector>

#include "fake_driver.hpp"

namespace strict_gl {

// An argument that the log prints by name.
struct Enum {
  GLenum value;
};

void count_call_without_context();

// For inside_call().
class Inside {
 public:
  Inside() { ++depth(); }
  ~Inside() { --depth(); }
  Inside(const Inside&) = delete;
  Inside& operator=(const Inside&) = delete;
  static int& depth();
};

class Entered {
 public:
  template <class... Args>
  explicit Entered(const char* name, Need need, Args... args) : Entered(false, name, need, args...) {}

  // For the few functions that work on a lost context (OpenGL 4.6 section 2.3.2).
  template <class... Args>
  static Entered even_when_lost(const char* name, Need need, Args... args) {
    return Entered(true, name, need, args...);
  }

  explicit operator bool() const { return proceed_; }
  Driver* operator->() const { return driver_; }
  Driver& driver() const { return *driver_; }
  // A script replaced the work with an action of that kind.
  [[nodiscard]] bool scripted(Action::Kind kind) const { return action_ != nullptr && action_->kind == kind; }
  [[nodiscard]] bool scripted_error(GLenum error) const {
    return scripted(Action::Kind::gl_error) && action_->error == error;
  }

 private:
  template <class... Args>
  Entered(bool works_when_lost, const char* name, Need need, Args... args) : driver_(Driver::current()) {
    if (driver_ == nullptr) {
      count_call_without_context();
      return;
    }
    lock_ = driver_->lock();
    if (driver_->logging()) {
      std::string text;
      std::vector<std::int64_t> values;
      (append(text, values, args), ...);
      driver_->log(name, std::move(text), std::move(values));
    }
    proceed_ = driver_->enter(name, need, works_when_lost, &action_);
  }

  static void separate(std::string& text) {
    if (!text.empty()) text += ", ";
  }
  static void append(std::string& text, std::vector<std::int64_t>& values, Enum value) {
    separate(text);
    text += enum_name(value.value);
    values.push_back(value.value);
  }
  template <class Value>
  static void append(std::string& text, std::vector<std::int64_t>& values, Value value) {
    separate(text);
    if constexpr (std::is_same_v<Value, GLsync>) {
      values.push_back(static_cast<std::int64_t>(reinterpret_cast<std::uintptr_t>(value)));
      text += "sync " + std::to_string(values.back());
    } else if constexpr (std::is_pointer_v<Value>) {
      values.push_back(value == nullptr ? 0 : 1);
      text += value == nullptr ? "null" : "pointer";
    } else {
      values.push_back(static_cast<std::int64_t>(value));
      text += std::to_string(value);
    }
  }

  Inside inside_;
  Driver* driver_ = nullptr;
  const Action* action_ = nullptr;
  std::unique_lock<std::mutex> lock_;
  bool proceed_ = false;
};

}  // namespace strict_gl
