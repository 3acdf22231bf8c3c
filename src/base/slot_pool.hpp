// SPDX-License-Identifier: MIT
// Control blocks that handles point to. They are recycled and never freed, so that a stale handle reads valid
// memory, and a compare of its number detects it.
#pragma once

#include <memory>
#include <mutex>
#include <vector>

namespace pmb::detail {

template <class T>
class SlotPool {
 public:
  /// A block in the state of its last tenant; the caller resets it.
  static T* take() {
    Store& store = instance();
    const std::lock_guard lock(store.mutex);
    if (store.free.empty()) {
      store.all.push_back(std::make_unique<T>());
      store.free.reserve(store.all.size());
      return store.all.back().get();
    }
    T* block = store.free.back();
    store.free.pop_back();
    return block;
  }

  static void give_back(T* block) noexcept {
    Store& store = instance();
    const std::lock_guard lock(store.mutex);
    store.free.push_back(block);
  }

 private:
  struct Store {
    std::mutex mutex;
    std::vector<std::unique_ptr<T>> all;
    std::vector<T*> free;
  };
  static Store& instance() {
    // Outlives static destruction: objects with static lifetime may still hold handles.
    static Store* const store = new Store;
    return *store;
  }
};

}  // namespace pmb::detail
