// SPDX-License-Identifier: MIT
// The threads that pmb copies large blocks with: the program's own, lent through one callback. The library itself
// starts none.
//
//   pmb::Options options;
//   options.parallel_for = pmb::tbb_parallel_for();            // library target pmb::tbb, or one's own:
//   options.parallel_for = [&pool](std::size_t count, pmb::ParallelBody body) { pool.run(count, body); };
//
// Units:   counts of calls.
// Threads: the callback is called on the thread that asked for the copy and may run bodies on any.
// Memory:  a body is two words and refers to what pmb keeps on its stack for the length of the call.
// Errors:  none; a callback that throws has its exception dropped, and the copy is finished by the calling thread.
// GL:      none is called by bodies on other threads than the caller's.
#pragma once

#include <cstddef>
#include <functional>
#include <memory>
#include <type_traits>

namespace pmb {

/// What is to be called with each index. Copied freely, valid until the ParallelFor that received it returns.
class ParallelBody {
 public:
  template <class F>
    requires(!std::is_same_v<std::remove_cv_t<F>, ParallelBody> && std::is_invocable_v<F&, std::size_t>)
  explicit ParallelBody(F& function) noexcept
      : object_(const_cast<void*>(static_cast<const void*>(std::addressof(function)))),
        call_([](void* object, std::size_t index) { (*static_cast<F*>(object))(index); }) {}

  void operator()(std::size_t index) const { call_(object_, index); }

 private:
  void* object_;
  void (*call_)(void* object, std::size_t index);
};

/// Calls `body(i)` once for each i below `count`, in any order, at the same time where it can, and returns when
/// all calls have returned. It owes no more: pmb's bodies share the work among those that run, never wait for one
/// that does not, and finish what is left where fewer were called. Best is one that runs one of them on the calling
/// thread: only then do copies on other threads go on while that thread issues GL commands.
using ParallelFor = std::function<void(std::size_t count, ParallelBody body)>;

}  // namespace pmb
