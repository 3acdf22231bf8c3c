// SPDX-License-Identifier: MIT
// pmb for C and for languages that call C: the same objects and calls as pmb/pmb.hpp and pmb/headless.hpp, with a
// stable ABI. Library target pmb::c.
//
//   pmb_context* context = NULL;
//   pmb_upload_ring* ring = NULL;
//   pmb_slice slice;
//   pmb_ticket ticket;
//   if (pmb_context_from_current(eglGetProcAddress, NULL, &context) != PMB_OK) return fail(pmb_last_error_message());
//   const pmb_ring_options options = {.struct_bytes = sizeof options, .capacity_bytes = 8 << 20};
//   pmb_upload_ring_create(context, &options, &ring);
//   pmb_upload_ring_acquire(ring, 4096, 0, &slice);       // reserve
//   fill(pmb_slice_raw_bytes(slice), 4096);               // write
//   pmb_upload_ring_publish(ring, slice, 4096);           // make visible
//   glBindBufferRange(GL_UNIFORM_BUFFER, 0, pmb_slice_buffer(slice), pmb_slice_offset_bytes(slice), 4096);
//   glDrawArrays(GL_TRIANGLES, 0, 3);                     // use
//   pmb_timeline_mark(context, &ticket);
//   pmb_upload_ring_retire(ring, slice, ticket);          // reusable once the GPU has passed this point
//
// Names:   Class::method is pmb_class_method. A context has one timeline, so pmb_timeline_* take the context.
// Units:   bytes and nanoseconds, as int64_t. A negative one is PMB_INVALID_ARGUMENT.
// Objects: create functions set a pointer, destroy functions take its address, set it to null, and do nothing with
//          a null one. Any other copy of that pointer must not be used afterwards. Objects that a context made may
//          outlive it; their calls return a status then.
// Values:  slices, tickets, pending readbacks, blocks and buffer targets are opaque words, copied freely. All zero
//          is an empty one. A stale one is safe to pass: calls return PMB_STALE_HANDLE, and its accessors return 0.
// Structs: set struct_bytes to sizeof the struct before the call, for structs that pmb reads and that it fills. In
//          those that it reads, 0 means the default. Later versions add members at the end. Structs without
//          struct_bytes never change.
// Errors:  a function that can fail returns a pmb_status. Its outputs are changed only by PMB_OK, unless it says
//          otherwise. A null pointer that is not called optional, a struct_bytes that fits no version and a value
//          that names no constant are PMB_INVALID_ARGUMENT. Functions that cannot fail return 0, false, null or, as
//          text, "" for a null object. Every call that allocates may return PMB_OUT_OF_MEMORY. pmb prints nothing.
// Threads: as in C++: calls on the thread of the context, unless they say otherwise. On another thread they return
//          PMB_WRONG_CONTEXT; acquire, publish and retire of a coherent ring check that under validation only.
// Places:  C++ reports the line that called pmb. C reports the function of this header that was called; labels tell
//          objects apart.
// Strings: UTF-8 with a terminating null; pmb copies those that it keeps.
#ifndef PMB_H
#define PMB_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <pmb/detail/api.hpp>
#include <pmb/version.hpp>

#ifdef __cplusplus
extern "C" {
#endif

// --- statuses ---

/// How a call ended: the values of pmb::Status. Positive values mean "not now", negative ones are errors.
typedef int32_t pmb_status;
enum {
  PMB_OK = 0,
  PMB_WOULD_BLOCK = 1,        ///< Not now. A call that may wait has waited for as long as that could help.
  PMB_TIMED_OUT = 2,          ///< A bounded wait ran out.
  PMB_UNSUPPORTED = -1,       ///< The context or machine lacks something.
  PMB_OUT_OF_MEMORY = -2,     ///< The driver or the process has no memory left.
  PMB_TOO_LARGE = -3,         ///< It can never fit.
  PMB_MAP_FAILED = -4,        ///< A mapping call returned null.
  PMB_DATA_LOST = -5,         ///< glUnmapBuffer returned false.
  PMB_CONTEXT_LOST = -6,      ///< The GL context was reset.
  PMB_FENCE_FAILED = -7,      ///< glFenceSync returned null.
  PMB_WAIT_FAILED = -8,       ///< A wait for a fence failed, which proves nothing.
  PMB_INVALID_ARGUMENT = -9,  ///< A value that can never be right.
  PMB_WRONG_CONTEXT = -10,    ///< No context, another context or another thread.
  PMB_STALE_HANDLE = -11,     ///< The object of the handle was retired, released or destroyed.
  PMB_REFUSED = -12,          ///< Misuse; nothing was changed, but create_on takes its buffer.
  PMB_GL_ERROR = -13          ///< The driver failed a legal call.
};

/// The permanent number of an error: PMB_ERROR_ring_full_in_flight and so on, as pmb/errors.def lists them.
typedef int32_t pmb_error_id;
enum {
  PMB_ERROR_none = 0,
#define PMB_ERROR(number, id, status, severity, section, sentence) PMB_ERROR_##id = number,
#include <pmb/errors.def>
#undef PMB_ERROR
};

/// The sentence of the last call on this thread that did not return PMB_OK, with what to do; "" if there was none.
/// Never null. Valid until the next such call on this thread. Calls that return PMB_OK do not change it. Allocates.
PMB_API const char* pmb_last_error_message(void);
/// The id of that error; PMB_ERROR_none if there was none.
PMB_API pmb_error_id pmb_last_error_id(void);
/// The PMB_VERSION_STRING that the library was compiled with. It differs from the macro if the program found another
/// shared library. Any thread.
PMB_API const char* pmb_library_version(void);
/// "ok", "would_block", …; "unknown" for other values.
PMB_API const char* pmb_status_name(pmb_status status);
/// "ring_full_in_flight", …; "unknown" for other values.
PMB_API const char* pmb_error_name(pmb_error_id id);

// --- choices and plans ---

/// How the CPU touches the bytes. Values of pmb_access, pmb_model and pmb_path are those of C++ plus one, so that 0
/// means the default. All other constants have the values of C++.
typedef int32_t pmb_access;
enum {
  PMB_ACCESS_SEQUENTIAL_WRITE = 1,  ///< Streamed up, never read back.
  PMB_ACCESS_READ = 2,              ///< The GPU writes, the CPU reads.
  PMB_ACCESS_BIDIRECTIONAL = 3      ///< Both.
};
/// How CPU writes become visible to the GPU and, on readable mappings, GPU writes to the CPU.
typedef int32_t pmb_model;
enum {
  PMB_MODEL_COHERENT = 1,  ///< No call is needed; fences still order everything.
  /// Written ranges are flushed; GPU writes need a barrier before the fence.
  PMB_MODEL_EXPLICIT_FLUSH = 2
};
/// How the bytes travel between the CPU and the GPU's work.
typedef int32_t pmb_path;
enum {
  PMB_PATH_DIRECT = 1,       ///< The GPU works on the mapped memory itself.
  PMB_PATH_STAGED = 2,       ///< The GPU works on a copy in VRAM, filled through a mapped ring.
  PMB_PATH_TRADITIONAL = 3,  ///< System memory; glBufferSubData and glGetBufferSubData move the bytes.
  /// As traditional, but the whole buffer is respecified where a ring would wait.
  PMB_PATH_ORPHANED = 4
};
/// "sequential write", …; "unknown" for other values.
PMB_API const char* pmb_access_name(pmb_access access);
/// "coherent", …; "unknown" for other values.
PMB_API const char* pmb_model_name(pmb_model model);
/// "direct", …; "unknown" for other values.
PMB_API const char* pmb_path_name(pmb_path path);

/// A choice with its reasons.
typedef struct pmb_plan {
  size_t struct_bytes;
  int64_t size_bytes;
  pmb_access access;
  pmb_model model;
  pmb_path path;
  uint32_t gpu_reads;      ///< How often the GPU reads or writes each byte.
  uint32_t storage_flags;  ///< For glBufferStorage.
  uint32_t map_flags;      ///< For glMapBufferRange.
  const char* reasons[6];  ///< Literals; unused ones are null.
} pmb_plan;

/// Writes text about a plan that pmb filled: access, model, path, flags by name, and every reason, in a few lines. This
/// and all functions with `text` write at most `text_bytes - 1` bytes and a terminating null, and set `length`, which
/// is optional, to the length of the whole text. `text` may be null if `text_bytes` is 0. Any thread. Allocates.
PMB_API pmb_status pmb_plan_describe(const pmb_plan* plan, char* text, int64_t text_bytes, int64_t* length);
/// Writes the names of storage or map flags, such as "MAP_WRITE | MAP_PERSISTENT". Any thread. Allocates.
PMB_API pmb_status pmb_flag_names(uint32_t flags, char* text, int64_t text_bytes, int64_t* length);

/// The method for transfers up to a size.
typedef struct pmb_transfer_step {
  int64_t up_to_bytes;  ///< The largest size of this step. 0 or INT64_MAX: no limit.
  int64_t chunk_bytes;  ///< The longest GPU copy. 0: 1 MiB.
  pmb_path path;        ///< Traditional or staged; 0: staged.
  uint32_t threads;     ///< Threads that copy, the calling one included. 0: 1.
} pmb_transfer_step;

/// One direction.
typedef struct pmb_transfer_direction {
  const pmb_transfer_step* steps;  ///< By growing up_to_bytes; the last step has no limit.
  int64_t step_count;              ///< 0: one step of defaults.
  int64_t ring_bytes;              ///< Mapped at the first transfer that needs it. 0: 8 MiB.
  /// CPU copies of this size or more use streaming stores; 0: the default.
  int64_t streaming_from_bytes;
  pmb_model model;  ///< Of that ring; 0: that of its plan.
  bool slow_reads;  ///< Reads from the mapping are slow: copies use streaming loads.
} pmb_transfer_direction;

/// How pmb_upload() and pmb_download() work at each size.
typedef struct pmb_transfer_plan {
  size_t struct_bytes;
  pmb_transfer_direction up;
  pmb_transfer_direction down;
  int64_t pending_bytes;  ///< The ring of pmb_download_async(), mapped at its first call. 0: 32 MiB.
  const char* reason;     ///< Set by pmb, ignored in options.
} pmb_transfer_plan;

/// Checks that each direction has steps of growing size, the last without limit; that paths are traditional or staged;
/// that chunks are multiples of 64 KiB and at most a quarter of the ring. Statuses: invalid_argument. Any thread.
/// Allocates.
PMB_API pmb_status pmb_transfer_plan_check(const pmb_transfer_plan* plan);
/// Writes one line a step. Any thread. Allocates.
PMB_API pmb_status pmb_transfer_plan_describe(const pmb_transfer_plan* plan, char* text, int64_t text_bytes,
                                              int64_t* length);

// --- copies ---

/// One piece of a copy: call it with `body` and an index.
typedef void (*pmb_parallel_body)(void* body, int64_t index);
/// Lends threads: should call `run(body, i)` for each i below `count`, in any order and concurrently, and returns when
/// all calls have returned. Best, one of them runs on the calling thread.
typedef void (*pmb_parallel_for)(void* user, int64_t count, pmb_parallel_body run, void* body);

typedef struct pmb_copy_options {
  size_t struct_bytes;
  pmb_parallel_for parallel_for;  ///< Null: the calling thread copies alone.
  void* parallel_for_user;        ///< Passed to parallel_for.
  /// Size from which non-temporal stores are used. 0: 16 KiB to mapped memory, 4 MiB from it.
  int64_t streaming_from_bytes;
  uint32_t threads;  ///< Most threads, the calling one included. 0: 1.
  /// Copies out of mapped memory only: the mapping is not cached, so streaming loads are used.
  bool slow_reads;
} pmb_copy_options;

/// Copies all of `source` to the start of `mapped`, with streaming stores for large copies. `options` is optional. The
/// ranges must not overlap. Any thread that is ordered after the return may publish the bytes. Any thread; blocks for
/// the copy. Statuses: invalid_argument (the source does not fit; nothing was copied).
PMB_API pmb_status pmb_copy_to_mapped(void* mapped, int64_t mapped_bytes, const void* source,
                                      int64_t source_bytes, const pmb_copy_options* options);
/// Copies all of `mapped` to the start of `target`. The GPU must have written the bytes (a view, or a passed ticket).
/// Otherwise as pmb_copy_to_mapped().
PMB_API pmb_status pmb_copy_from_mapped(void* target, int64_t target_bytes, const void* mapped,
                                        int64_t mapped_bytes, const pmb_copy_options* options);
/// The instruction set of copies: "AVX3", "AVX2", "SSE4", … Any thread.
PMB_API const char* pmb_stream_copy_target(void);
/// Makes all earlier stores of this thread, non-temporal ones included, visible before its later stores. Call it after
/// non-temporal stores of the program, on the thread that made them, before the bytes are handed over.
PMB_API void pmb_store_fence(void);

// --- context ---

typedef struct pmb_context pmb_context;
typedef struct pmb_profile pmb_profile;

/// A point on a timeline.
typedef struct pmb_ticket {
  uint64_t words[2];
} pmb_ticket;

/// A GL entry point, to be cast to its type.
typedef void (*pmb_gl_function)(void);
/// eglGetProcAddress, glfwGetProcAddress, pmb_headless_context_loader; cast SDL_GL_GetProcAddress and
/// glXGetProcAddress.
typedef pmb_gl_function (*pmb_loader)(const char* name);
/// A loader with a pointer of the program.
typedef pmb_gl_function (*pmb_user_loader)(void* user, const char* name);

typedef int32_t pmb_log_level;
enum { PMB_LOG_INFO = 0, PMB_LOG_WARNING = 1 };
/// Receives one line a call, without a newline, on the context's thread. Must return normally.
typedef void (*pmb_log_callback)(void* user, pmb_log_level level, const char* line);

/// A misuse that validation noticed. Valid for the length of the call that passes it.
typedef struct pmb_report {
  size_t struct_bytes;      ///< Set by pmb.
  pmb_error_id id;          ///< See pmb/errors.def.
  uint32_t buffer;          ///< GL name, or 0.
  const char* label;        ///< The label of the object, or "".
  int64_t begin_bytes;      ///< First byte concerned.
  int64_t end_bytes;        ///< One past the last byte concerned.
  uint64_t numbers[3];      ///< As the sentence uses them.
  const char* acquired_by;  ///< The function that created or acquired the object, or "".
  const char* noticed_by;   ///< The function that noticed the misuse, or "".
  const char* message;      ///< The whole sentence.
  /// A block of lines: severity, sentence, object, both functions, and the stacks where they are known.
  const char* details;
} pmb_report;
/// Receives reports, on the thread that notices the misuse. Must return normally and must not call pmb.
typedef void (*pmb_validation_sink)(void* user, const pmb_report* report);
/// A sink that writes the details of each report to standard error; `user` is not used.
PMB_API void pmb_print_report(void* user, const pmb_report* report);

/// Everything that a caller may choose.
typedef struct pmb_options {
  size_t struct_bytes;
  /// Receives quirks in force, leaks, and GL errors that were pending before a call.
  pmb_log_callback log;
  void* log_user;                  ///< Passed to log.
  pmb_validation_sink validation;  ///< Receives misuse. Set, it enables validation.
  void* validation_user;           ///< Passed to validation.
  pmb_parallel_for parallel_for;   ///< Threads for large copies. Null: the context's thread copies alone.
  void* parallel_for_user;         ///< Passed to parallel_for.
  /// Returns the GL context that is current here. Null: that of EGL, GLX or OSMesa.
  void* (*current_context)(void);
  /// Forces how transfers work. Null: the profile, or the defaults of the driver.
  const pmb_transfer_plan* transfer;
  const char* profile;          ///< A file, or a folder of profiles, to plan by. Null: none.
  const char* disabled_quirks;  ///< Ids joined by commas; not applied.
  /// Most bytes mapped at once. 0: the memory of the machine or of its control group.
  int64_t memory_limit_bytes;
  int64_t timeout_ns;  ///< Of calls without a timeout parameter. 0: 10 s.
  int64_t
      long_wait_ns;  ///< Validation reports waits of acquire calls that take as long, once a function. 0: 0.1 s.
  /// Not 0, the same for contexts whose GL contexts share objects: see pmb_ticket_wait_on_gpu().
  uint64_t share_group;
  uint32_t copy_threads;  ///< Most threads for one copy. 0: as many as this machine runs at once.
  pmb_model model;        ///< Forces one model for every buffer; 0: none.
  pmb_path path;          ///< Forces one path for every ring, pool and transfer; 0: none.
  bool bind_to_edit;      ///< Binds buffers to edit them even if direct state access exists.
  /// With validation: watches raw pointers into rings by page protection. pmb then handles SIGSEGV, and passes on what is not
  /// its own.
  bool page_guard;
  /// Starts from PMB_MODEL, PMB_PATH, PMB_BIND_TO_EDIT, PMB_DISABLE_QUIRKS, PMB_PROFILE, PMB_LOG, PMB_VALIDATE and
  /// PMB_PAGE_GUARD; members that are not 0 replace them.
  bool from_environment;
} pmb_options;

/// Reads entry points, limits and driver of the GL context that is current on this thread. `options` is optional;
/// pointers in it must live only as long as this call, but callbacks and their user pointers as long as the context.
/// Blocks for some queries, not for a frame. Statuses: wrong_context, unsupported, out_of_memory, invalid_argument.
PMB_API pmb_status pmb_context_from_current(pmb_loader loader, const pmb_options* options,
                                            pmb_context** context);
/// The same with a loader that takes `user`, which may be null.
PMB_API pmb_status pmb_context_from_current_with(pmb_user_loader loader, void* user,
                                                 const pmb_options* options, pmb_context** context);
/// Makes the remaining objects inert and reports remaining buffers as leaks. Makes GL calls only if its GL context is
/// current here. Their pointers stay valid until their destroy functions.
PMB_API void pmb_context_destroy(pmb_context** context);
/// Moves the context, with everything made on it, to the calling thread. The caller must order the last call on the
/// previous thread before this one. Makes no GL call. Statuses: wrong_context (its GL context is not current here).
PMB_API pmb_status pmb_context_claim_thread(pmb_context* context);

/// What the context supports, in bytes unless stated otherwise. 0: the context has no such limit.
typedef struct pmb_limits {
  size_t struct_bytes;
  int64_t uniform_offset_alignment;
  int64_t storage_offset_alignment;
  int64_t texture_offset_alignment;
  int64_t map_alignment;  ///< GL_MIN_MAP_BUFFER_ALIGNMENT.
  int64_t max_uniform_block;
  int64_t max_storage_block;
  int64_t max_texture_buffer_texels;  ///< In texels.
  int32_t gl_major;
  int32_t gl_minor;
  bool gles;  ///< OpenGL ES; the version is of that API.
  bool core_profile;
  bool no_error;  ///< GL reports no errors here.
  /// Without it rings and pools take the traditional path, and mapped buffers are unsupported.
  bool buffer_storage;
  bool direct_state_access;
  bool memory_barrier;
  bool compute;
  bool reset_notification;  ///< GL reports when the context is lost.
} pmb_limits;
/// Fills `limits`. Any thread.
PMB_API pmb_status pmb_context_limits(const pmb_context* context, pmb_limits* limits);

typedef struct pmb_driver {
  size_t struct_bytes;
  const char* vendor;    ///< GL_VENDOR.
  const char* renderer;  ///< GL_RENDERER.
  const char* version;   ///< GL_VERSION.
  /// "nvidia", "amd", "intel", "mesa_software", "qualcomm", "arm", "imagination", "broadcom", "unknown".
  const char* kind;
  int32_t release[3];  ///< The version of the driver, if GL_VERSION contains it: 580, 159, 0.
  bool mesa;
  bool software;  ///< The CPU renders, so that mapped memory is plain memory.
} pmb_driver;
/// Fills `driver`. Its strings are valid until the context is destroyed. Any thread.
PMB_API pmb_status pmb_context_driver(const pmb_context* context, pmb_driver* driver);
/// Whether GL lists the extension. Any thread.
PMB_API bool pmb_context_has_extension(const pmb_context* context, const char* name);

/// A known peculiarity of a driver. The strings are literals.
typedef struct pmb_quirk {
  size_t struct_bytes;
  const char* id;        ///< For pmb_options::disabled_quirks.
  const char* what;      ///< What pmb does about it.
  const char* evidence;  ///< How it is known.
  bool applies;          ///< This driver has it.
  bool enabled;          ///< It applies, and the options do not disable it.
} pmb_quirk;
/// The number of known quirks.
PMB_API int64_t pmb_context_quirk_count(const pmb_context* context);
/// Fills `quirk` with the one at `index`. Statuses: invalid_argument (no such index).
PMB_API pmb_status pmb_context_quirk(const pmb_context* context, int64_t index, pmb_quirk* quirk);

/// Fills `plan` with what pmb advises for a buffer of which the GPU reads or writes each byte `gpu_reads` times. Staged
/// is advice to the program, which then copies with pmb_upload(). Statuses: unsupported, invalid_argument (size 0).
PMB_API pmb_status pmb_context_plan(const pmb_context* context, pmb_access access, int64_t size_bytes,
                                    uint32_t gpu_reads, pmb_plan* plan);
/// Fills `plan` with how transfers of this context work, and why. Its pointers are valid until the next call of this
/// function for this context, or of pmb_context_destroy(). Allocates.
PMB_API pmb_status pmb_context_transfer_plan(pmb_context* context, pmb_transfer_plan* plan);
/// Sets `profile` to a copy of the profile in force, from the options or from pmb_calibrate(). Destroy it. Sets it to
/// null if there is none. Allocates.
PMB_API pmb_status pmb_context_profile(const pmb_context* context, pmb_profile** profile);
/// The file that pmb_options::profile led to; "" for none. Valid until the context is destroyed.
PMB_API const char* pmb_context_profile_file(const pmb_context* context);
/// Returns why the profile that the options name is not in force. PMB_OK if it is, or if they name none.
PMB_API pmb_status pmb_context_profile_error(const pmb_context* context);
/// Bytes that this process maps now.
PMB_API int64_t pmb_context_mapped_bytes(const pmb_context* context);
/// The most that it may map.
PMB_API int64_t pmb_context_memory_limit_bytes(const pmb_context* context);
/// Takes the oldest GL error that was pending when a creating call of pmb had to ask for errors: it belongs to the
/// caller, as from glGetError. 0 if there is none.
PMB_API uint32_t pmb_context_take_caller_error(pmb_context* context);
/// Takes a value that glGetGraphicsResetStatus returned to the program, which must pass every value on.
PMB_API void pmb_context_report_reset(pmb_context* context, uint32_t status);
/// True once a reset was noticed; everything made on the context is inert then.
PMB_API bool pmb_context_lost(const pmb_context* context);

// --- timeline, tickets ---

/// Inserts a fence after every command issued so far, and sets `ticket` to that point. The readbacks requested so far
/// arrive with it. Statuses: fence_failed (mark again), would_block (128 adopted fences exist), context_lost,
/// wait_failed, wrong_context.
PMB_API pmb_status pmb_timeline_mark(pmb_context* context, pmb_ticket* ticket);
/// Takes over a GLsync that the caller made after the readers that the ticket shall cover. pmb then owns it, also with
/// fence_failed or would_block; with any other error it stays the caller's. The ticket passes when the adopted fence
/// and every command issued before this call are done. Statuses: those of pmb_timeline_mark(), and invalid_argument (no
/// fence).
PMB_API pmb_status pmb_timeline_adopt(pmb_context* context, void* gl_sync, pmb_ticket* ticket);
/// Finds out which tickets have passed. Never blocks; flushes once if the oldest fence was not flushed. Statuses:
/// wait_failed, context_lost, wrong_context.
PMB_API pmb_status pmb_timeline_poll(pmb_context* context);
/// Flushes everything marked so far: pmb_ticket_wait_on_gpu() in other contexts needs it. Never blocks. Statuses: those
/// of pmb_timeline_poll().
PMB_API pmb_status pmb_timeline_flush(pmb_context* context);
/// pmb_ticket_serial() of the last mark.
PMB_API uint64_t pmb_timeline_marked_serial(const pmb_context* context);

/// True once the thread of the context has noticed that the GPU finished everything before the mark. False for an empty
/// ticket, and after the context is gone or lost. Any thread; makes no GL call.
PMB_API bool pmb_ticket_passed(pmb_ticket ticket);
/// Blocks until the ticket has passed, for at most `timeout_ns`. On the thread of its context it waits through GL. On
/// any other thread it sleeps, and the thread of the context must call pmb_timeline_poll() meanwhile, or a call that
/// waits. Statuses: timed_out, context_lost, wait_failed, stale_handle, wrong_context.
PMB_API pmb_status pmb_ticket_wait(pmb_ticket ticket, int64_t timeout_ns);
/// Makes the commands that `other` issues from now on wait on the GPU until this ticket has passed. Call it on the
/// thread of `other`. Both contexts have the same pmb_options::share_group, and the ticket's context was flushed after
/// the mark. Never blocks. Statuses: refused (not flushed, or of another share group), invalid_argument (the GL
/// contexts do not share), context_lost, wait_failed, stale_handle, wrong_context.
PMB_API pmb_status pmb_ticket_wait_on_gpu(pmb_ticket ticket, pmb_context* other);
/// The number of its mark on its timeline, growing; 0 for an empty ticket. Any thread.
PMB_API uint64_t pmb_ticket_serial(pmb_ticket ticket);
/// Blocks until any of `count` tickets has passed, for at most `timeout_ns`, and sets `index` to it. If some are of
/// this thread, their GL context must be current. Any thread. Statuses: those of pmb_ticket_wait(), and
/// invalid_argument (no ticket).
PMB_API pmb_status pmb_wait_any(const pmb_ticket* tickets, int64_t count, int64_t timeout_ns, int64_t* index);

// --- mapped buffers ---

/// One GL buffer with immutable storage that stays mapped for its whole life.
typedef struct pmb_mapped_buffer pmb_mapped_buffer;

typedef struct pmb_mapped_buffer_options {
  size_t struct_bytes;
  int64_t size_bytes;
  const char* label;  ///< For messages and for GL_KHR_debug; null: none.
  pmb_access access;  ///< 0: sequential write.
  pmb_model model;    ///< Forces the model; 0: the plan chooses.
  bool prefault;      ///< Touches every page now. Takes about 0.1 to 0.25 s a GiB.
} pmb_mapped_buffer_options;

/// A persistent mapping that the caller made with glMapBufferRange and keeps.
typedef struct pmb_adopted_mapping {
  size_t struct_bytes;
  void* pointer;         ///< As the map call returned it.
  int64_t offset_bytes;  ///< As passed to the map call.
  int64_t size_bytes;    ///< As passed to the map call.
  const char* label;     ///< Null: none.
  uint32_t buffer;       ///< GL name.
} pmb_adopted_mapping;

/// Creates storage and maps it. Takes milliseconds, and longer with prefault. If GL has no memory, it waits until the
/// GPU is idle, at most pmb_options::timeout_ns, and tries once more. Statuses: invalid_argument (size 0), too_large, unsupported, out_of_memory,
/// map_failed, gl_error, context_lost, wrong_context.
PMB_API pmb_status pmb_mapped_buffer_create(pmb_context* context, const pmb_mapped_buffer_options* options,
                                            pmb_mapped_buffer** buffer);
/// Uses a mapping of the caller's, after checking it against GL. GL buffer and mapping must outlive this object.
/// Statuses: invalid_argument, refused (adopted already), unsupported, context_lost, wrong_context.
PMB_API pmb_status pmb_mapped_buffer_adopt(pmb_context* context, const pmb_adopted_mapping* mapping,
                                           pmb_mapped_buffer** buffer);
/// Makes whole pages of the program's memory a GL buffer, without a copy (GL_AMD_pinned_memory). The memory must outlive
/// this object, whose end waits until the GPU is idle, at most pmb_options::timeout_ns. `access`: 0 for
/// PMB_ACCESS_BIDIRECTIONAL. `label`: null for none. Statuses: unsupported, invalid_argument (no whole pages), refused (pmb uses a part of it already), map_failed (the
/// driver cannot pin it), out_of_memory, context_lost, wrong_context.
PMB_API pmb_status pmb_mapped_buffer_adopt_memory(pmb_context* context, void* memory, int64_t size_bytes,
                                                  pmb_access access, const char* label,
                                                  pmb_mapped_buffer** buffer);
/// Unmaps and deletes. Waits for CUDA, and for the program's own memory, at most for the timeout of the context; GL keeps its
/// own until it is done. With wrong_context, timed_out, fence_failed and wait_failed nothing is done and `*buffer` stays valid. With
/// data_lost, stale_handle (its context is gone) and context_lost it is destroyed.
PMB_API pmb_status pmb_mapped_buffer_destroy(pmb_mapped_buffer** buffer);
/// Copies bytes in and makes them visible to commands issued from now on; flushes under explicit flush. No GPU command
/// in flight may read these bytes. Under the coherent model on any thread. Statuses: invalid_argument (range), refused
/// (not writable), stale_handle, context_lost, wrong_context (explicit flush).
PMB_API pmb_status pmb_mapped_buffer_write(pmb_mapped_buffer* buffer, int64_t offset_bytes, const void* bytes,
                                           int64_t size_bytes);
/// Copies bytes out that the GPU wrote. `after_writer` is a ticket marked after the last command that writes them.
/// Polls; does not wait. Statuses: would_block (it has not passed), invalid_argument, refused (not readable, foreign or
/// too old ticket), stale_handle, context_lost, wait_failed, wrong_context.
PMB_API pmb_status pmb_mapped_buffer_read(pmb_mapped_buffer* buffer, int64_t offset_bytes, void* bytes,
                                          int64_t size_bytes, pmb_ticket after_writer);
/// Makes bytes visible that were written through pmb_mapped_buffer_raw_bytes(). Makes no GL call under the coherent
/// model. Statuses: invalid_argument (range), refused (not writable), stale_handle, context_lost, wrong_context.
PMB_API pmb_status pmb_mapped_buffer_flush(pmb_mapped_buffer* buffer, int64_t offset_bytes,
                                           int64_t size_bytes);
/// The mapped bytes, pmb_mapped_buffer_size_bytes() of them; null when inert. Any thread, ordered by the caller.
PMB_API void* pmb_mapped_buffer_raw_bytes(const pmb_mapped_buffer* buffer);
/// GL name, 0 when inert.
PMB_API uint32_t pmb_mapped_buffer_buffer(const pmb_mapped_buffer* buffer);
/// Mapped bytes, 0 when inert.
PMB_API int64_t pmb_mapped_buffer_size_bytes(const pmb_mapped_buffer* buffer);
/// Where the mapping starts in the GL buffer; 0 unless adopted.
PMB_API int64_t pmb_mapped_buffer_offset_bytes(const pmb_mapped_buffer* buffer);
/// False once it is inert.
PMB_API bool pmb_mapped_buffer_is_mapped(const pmb_mapped_buffer* buffer);
/// Fills `plan` with how the buffer is mapped, and why.
PMB_API pmb_status pmb_mapped_buffer_plan(const pmb_mapped_buffer* buffer, pmb_plan* plan);
/// Its label, or "". Valid until the buffer is destroyed.
PMB_API const char* pmb_mapped_buffer_label(const pmb_mapped_buffer* buffer);

// --- upload rings ---

/// Streams bytes to the GPU. The CPU fills slices of one mapped buffer while the GPU reads others.
typedef struct pmb_upload_ring pmb_upload_ring;
/// A slice of an upload ring, lent to many threads.
typedef struct pmb_arena pmb_arena;

/// A byte range of a ring, lent to the CPU for one use.
typedef struct pmb_slice {
  uint64_t words[2];
} pmb_slice;

/// For upload and readback rings.
typedef struct pmb_ring_options {
  size_t struct_bytes;
  /// Ignored by create_on, which takes the capacity, label and model of the buffer.
  int64_t capacity_bytes;
  /// If larger than the capacity, the ring grows up to this instead of waiting or refusing.
  int64_t max_capacity_bytes;
  int64_t timeout_ns;  ///< Of acquire; 0: that of the context's options.
  const char* label;   ///< For messages; null: none.
  /// Slice records, live and in flight. 0: one for each 64 bytes up to 4096, or each 256 up to 16384.
  uint32_t max_slices;
  pmb_model model;  ///< Forces the model; 0: the plan chooses.
  bool prefault;    ///< Touches all pages in create.
} pmb_ring_options;

/// A place in the program whose calls had to wait for the GPU.
typedef struct pmb_ring_stall {
  const char* where;  ///< The function of this header, with its parameters; "" for an unused entry.
  int64_t waits;
  int64_t waited_ns;
} pmb_ring_stall;

typedef struct pmb_ring_stats {
  size_t struct_bytes;
  int64_t capacity_bytes;  ///< Of the storage that new slices come from.
  int64_t held_bytes;      ///< The same, and older storage that still holds slices.
  int64_t live_slices;
  int64_t acquired;          ///< Slices since creation.
  int64_t handed_out_bytes;  ///< Since creation, with the gaps between slices.
  int64_t high_water_bytes;  ///< Peak bytes in use, sampled when the ring wraps or is full.
  int64_t flushes;           ///< GL flush calls.
  int64_t waits;             ///< Acquires that had to wait for the GPU.
  int64_t would_blocks;      ///< Acquires that returned would_block.
  int64_t growths;
  int64_t shrinks;
  int64_t waited_ns;  ///< In all waits.
  /// A capacity that would have been enough; 0 before the first sample.
  int64_t recommended_capacity_bytes;
  pmb_ring_stall stalls[8];  ///< The places that waited longest; see "Places" at the top.
} pmb_ring_stats;

/// Makes a ring and allocates everything that it needs until it grows. Takes as long as pmb_mapped_buffer_create(), and
/// returns its statuses.
PMB_API pmb_status pmb_upload_ring_create(pmb_context* context, const pmb_ring_options* options,
                                          pmb_upload_ring** ring);
/// Makes a ring on an existing mapped buffer, which may be adopted. Takes the buffer: sets `*buffer` to null, and
/// destroys the buffer on failure. Only null pointers and wrong options leave it. `options` is optional. Statuses:
/// stale_handle (inert buffer), refused (wrong access), out_of_memory, context_lost, wrong_context.
PMB_API pmb_status pmb_upload_ring_create_on(pmb_context* context, pmb_mapped_buffer** buffer,
                                             const pmb_ring_options* options, pmb_upload_ring** ring);
/// Frees the ring; GL keeps the storage until its commands are done. Its slices are stale then.
PMB_API void pmb_upload_ring_destroy(pmb_upload_ring** ring);
/// Reserves `size_bytes`, at an offset that is a multiple of `alignment`. Slices start on a cache line and never wrap.
/// Alignment 0 suits every indexed binding. If the ring is full of retired slices, this waits for the oldest, at most
/// for the timeout. Constant cost. Statuses: would_block (an unretired slice is in the way), timed_out, too_large,
/// invalid_argument, fence_failed, context_lost, wait_failed, stale_handle, wrong_context.
PMB_API pmb_status pmb_upload_ring_acquire(pmb_upload_ring* ring, int64_t size_bytes, int64_t alignment,
                                           pmb_slice* slice);
/// As pmb_upload_ring_acquire(), but returns would_block instead of waiting. It may still grow the ring.
PMB_API pmb_status pmb_upload_ring_try_acquire(pmb_upload_ring* ring, int64_t size_bytes, int64_t alignment,
                                               pmb_slice* slice);
/// Ends filling. The first `used_bytes`, which may be 0, become visible to commands issued from now on. Flushes exactly
/// these under the explicit model. Statuses: stale_handle, refused (already published), invalid_argument (more than
/// acquired), wrong_context.
PMB_API pmb_status pmb_upload_ring_publish(pmb_upload_ring* ring, pmb_slice slice, int64_t used_bytes);
/// Publishes `count` slices: of each its first `used_bytes`, or all of it if `used_bytes` is null. Neighbours share a
/// flush. A refusal changes nothing. Allocates. Statuses: those of publish, refused also if a slice is given twice.
PMB_API pmb_status pmb_upload_ring_publish_many(pmb_upload_ring* ring, const pmb_slice* slices, int64_t count,
                                                const int64_t* used_bytes);
/// Undoes an acquire. Statuses: stale_handle, refused (already published), context_lost, wrong_context.
PMB_API pmb_status pmb_upload_ring_cancel(pmb_upload_ring* ring, pmb_slice slice);
/// Makes one published slice reusable once `ticket` has passed. Every reader must have been issued before the mark.
/// Statuses: stale_handle, refused (unpublished, foreign ticket, marked before the publish), context_lost,
/// wrong_context.
PMB_API pmb_status pmb_upload_ring_retire(pmb_upload_ring* ring, pmb_slice slice, pmb_ticket ticket);
/// Retires every slice that is published and not yet retired. Slices still being filled stay. Statuses: those of
/// retire.
PMB_API pmb_status pmb_upload_ring_retire_all(pmb_upload_ring* ring, pmb_ticket ticket);
/// As pmb_upload_ring_retire_all() with a new mark, but the ring makes its own fences, and few of them. Every reader of
/// the published slices must have been issued. For streams of little data. Statuses: stale_handle, fence_failed,
/// would_block, context_lost, wait_failed, wrong_context.
PMB_API pmb_status pmb_upload_ring_retire_issued(pmb_upload_ring* ring);
/// Waits until everything retired is reusable, and shrinks a grown ring to its first capacity, for at most
/// `timeout_ns`, or with PMB_RING_TIMEOUT for that of acquire. Statuses: timed_out, wait_failed, context_lost,
/// stale_handle, wrong_context, and those of create if a grown ring finds no memory.
PMB_API pmb_status pmb_upload_ring_drain(pmb_upload_ring* ring, int64_t timeout_ns);
/// For drain: the timeout of the ring's acquire.
#define PMB_RING_TIMEOUT INT64_C(-1)
/// Fills `stats`. Looks at every record.
PMB_API pmb_status pmb_upload_ring_stats(const pmb_upload_ring* ring, pmb_ring_stats* stats);
/// The buffer of new slices, owned by the ring; null for a null ring. Valid until the ring grows, drains or is
/// destroyed.
PMB_API const pmb_mapped_buffer* pmb_upload_ring_mapped_buffer(const pmb_upload_ring* ring);

/// The bytes to fill while the slice is acquired; null afterwards. Write-only: reads are undefined, and can be a
/// hundred times slower than reads of system memory. The bytes may be written on any thread until publish.
PMB_API void* pmb_slice_raw_bytes(pmb_slice slice);
/// As acquired; as used once published; 0 when stale.
PMB_API int64_t pmb_slice_size_bytes(pmb_slice slice);
/// The GL name for binding calls, after publish; 0 when stale.
PMB_API uint32_t pmb_slice_buffer(pmb_slice slice);
/// From the start of the GL buffer, after publish.
PMB_API int64_t pmb_slice_offset_bytes(pmb_slice slice);
/// True while acquired or published; false once retired or cancelled.
PMB_API bool pmb_slice_is_live(pmb_slice slice);
/// Copies `size_bytes` to `offset_bytes` in the slice. Statuses: stale_handle, refused (published), invalid_argument
/// (it does not fit; nothing was copied).
PMB_API pmb_status pmb_slice_copy_from(pmb_slice slice, int64_t offset_bytes, const void* bytes,
                                       int64_t size_bytes);
/// Sets every byte. Statuses: stale_handle, refused (published).
PMB_API pmb_status pmb_slice_fill(pmb_slice slice, uint8_t value);

// --- arenas ---

/// Bytes of an arena for one thread alone. Write-only, as the bytes of slices are.
typedef struct pmb_arena_piece {
  void* bytes;
  int64_t size_bytes;
  int64_t offset_bytes;  ///< From the start of the GL buffer.
  uint32_t buffer;       ///< GL name, for commands that the owner issues after publish.
} pmb_arena_piece;

/// Lends a slice to worker threads, which take pieces of it without a lock. Waits as acquire does. Takes a mutex of
/// pmb. Destroy the arena once it was published or cancelled. Statuses: those of acquire.
PMB_API pmb_status pmb_upload_ring_lend(pmb_upload_ring* ring, int64_t size_bytes, pmb_arena** arena);
/// Ends an arena: the bytes taken become visible, in one flush. Every thread must have handed its pieces back. Sets
/// `slice` to the slice to use and retire. Statuses: those of publish.
PMB_API pmb_status pmb_upload_ring_publish_arena(pmb_upload_ring* ring, const pmb_arena* arena,
                                                 pmb_slice* slice);
/// Ends an arena without use. Statuses: those of cancel.
PMB_API pmb_status pmb_upload_ring_cancel_arena(pmb_upload_ring* ring, const pmb_arena* arena);
/// Frees the pointer. It neither publishes nor cancels, and no thread may be using the arena.
PMB_API void pmb_arena_destroy(pmb_arena** arena);
/// Takes `size_bytes`, at an offset that is a multiple of `alignment`; 0 suits every indexed binding. Any thread,
/// lock-free; pieces never overlap. Statuses: would_block (the rest is too small, or the arena was published, cancelled
/// or lost), invalid_argument (size 0).
PMB_API pmb_status pmb_arena_take(const pmb_arena* arena, int64_t size_bytes, int64_t alignment,
                                  pmb_arena_piece* piece);
/// pmb_store_fence(): call it after non-temporal stores, before the thread hands its pieces back.
PMB_API void pmb_arena_finish(void);
/// Bytes taken so far, gaps included; 0 once published. Any thread.
PMB_API int64_t pmb_arena_taken_bytes(const pmb_arena* arena);
/// As lent. Any thread.
PMB_API int64_t pmb_arena_size_bytes(const pmb_arena* arena);

// --- buffers as transfers take them ---

/// How the program uses a buffer as long as it uses the target: promises, which make transfers cheaper.
typedef int32_t pmb_buffer_use;
enum {
  PMB_BUFFER_USE_ANY = 0,  ///< No promise.
  PMB_BUFFER_USE_NO_SHADER_WRITES =
      1,  ///< Shaders do not write it, or a GL_BUFFER_UPDATE_BARRIER_BIT barrier follows.
  PMB_BUFFER_USE_UPLOAD_ONLY = 2,  ///< Only uploads and shaders write it, and GL never reads it back.
  PMB_BUFFER_USE_UPLOAD_ONLY_NO_SHADER_WRITES = 3,   ///< Both promises.
  PMB_BUFFER_USE_VERTICES_AND_UNIFORMS = 7,          ///< Both, and no shader reads it as storage.
  PMB_BUFFER_USE_DOWNLOAD_ONLY = 8,                  ///< glBufferSubData never writes it.
  PMB_BUFFER_USE_DOWNLOAD_ONLY_NO_SHADER_WRITES = 9  ///< Both promises.
};

/// A buffer of the program: `(pmb_buffer_target){.buffer = name}`, about which each transfer asks GL, or the result of
/// one query that many transfers share.
typedef struct pmb_buffer_target {
  uint32_t buffer;    ///< GL name.
  uint32_t opaque;    ///< 0 without a query.
  uint64_t words[3];  ///< 0 without a query.
} pmb_buffer_target;

/// Asks GL about a buffer. As long as `target` is used, the buffer is neither deleted nor given new storage nor mapped
/// without PERSISTENT, its context is current at each transfer, and its use holds. Makes up to six GL queries.
/// Statuses: invalid_argument (no such buffer), refused (mapped without PERSISTENT), wrong_context.
PMB_API pmb_status pmb_buffer_target_query(pmb_context* context, uint32_t buffer, pmb_buffer_use use,
                                           pmb_buffer_target* target);
/// 0 without a query. Any thread.
PMB_API int64_t pmb_buffer_target_size_bytes(pmb_buffer_target target);

// --- readback rings ---

/// Streams bytes from the GPU. Results arrive in mapped memory and are read in place.
typedef struct pmb_readback_ring pmb_readback_ring;

/// A readback in flight. Inert once released, or once its ring is destroyed.
typedef struct pmb_pending_readback {
  uint64_t words[2];
} pmb_pending_readback;

/// Bytes that have arrived, in place, for any thread. Valid until the readback or the block is released.
typedef struct pmb_read_view {
  const void* bytes;
  int64_t size_bytes;
} pmb_read_view;

/// Makes a readback ring. Statuses: those of pmb_mapped_buffer_create().
PMB_API pmb_status pmb_readback_ring_create(pmb_context* context, const pmb_ring_options* options,
                                            pmb_readback_ring** ring);
/// Makes a ring on an existing readable buffer, as pmb_upload_ring_create_on() does.
PMB_API pmb_status pmb_readback_ring_create_on(pmb_context* context, pmb_mapped_buffer** buffer,
                                               const pmb_ring_options* options, pmb_readback_ring** ring);
/// Frees the ring. Its readbacks are stale then, and their views invalid.
PMB_API void pmb_readback_ring_destroy(pmb_readback_ring** ring);
/// Copies a range of any buffer into the ring on the GPU, ordered after earlier shader stores. Arrives after the next
/// mark. Statuses: those of pmb_upload_ring_acquire(), and invalid_argument (0 bytes, range, no buffer), refused
/// (mapped without PERSISTENT).
PMB_API pmb_status pmb_readback_ring_request(pmb_readback_ring* ring, pmb_buffer_target buffer,
                                             int64_t offset_bytes, int64_t size_bytes,
                                             pmb_pending_readback* pending);
/// Reserves memory that commands write directly. They must be issued before the next mark. Statuses: those of
/// pmb_upload_ring_acquire().
PMB_API pmb_status pmb_readback_ring_acquire(pmb_readback_ring* ring, int64_t size_bytes, int64_t alignment,
                                             pmb_pending_readback* pending);
/// As pmb_upload_ring_drain(), for released readbacks. Does not wait for one that was released before the mark after
/// its writer.
PMB_API pmb_status pmb_readback_ring_drain(pmb_readback_ring* ring, int64_t timeout_ns);
/// Fills `stats`. Looks at every record.
PMB_API pmb_status pmb_readback_ring_stats(const pmb_readback_ring* ring, pmb_ring_stats* stats);
/// As pmb_upload_ring_mapped_buffer().
PMB_API const pmb_mapped_buffer* pmb_readback_ring_mapped_buffer(const pmb_readback_ring* ring);

/// Polls, and sets `view` if the bytes have arrived. Statuses: would_block (until a mark after the writer has passed),
/// stale_handle, context_lost, wait_failed, wrong_context.
PMB_API pmb_status pmb_pending_readback_try_view(pmb_pending_readback pending, pmb_read_view* view);
/// Waits for the bytes, for at most `timeout_ns`. Returns would_block at once if no mark was made after the writer.
/// Statuses: those of try_view, and timed_out.
PMB_API pmb_status pmb_pending_readback_wait(pmb_pending_readback pending, int64_t timeout_ns,
                                             pmb_read_view* view);
/// Waits for the bytes as wait does, copies them to the start of `target`, on the threads of pmb_options::parallel_for,
/// and releases the readback. Statuses: those of wait, and invalid_argument (`target` is too small); it stays live
/// after an error.
PMB_API pmb_status pmb_pending_readback_copy_to(pmb_pending_readback pending, void* target,
                                                int64_t target_bytes, int64_t timeout_ns);
/// Makes the memory reusable, at once or when the bytes have arrived. Never waits. Statuses: stale_handle,
/// context_lost, wrong_context.
PMB_API pmb_status pmb_pending_readback_release(pmb_pending_readback pending);
/// GL name to write into, for pmb_readback_ring_acquire(); 0 when stale.
PMB_API uint32_t pmb_pending_readback_buffer(pmb_pending_readback pending);
/// From the start of the GL buffer.
PMB_API int64_t pmb_pending_readback_offset_bytes(pmb_pending_readback pending);
/// Its size; 0 when stale.
PMB_API int64_t pmb_pending_readback_size_bytes(pmb_pending_readback pending);
/// False once released.
PMB_API bool pmb_pending_readback_is_live(pmb_pending_readback pending);
/// A ticket that passes when the bytes have arrived, for other threads to wait for. Empty until the mark that follows
/// the writer, and after release.
PMB_API pmb_ticket pmb_pending_readback_ticket(pmb_pending_readback pending);

// --- block pools ---

/// Equal blocks, each in its own GL buffer, held as long as needed and returned in any order.
typedef struct pmb_block_pool pmb_block_pool;

/// One block of a pool, lent for one use.
typedef struct pmb_block {
  uint64_t words[2];
} pmb_block;

typedef struct pmb_block_pool_options {
  size_t struct_bytes;
  int64_t block_bytes;
  int64_t timeout_ns;  ///< Of acquire; 0: that of the context's options.
  const char* label;   ///< For messages; null: none.
  uint32_t count;      ///< 1 to 65536.
  pmb_access access;   ///< 0: bidirectional.
  pmb_model model;     ///< Forces the model; 0: the plan chooses.
  bool prefault;       ///< Touches all pages in create.
} pmb_block_pool_options;

/// Makes all blocks or none. Statuses: those of pmb_mapped_buffer_create().
PMB_API pmb_status pmb_block_pool_create(pmb_context* context, const pmb_block_pool_options* options,
                                         pmb_block_pool** pool);
/// Frees the pool; GL keeps the storage until its commands are done. Its blocks are stale then.
PMB_API void pmb_block_pool_destroy(pmb_block_pool** pool);
/// Sets `block` to a free one. If there is none, waits for the oldest retired one, at most for the timeout. Statuses:
/// would_block (no block was retired), timed_out, context_lost, wait_failed, stale_handle, wrong_context.
PMB_API pmb_status pmb_block_pool_acquire(pmb_block_pool* pool, pmb_block* block);
/// As acquire, but returns would_block instead of waiting.
PMB_API pmb_status pmb_block_pool_try_acquire(pmb_block_pool* pool, pmb_block* block);
/// Ends filling. The first `used_bytes` become visible to commands issued from now on. Statuses: stale_handle, refused
/// (published, or a read-only pool), invalid_argument, context_lost, wrong_context.
PMB_API pmb_status pmb_block_pool_publish(pmb_block_pool* pool, pmb_block block, int64_t used_bytes);
/// Makes the block free once `ticket` has passed. In writable pools the block must be published. Statuses:
/// stale_handle, refused (unpublished, foreign or too old ticket), context_lost, wrong_context. A refusal changes
/// nothing.
PMB_API pmb_status pmb_block_pool_retire(pmb_block_pool* pool, pmb_block block, pmb_ticket ticket);
/// Polls, and sets `view` to the whole block, which the GPU wrote, if `ticket`, marked after the writer, has passed.
/// Readable pools only; in bidirectional ones the block must be published. Statuses: would_block, stale_handle,
/// refused, context_lost, wait_failed, wrong_context.
PMB_API pmb_status pmb_block_pool_try_view(pmb_block_pool* pool, pmb_block block, pmb_ticket ticket,
                                           pmb_read_view* view);
/// The same, but waits for at most `timeout_ns`. Statuses: also timed_out.
PMB_API pmb_status pmb_block_pool_wait_view(pmb_block_pool* pool, pmb_block block, pmb_ticket ticket,
                                            int64_t timeout_ns, pmb_read_view* view);
/// Makes a viewed or unpublished block free. No GPU work may have been issued on a viewed one after its ticket.
/// Statuses: stale_handle, refused (published and not viewed since: retire it), context_lost, wrong_context.
PMB_API pmb_status pmb_block_pool_release(pmb_block_pool* pool, pmb_block block);
/// Blocks of the pool; 0 for a null one.
PMB_API uint32_t pmb_block_pool_count(const pmb_block_pool* pool);
/// Free blocks. Retired ones count once a poll or a wait has noticed their ticket.
PMB_API uint32_t pmb_block_pool_free_count(const pmb_block_pool* pool);

/// All bytes of the block while it is acquired and not yet published; null otherwise, and in read-only pools. They may
/// be written on any thread until publish.
PMB_API void* pmb_block_raw_bytes(pmb_block block);
/// GL name; the block starts at its byte 0. 0 when stale.
PMB_API uint32_t pmb_block_buffer(pmb_block block);
/// As created; as used once published; 0 when stale.
PMB_API int64_t pmb_block_size_bytes(pmb_block block);
/// False once retired or released.
PMB_API bool pmb_block_is_live(pmb_block block);

// --- transfers ---

/// Copies bytes into a buffer, instead of glBufferSubData. Later commands see the new bytes, earlier ones the old. The
/// source may be reused on return. An empty upload does nothing. Waits only while the ring of the context is full.
/// Statuses: invalid_argument, refused (mapped without PERSISTENT), timed_out, context_lost, wait_failed,
/// wrong_context, and at the first use of a ring those of pmb_mapped_buffer_create().
PMB_API pmb_status pmb_upload(pmb_context* context, pmb_buffer_target buffer, int64_t offset_bytes,
                              const void* bytes, int64_t size_bytes);
/// Copies a range of a buffer out, after all earlier commands, instead of glGetBufferSubData. Waits for the GPU, at
/// most pmb_options::timeout_ns for each chunk. Statuses: those of pmb_upload().
PMB_API pmb_status pmb_download(pmb_context* context, pmb_buffer_target buffer, int64_t offset_bytes,
                                void* bytes, int64_t size_bytes);
/// Starts copying a range of a buffer, after all earlier commands, into memory of the context. Makes the fence itself.
/// Release the readback, or copy it: unreleased ones share pmb_transfer_plan::pending_bytes. Does not wait for these
/// bytes. Statuses: would_block (that memory is full), too_large (it never fits), invalid_argument (also 0 bytes), and
/// those of pmb_upload().
PMB_API pmb_status pmb_download_async(pmb_context* context, pmb_buffer_target buffer, int64_t offset_bytes,
                                      int64_t size_bytes, pmb_pending_readback* pending);

// --- textures ---

/// A box of texels of one level. z counts layers of 2D arrays, faces of cube maps and layer-faces of cube map arrays. y
/// counts layers of 1D arrays.
typedef struct pmb_texture_region {
  uint32_t texture;  ///< GL name.
  uint32_t target;   ///< That of the texture: GL_TEXTURE_2D, …
  uint32_t level;
  uint32_t x;
  uint32_t y;
  uint32_t z;
  uint32_t width;
  uint32_t height;  ///< 0: 1.
  uint32_t depth;   ///< 0: 1.
} pmb_texture_region;

/// How texels lie in memory. Rows of compressed images are rows of blocks.
typedef struct pmb_texel_layout {
  uint32_t format;             ///< GL_RGBA, …; or a compressed internal format.
  uint32_t type;               ///< GL_UNSIGNED_BYTE, …; 0 if compressed.
  int64_t offset_bytes;        ///< Of the first texel, from the start of the memory.
  int64_t row_stride_bytes;    ///< 0: no bytes between rows.
  int64_t image_stride_bytes;  ///< 0: no bytes between images (slices, layers, faces).
} pmb_texel_layout;

/// One of several images for pmb_upload_textures().
typedef struct pmb_texture_upload {
  pmb_texture_region region;
  pmb_texel_layout layout;
  const void* bytes;
  int64_t size_bytes;
} pmb_texture_upload;

/// A rectangle of a framebuffer, from its lower left corner.
typedef struct pmb_pixel_rectangle {
  int32_t x;
  int32_t y;
  uint32_t width;
  uint32_t height;
} pmb_pixel_rectangle;

/// Sets `size_bytes` to the bytes from the start of the memory to the end of the region's last texel. Any thread.
/// Statuses: invalid_argument (no such pair of format and type, an empty region, a stride shorter than its row),
/// too_large.
PMB_API pmb_status pmb_texel_bytes(const pmb_texture_region* region, const pmb_texel_layout* layout,
                                   int64_t* size_bytes);
/// Writes texels into a texture, instead of glTexSubImage*. Later commands see them. `bytes` may be reused on return.
/// Sets `ticket`, which is optional, to one that passes once the GPU has the texels. Waits only while the ring of the
/// context is full. Checks before it calls GL. Statuses: invalid_argument, refused, unsupported, too_large,
/// would_block, timed_out, context_lost, wait_failed, wrong_context, and at the first use of a ring those of
/// pmb_mapped_buffer_create().
PMB_API pmb_status pmb_upload_texture(pmb_context* context, const pmb_texture_region* region,
                                      const pmb_texel_layout* layout, const void* bytes, int64_t size_bytes,
                                      pmb_ticket* ticket);
/// As pmb_upload_texture() for `count` images, with one ticket. All are checked before the first is written. Allocates.
PMB_API pmb_status pmb_upload_textures(pmb_context* context, const pmb_texture_upload* uploads, int64_t count,
                                       pmb_ticket* ticket);
/// Writes texels from a published slice without a copy. offset_bytes of the layout counts from the start of the slice.
/// Retire the slice with a ticket marked afterwards. Statuses: those of pmb_upload_texture(), refused (the slice is not
/// published), stale_handle.
PMB_API pmb_status pmb_upload_texture_from_slice(pmb_context* context, const pmb_texture_region* region,
                                                 const pmb_texel_layout* layout, pmb_slice slice);
/// The same from a block: published, or written by the GPU in a read-only pool.
PMB_API pmb_status pmb_upload_texture_from_block(pmb_context* context, const pmb_texture_region* region,
                                                 const pmb_texel_layout* layout, pmb_block block);
/// Copies pixels of the current read framebuffer into `target`, instead of glReadPixels. Bytes between rows keep their
/// values. Waits for the GPU, at most pmb_options::timeout_ns for each band. Statuses: those of pmb_upload_texture().
PMB_API pmb_status pmb_read_pixels(pmb_context* context, const pmb_pixel_rectangle* rectangle,
                                   const pmb_texel_layout* layout, void* target, int64_t target_bytes);
/// The same without a wait for these pixels: a readback in `ring` arrives after the next mark. Waits for room as
/// pmb_readback_ring_acquire() does.
PMB_API pmb_status pmb_read_pixels_into_ring(pmb_context* context, const pmb_pixel_rectangle* rectangle,
                                             const pmb_texel_layout* layout, pmb_readback_ring* ring,
                                             pmb_pending_readback* pending);
/// The same into a block of a readable pool: pmb_block_pool_wait_view() returns the pixels, with a ticket marked
/// afterwards. In a bidirectional pool, publish the block first. Statuses: also stale_handle, refused (unpublished, not
/// readable).
PMB_API pmb_status pmb_read_pixels_into_block(pmb_context* context, const pmb_pixel_rectangle* rectangle,
                                              const pmb_texel_layout* layout, pmb_block block);
/// Copies texels into `target`, instead of glGetTexImage. Bytes between rows keep their values. Waits for the GPU, at
/// most pmb_options::timeout_ns for each band. Statuses: those of pmb_read_pixels(), unsupported (GL cannot read the
/// region).
PMB_API pmb_status pmb_read_texture(pmb_context* context, const pmb_texture_region* region,
                                    const pmb_texel_layout* layout, void* target, int64_t target_bytes);
/// As pmb_read_pixels_into_ring().
PMB_API pmb_status pmb_read_texture_into_ring(pmb_context* context, const pmb_texture_region* region,
                                              const pmb_texel_layout* layout, pmb_readback_ring* ring,
                                              pmb_pending_readback* pending);
/// As pmb_read_pixels_into_block().
PMB_API pmb_status pmb_read_texture_into_block(pmb_context* context, const pmb_texture_region* region,
                                               const pmb_texel_layout* layout, pmb_block block);

// --- frames ---

/// Rendered frames on the CPU, in order and without a stall.
typedef struct pmb_frame_grabber pmb_frame_grabber;
/// A frame that has arrived. It must be released before its grabber and its context are destroyed; one that outlives
/// them has no bytes.
typedef struct pmb_frame pmb_frame;

typedef struct pmb_frame_grabber_options {
  size_t struct_bytes;
  pmb_texel_layout layout;  ///< How the pixels lie in memory. Format 0: GL_RGBA with GL_UNSIGNED_BYTE.
  int64_t timeout_ns;       ///< Of waits; 0: that of the context's options.
  const char* label;        ///< For messages; null: none.
  uint32_t frames;          ///< Memory for so many frames: in flight, arrived, and held. 0: 4.
  bool bottom_up;  ///< Rows in the order of GL. Otherwise from the top down, as files and pipes have them.
} pmb_frame_grabber_options;

typedef struct pmb_grabber_stats {
  size_t struct_bytes;
  int64_t grabbed;
  int64_t dropped;  ///< Grabs that found no memory for their frame.
  int64_t waits;    ///< Calls that had to wait: next for the GPU, grab for a release.
  int64_t waited_ns;
  uint32_t in_flight;  ///< Frames that next has not returned.
  uint32_t held;       ///< Frames that next has returned and the program has not released.
} pmb_grabber_stats;

/// Makes a grabber. `options` is optional. Statuses: invalid_argument (an illegal layout), out_of_memory.
PMB_API pmb_status pmb_frame_grabber_create(pmb_context* context, const pmb_frame_grabber_options* options,
                                            pmb_frame_grabber** grabber);
/// Frees the memory of all frames; GL keeps it until its commands are done.
PMB_API void pmb_frame_grabber_destroy(pmb_frame_grabber** grabber);
/// Starts copying pixels of the current read framebuffer, as they are after all commands so far. The size may differ
/// from call to call. Blocks only if the program holds all memory, until a thread releases a frame. The first grab, and
/// the first of a larger size, allocate. Statuses: those of pmb_read_pixels(), would_block (all frames were grabbed and
/// not taken), timed_out.
PMB_API pmb_status pmb_frame_grabber_grab(pmb_frame_grabber* grabber, const pmb_pixel_rectangle* pixels);
/// The same from one image of a texture. Statuses: those of pmb_read_texture().
PMB_API pmb_status pmb_frame_grabber_grab_texture(pmb_frame_grabber* grabber,
                                                  const pmb_texture_region* texels);
/// As pmb_frame_grabber_grab(), but returns would_block instead of waiting: the new frame is dropped.
PMB_API pmb_status pmb_frame_grabber_try_grab(pmb_frame_grabber* grabber, const pmb_pixel_rectangle* pixels);
/// As pmb_frame_grabber_grab_texture(), but returns would_block instead of waiting: the new frame is dropped.
PMB_API pmb_status pmb_frame_grabber_try_grab_texture(pmb_frame_grabber* grabber,
                                                      const pmb_texture_region* texels);
/// Sets `frame` to the oldest frame. If more than `latency` frames are in flight, waits for it, at most for the
/// timeout; else returns it only if it has arrived. Statuses: would_block (it has not arrived, or none is in flight),
/// timed_out, context_lost, wait_failed, wrong_context.
PMB_API pmb_status pmb_frame_grabber_next(pmb_frame_grabber* grabber, uint32_t latency, pmb_frame** frame);
/// Fills `stats`.
PMB_API pmb_status pmb_frame_grabber_stats(const pmb_frame_grabber* grabber, pmb_grabber_stats* stats);
/// The pixels in place, pmb_frame_size_bytes() of them; null without bytes. Bytes between rows are undefined. This and
/// all pmb_frame functions: any thread, one at a time.
PMB_API const void* pmb_frame_bytes(const pmb_frame* frame);
/// 0 without bytes.
PMB_API int64_t pmb_frame_size_bytes(const pmb_frame* frame);
/// In pixels.
PMB_API uint32_t pmb_frame_width(const pmb_frame* frame);
/// In pixels.
PMB_API uint32_t pmb_frame_height(const pmb_frame* frame);
/// Counts the grabs from 0, the dropped ones too.
PMB_API int64_t pmb_frame_number(const pmb_frame* frame);
/// Writes all bytes to a file descriptor, straight from mapped memory. A descriptor that blocks does so until its
/// reader has taken them. For one that does not block, waits at most `timeout_ns`; after timed_out, the next call
/// continues where this one stopped. Raises no SIGPIPE. Statuses: timed_out, stale_handle, refused (the reader is gone,
/// or write(2) failed), unsupported (no POSIX here).
PMB_API pmb_status pmb_frame_write_to(pmb_frame* frame, int descriptor, int64_t timeout_ns);
/// Makes the memory reusable and frees the frame.
PMB_API void pmb_frame_release(pmb_frame** frame);

/// Images into textures, a budget of bytes at a time.
typedef struct pmb_texture_feeder pmb_texture_feeder;
typedef struct pmb_texture_feeder_options {
  size_t struct_bytes;
  /// Most bytes that one feed uploads, in whole rows; a row that is longer goes alone. 0: 4 MiB.
  int64_t bytes_per_feed;
  const char* label;  ///< For messages; null: none.
} pmb_texture_feeder_options;

/// Makes a feeder, with a mapped ring of three times the budget. `options` is optional. Statuses: those of
/// pmb_upload_ring_create().
PMB_API pmb_status pmb_texture_feeder_create(pmb_context* context, const pmb_texture_feeder_options* options,
                                             pmb_texture_feeder** feeder);
/// Forgets the images that were not fed.
PMB_API void pmb_texture_feeder_destroy(pmb_texture_feeder** feeder);
/// Queues an image, and sets `number`: 0, 1, … Its bytes must stay valid until it is fed. Statuses: those of
/// pmb_upload_texture().
PMB_API pmb_status pmb_texture_feeder_queue(pmb_texture_feeder* feeder, const pmb_texture_upload* image,
                                            int64_t* number);
/// The same from a published slice, without a copy by the CPU. Retire the slice once its image is fed, with
/// pmb_texture_feeder_ticket(). Statuses: those of pmb_upload_texture_from_slice().
PMB_API pmb_status pmb_texture_feeder_queue_slice(pmb_texture_feeder* feeder,
                                                  const pmb_texture_region* region,
                                                  const pmb_texel_layout* layout, pmb_slice slice,
                                                  int64_t* number);
/// The same from a published block.
PMB_API pmb_status pmb_texture_feeder_queue_block(pmb_texture_feeder* feeder,
                                                  const pmb_texture_region* region,
                                                  const pmb_texel_layout* layout, pmb_block block,
                                                  int64_t* number);
/// Uploads the next rows and sets `fed_bytes`, which is optional: 0 if nothing is queued, less than the budget if the
/// GPU still reads what earlier calls gave it. Never blocks. An image that fails is dropped. Statuses: those of
/// pmb_upload_texture() but would_block and timed_out.
PMB_API pmb_status pmb_texture_feeder_feed(pmb_texture_feeder* feeder, int64_t* fed_bytes);
/// True once all rows of the image were uploaded: commands issued from now on see it. True for one that failed, too.
PMB_API bool pmb_texture_feeder_is_fed(const pmb_texture_feeder* feeder, int64_t number);
/// Bytes of queued images that were not uploaded.
PMB_API int64_t pmb_texture_feeder_queued_bytes(const pmb_texture_feeder* feeder);
/// Passes once the GPU has all that was fed so far. Empty before the first upload.
PMB_API pmb_ticket pmb_texture_feeder_ticket(const pmb_texture_feeder* feeder);

// --- headless contexts ---

/// A GL context without a window, through EGL. A pmb built without EGL returns unsupported from every call about it.
typedef struct pmb_headless_context pmb_headless_context;
typedef struct pmb_gpu_list pmb_gpu_list;

typedef struct pmb_gpu_info {
  size_t struct_bytes;
  const char* name;         ///< As EGL or GL_RENDERER reports it.
  const char* driver;       ///< EGL vendor or driver name.
  const char* device_path;  ///< /dev/dri/card0, or "".
  int32_t index;
  bool software;
  int32_t cuda_device;  ///< CUDA's number of this GPU; -1: EGL names none.
} pmb_gpu_info;

/// Lists the devices on which EGL can create a context, GPUs before software. Any thread; takes milliseconds. Statuses:
/// unsupported.
PMB_API pmb_status pmb_list_gpus(pmb_gpu_list** gpus);
/// Frees the list and the strings of its entries.
PMB_API void pmb_gpu_list_destroy(pmb_gpu_list** gpus);
/// The number of entries.
PMB_API int64_t pmb_gpu_list_count(const pmb_gpu_list* gpus);
/// Fills `gpu` with the entry at `position`. Its strings are valid as long as the list. Statuses: invalid_argument (no
/// such entry).
PMB_API pmb_status pmb_gpu_list_get(const pmb_gpu_list* gpus, int64_t position, pmb_gpu_info* gpu);

typedef struct pmb_headless_options {
  size_t struct_bytes;
  const char* gpu_name;  ///< Part of a name, in upper or lower case; null: any.
  /// Shares objects with this context, and uses its GPU. Must outlive create only.
  const pmb_headless_context* share_with;
  int32_t gpu_index;  ///< pmb_gpu_info::index; read only with by_index.
  int32_t gl_major;   ///< The oldest version accepted. The newest available is created. 0: any.
  int32_t gl_minor;
  bool by_index;        ///< Uses the GPU of gpu_index.
  bool software;        ///< The CPU, even if there is a GPU.
  bool gles;            ///< OpenGL ES 3.0 or newer, instead of a desktop core profile.
  bool no_error;        ///< EGL_KHR_create_context_no_error.
  bool not_robust;      ///< Does not report a reset of the GPU. On NVIDIA binds then cost about 20 ns less.
  bool by_cuda_device;  ///< Uses the GPU of cuda_device.
  int32_t cuda_device;  ///< pmb_gpu_info::cuda_device; read only with by_cuda_device.
} pmb_headless_options;

/// Creates a context, by default on the first GPU, or else on the CPU. Not current until make_current. `options` is
/// optional. Any thread; takes milliseconds. Statuses: unsupported (EGL or the version is missing), invalid_argument
/// (no such GPU), out_of_memory.
PMB_API pmb_status pmb_headless_context_create(const pmb_headless_options* options,
                                               pmb_headless_context** headless);
/// Destroys the context. It is no longer current on this thread then. Destroy the pmb_context on it first.
PMB_API void pmb_headless_context_destroy(pmb_headless_context** headless);
/// Makes the context current on this thread, with no surface. Statuses: unsupported (EGL refuses).
PMB_API pmb_status pmb_headless_context_make_current(pmb_headless_context* headless);
/// Leaves no context current on this thread. Statuses: unsupported (EGL refuses).
PMB_API pmb_status pmb_headless_context_release_current(pmb_headless_context* headless);
/// Fills `gpu`. Its strings are valid until the context is destroyed.
PMB_API pmb_status pmb_headless_context_gpu(const pmb_headless_context* headless, pmb_gpu_info* gpu);
/// eglGetProcAddress: a pmb_loader. Null for unknown names.
PMB_API pmb_gl_function pmb_headless_context_loader(const char* name);
/// The EGLDisplay, for programs that call EGL themselves.
PMB_API void* pmb_headless_context_native_display(const pmb_headless_context* headless);
/// The EGLContext.
PMB_API void* pmb_headless_context_native_context(const pmb_headless_context* headless);

// --- CUDA ---

/// A CUDA device beside a context; see pmb/cuda.hpp. Pointers are CUdeviceptr, streams CUstream or cudaStream_t; a null stream
/// is the default one.
typedef struct pmb_cuda pmb_cuda;
/// A buffer of the program in VRAM that CUDA maps for a time. The GL buffer must outlive it.
typedef struct pmb_cuda_buffer pmb_cuda_buffer;

/// Opens the primary context of a device: pmb_gpu_info::cuda_device of the GL context's GPU. Statuses: unsupported (no
/// driver library, no such device), wrong_context.
PMB_API pmb_status pmb_cuda_open(pmb_context* context, int32_t device, pmb_cuda** cuda);
/// Pointers stay valid as long as their mapping.
PMB_API void pmb_cuda_destroy(pmb_cuda** cuda);
/// The device pointer of mapped memory. The first pointer of a mapping pins it, which takes milliseconds. Statuses:
/// stale_handle, unsupported (a path without mapping), gl_error, context_lost, wrong_context.
PMB_API pmb_status pmb_cuda_pointer_of_buffer(const pmb_cuda* cuda, const pmb_mapped_buffer* buffer,
                                              uint64_t* pointer);
/// The same for a live slice.
PMB_API pmb_status pmb_cuda_pointer_of_slice(const pmb_cuda* cuda, pmb_slice slice, uint64_t* pointer);
/// The same for a live readback.
PMB_API pmb_status pmb_cuda_pointer_of_readback(const pmb_cuda* cuda, pmb_pending_readback pending,
                                                uint64_t* pointer);
/// The same for a live block.
PMB_API pmb_status pmb_cuda_pointer_of_block(const pmb_cuda* cuda, pmb_block block, uint64_t* pointer);
/// The same for a frame that is not released.
PMB_API pmb_status pmb_cuda_pointer_of_frame(const pmb_cuda* cuda, const pmb_frame* frame, uint64_t* pointer);
/// Orders a stream and the GL context, in both directions: what the stream gets from now on is after all GL commands issued
/// so far, and GL commands issued from now on are after all that the stream has got so far. A ticket marked afterwards passes
/// after the kernels too. Blocks unless pmb_cuda_orders_on_gpu(). Statuses: gl_error, timed_out, fence_failed, wait_failed,
/// context_lost, stale_handle, wrong_context.
PMB_API pmb_status pmb_cuda_order(const pmb_cuda* cuda, void* stream);
/// True if the GL context is on this CUDA device, so that pmb_cuda_order() does not block.
PMB_API bool pmb_cuda_orders_on_gpu(const pmb_cuda* cuda);
/// Registers a buffer that is not mapped by GL, now or later. Statuses: refused (mapped), invalid_argument (no such buffer),
/// gl_error (the GL context is not on this device), stale_handle, context_lost, wrong_context.
PMB_API pmb_status pmb_cuda_buffer_create(const pmb_cuda* cuda, uint32_t buffer,
                                          pmb_cuda_buffer** cuda_buffer);
/// Unmaps it first if need be. Call it while the context is current.
PMB_API void pmb_cuda_buffer_destroy(pmb_cuda_buffer** buffer);
/// Gives the device pointer. What the stream gets from now on is after all GL commands issued so far. GL must not use the
/// buffer until unmap. Never blocks. Statuses: gl_error (mapped already), stale_handle, context_lost, wrong_context.
PMB_API pmb_status pmb_cuda_buffer_map(pmb_cuda_buffer* buffer, void* stream, uint64_t* pointer);
/// GL commands issued from now on are after all that the stream of map has got so far. Never blocks. Statuses: as map.
PMB_API pmb_status pmb_cuda_buffer_unmap(pmb_cuda_buffer* buffer);
PMB_API int64_t pmb_cuda_buffer_size_bytes(const pmb_cuda_buffer* buffer);

// --- profiles ---

/// Reads a profile from a file; blocks. Any thread. Statuses: unsupported (missing, or of another format),
/// invalid_argument (no profile).
PMB_API pmb_status pmb_profile_load(const char* file, pmb_profile** profile);
/// Reads a profile from `text_bytes` of JSON. Any thread. Statuses: those of pmb_profile_load().
PMB_API pmb_status pmb_profile_from_json(const char* text, int64_t text_bytes, pmb_profile** profile);
/// Frees the profile.
PMB_API void pmb_profile_destroy(pmb_profile** profile);
/// Writes the whole file or none, and makes its folder; blocks. Any thread. Statuses: refused.
PMB_API pmb_status pmb_profile_save(const pmb_profile* profile, const char* file);
/// Writes the profile as JSON, with everything that was measured. Any thread. Allocates.
PMB_API pmb_status pmb_profile_to_json(const pmb_profile* profile, char* text, int64_t text_bytes,
                                       int64_t* length);
/// Writes the file name for the GPU and CPU of the profile: "llvmpipe-1a2b3c4d.json". Any thread. Allocates.
PMB_API pmb_status pmb_profile_file_name(const pmb_profile* profile, char* text, int64_t text_bytes,
                                         int64_t* length);
/// Writes $XDG_CACHE_HOME/pmb/, else ~/.cache/pmb/, else "". On Windows: %LOCALAPPDATA%/pmb/, else "". Reads the
/// environment. Any thread. Allocates.
PMB_API pmb_status pmb_profile_default_folder(char* text, int64_t text_bytes, int64_t* length);

/// The placement of a buffer, as reported by the driver.
typedef int32_t pmb_reported_memory;
enum { PMB_REPORTED_MEMORY_UNKNOWN = 0, PMB_REPORTED_MEMORY_SYSTEM = 1, PMB_REPORTED_MEMORY_VIDEO = 2 };

/// Callbacks run on the context's thread and must return normally.
typedef struct pmb_calibrate_options {
  size_t struct_bytes;
  int64_t budget_ns;      ///< A soft limit. 0: 25 s. Half a second measures placements and small sizes.
  int64_t largest_bytes;  ///< Larger sizes are not measured. 0: 16 MiB.
  void* user;             ///< Passed to the callbacks.
  bool (*stopped)(
      /// Polled between runs. Returning true ends calibration as the budget does. Optional.
      void* user);
  void (*progress)(void* user, double done,
                   const char* what);  ///< The part done, 0 to 1, and the next work. Optional.
  pmb_reported_memory (*reported_memory)(void* user,
                                         /// Called for each probed mapping. Optional.
                                         uint32_t buffer);
} pmb_calibrate_options;

typedef struct pmb_calibration pmb_calibration;

/// The figures of one candidate at one size.
typedef struct pmb_calibration_cell {
  size_t struct_bytes;
  const char* work;       ///< "upload" or "download".
  const char* candidate;  ///< "glBufferSubData", "ring, chunks of 256 KiB, 1 thread", …
  int64_t size_bytes;
  double ns;         ///< Median of one operation; 0: not timed.
  double spread_ns;  ///< Half of the interquartile range.
  uint32_t runs;
  bool verified;    ///< All its bytes were right.
  bool is_default;  ///< Used without a profile.
  bool chosen;
} pmb_calibration_cell;

/// Measures the driver, and applies the profile to all later plans, rings and transfers of this context. Blocks for the
/// budget; about 90 MiB are mapped meanwhile. `options` is optional. Statuses: wrong_context, context_lost,
/// out_of_memory.
PMB_API pmb_status pmb_calibrate(pmb_context* context, const pmb_calibrate_options* options,
                                 pmb_calibration** calibration);
/// Frees the calibration.
PMB_API void pmb_calibration_destroy(pmb_calibration** calibration);
/// The profile, owned by the calibration; null for a null one.
PMB_API const pmb_profile* pmb_calibration_profile(const pmb_calibration* calibration);
/// True if every size was measured.
PMB_API bool pmb_calibration_complete(const pmb_calibration* calibration);
/// Candidates that moved wrong bytes.
PMB_API uint32_t pmb_calibration_wrong(const pmb_calibration* calibration);
/// The number of cells.
PMB_API int64_t pmb_calibration_cell_count(const pmb_calibration* calibration);
/// Fills `cell` with the one at `index`, in the order of measuring. Its strings are valid as long as the calibration.
/// Statuses: invalid_argument (no such index).
PMB_API pmb_status pmb_calibration_cell_at(const pmb_calibration* calibration, int64_t index,
                                           pmb_calibration_cell* cell);

#ifdef __cplusplus
}
#endif

#endif
