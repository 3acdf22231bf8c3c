// SPDX-License-Identifier: MIT
// Linked into sanitized executables: the options that they need to run beside an uninstrumented GL driver, so
// that each also works when it is started by hand. ASAN_OPTIONS, TSAN_OPTIONS and UBSAN_OPTIONS still
// override.

#if defined(__has_feature)
#define PMB_HAS_FEATURE(name) __has_feature(name)
#else
#define PMB_HAS_FEATURE(name) 0
#endif

#if PMB_HAS_FEATURE(address_sanitizer) || defined(__SANITIZE_ADDRESS__)

extern "C" {

const char* __asan_default_options();
const char* __asan_default_options() {
  // The last: thread-local variables of libraries that are loaded late are looked for in the allocator's headers, which
  // this version of the sanitizer misreads now and then; its leak check then follows a wild pointer.
  return "detect_stack_use_after_return=1:strict_string_checks=1:intercept_tls_get_addr=0";
}

const char* __ubsan_default_options();
const char* __ubsan_default_options() {
  return "print_stacktrace=1";
}

// The leak check runs after the EGL library has unloaded its driver. What the driver's globals still point to
// would then look leaked, and could not even be suppressed by name: nothing is mapped there any more. So
// libraries stay.
__attribute__((visibility("default"))) int dlclose(void* library) noexcept;
int dlclose(void*) noexcept {
  return 0;
}
}

#endif

#if PMB_HAS_FEATURE(thread_sanitizer) || defined(__SANITIZE_THREAD__)

extern "C" {

// The driver's own threads synchronise by instructions that the sanitizer cannot see.
const char* __tsan_default_options();
const char* __tsan_default_options() {
  return "ignore_noninstrumented_modules=1:second_deadlock_stack=1";
}
}

#endif
