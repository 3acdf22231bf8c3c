// SPDX-License-Identifier: MIT
// Control blocks that handles point to. They are recycled and never freed: a stale handle reads valid memory, and the
// generation in it no longer matches.
#pragma once

#include <memory>
#include <mutex>
#include <vector>

namespace pmb::detail {

template <class T>
class SlotPool {
 public:
  /// A block in the state that its last owner left; the caller resets what must not stay.
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
    // Never destroyed: objects with static lifetime may still hold handles.
    static Store* const store = new Store;
    return *store;
  }
};

}  // namespace pmb::detail
