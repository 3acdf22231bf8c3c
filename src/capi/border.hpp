// SPDX-License-Identifier: MIT
// The border between pmb.h and C++: objects behind pointers, values behind words, checked arguments, and errors that
// become statuses. No exception crosses it.
//
//   pmb_status pmb_timeline_mark(pmb_context* context, pmb_ticket* ticket) {
//     return answer(ticket, [&](auto where) { return object(context).timeline().mark(where); });
//   }
//
// Threads: any; the last error belongs to its thread.
#pragma once

#include <pmb.h>

#include <algorithm>
#include <bit>
#include <chrono>
#include <concepts>
#include <cstdint>
#include <cstring>
#include <exception>
#include <memory>
#include <optional>
#include <pmb/arena.hpp>
#include <pmb/block_pool.hpp>
#include <pmb/context.hpp>
#include <pmb/frame_grabber.hpp>
#include <pmb/readback_ring.hpp>
#include <pmb/texture_feeder.hpp>
#include <pmb/tune/profile.hpp>
#include <pmb/upload_ring.hpp>
#include <source_location>
#include <span>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

namespace pmb::capi {

/// Keeps the error for pmb_last_error_message() and returns its status.
pmb_status remember(const Error& error) noexcept;

/// An argument that no C++ call could be given. Caught by answer().
struct Misuse {
  ErrorId id;
  std::uint64_t numbers[3] = {};
};
pmb_status remember(const Misuse& misuse, std::source_location where) noexcept;

/// The function of pmb.h that a place in this folder belongs to, with its parameters, or "".
const char* function_at(const std::source_location& where) noexcept;

// --------------------------------------------------------------------------------------------------------- objects --

/// The object behind a pmb_context.
struct ContextObject {
  Context context;
  std::vector<pmb_transfer_step> up = {};  ///< The steps that pmb_context_transfer_plan() returned last.
  std::vector<pmb_transfer_step> down = {};
};

/// The C++ type behind each pointer of pmb.h. The headers of headless contexts and calibration stay with their sources.
template <class Handle>
struct ObjectOf;
template <>
struct ObjectOf<pmb_context> : std::type_identity<ContextObject> {};
template <>
struct ObjectOf<pmb_profile> : std::type_identity<Profile> {};
template <>
struct ObjectOf<pmb_mapped_buffer> : std::type_identity<MappedBuffer> {};
template <>
struct ObjectOf<pmb_upload_ring> : std::type_identity<UploadRing> {};
template <>
struct ObjectOf<pmb_arena> : std::type_identity<Arena> {};
template <>
struct ObjectOf<pmb_readback_ring> : std::type_identity<ReadbackRing> {};
template <>
struct ObjectOf<pmb_frame_grabber> : std::type_identity<FrameGrabber> {};
template <>
struct ObjectOf<pmb_frame> : std::type_identity<Frame> {};
template <>
struct ObjectOf<pmb_texture_feeder> : std::type_identity<TextureFeeder> {};
template <>
struct ObjectOf<pmb_block_pool> : std::type_identity<BlockPool> {};

/// The object, or null. Objects are known to C by their address alone.
template <class Handle>
auto* object_or_null(Handle* handle) noexcept {
  using Object = typename ObjectOf<std::remove_const_t<Handle>>::type;
  return reinterpret_cast<std::conditional_t<std::is_const_v<Handle>, const Object, Object>*>(handle);
}

template <class Pointer>
Pointer* not_null(Pointer* pointer) {
  if (!pointer) throw Misuse{ErrorId::null_pointer};
  return pointer;
}

/// The object of a pointer that must not be null; of a pmb_context, its Context.
template <class Handle>
auto& object(Handle* handle) {
  auto& found = *object_or_null(not_null(handle));
  if constexpr (std::is_same_v<std::remove_const_t<Handle>, pmb_context>) {
    return found.context;
  } else {
    return found;
  }
}

/// Frees an object and sets the caller's pointer to null.
template <class Handle>
void destroy(Handle** handle) noexcept {
  if (handle) delete object_or_null(std::exchange(*handle, nullptr));
}

// --------------------------------------------------------------------------------------------------- values and numbers --

inline std::int64_t to_c(std::uint64_t number) noexcept {
  return static_cast<std::int64_t>(std::min<std::uint64_t>(number, INT64_MAX));
}
inline std::int64_t to_c(std::chrono::nanoseconds time) noexcept {
  return time.count();
}
inline pmb_ticket to_c(Ticket ticket) noexcept {
  return std::bit_cast<pmb_ticket>(ticket);
}
inline pmb_slice to_c(Slice slice) noexcept {
  return std::bit_cast<pmb_slice>(slice);
}
inline pmb_pending_readback to_c(PendingReadback pending) noexcept {
  return std::bit_cast<pmb_pending_readback>(pending);
}
inline pmb_block to_c(Block block) noexcept {
  return std::bit_cast<pmb_block>(block);
}
inline pmb_read_view to_c(const ReadView& view) noexcept {
  return {view.bytes().data(), to_c(view.bytes().size())};
}
pmb_buffer_target to_c(const BufferTarget& target) noexcept;

inline Ticket from_c(pmb_ticket ticket) noexcept {
  return std::bit_cast<Ticket>(ticket);
}
inline Slice from_c(pmb_slice slice) noexcept {
  return std::bit_cast<Slice>(slice);
}
inline PendingReadback from_c(pmb_pending_readback pending) noexcept {
  return std::bit_cast<PendingReadback>(pending);
}
inline Block from_c(pmb_block block) noexcept {
  return std::bit_cast<Block>(block);
}
BufferTarget from_c(pmb_buffer_target target) noexcept;

/// A size, offset, count or timeout of the caller.
inline std::uint64_t number(std::int64_t value) {
  if (value < 0)
    throw Misuse{ErrorId::negative_number, {std::uint64_t{0} - static_cast<std::uint64_t>(value)}};
  return static_cast<std::uint64_t>(value);
}
inline std::chrono::nanoseconds timeout(std::int64_t nanoseconds) {
  return std::chrono::nanoseconds(number(nanoseconds));
}
/// For structs, where 0 means the default.
inline std::optional<std::chrono::nanoseconds> timeout_or_default(std::int64_t nanoseconds) {
  if (nanoseconds == 0) return {};
  return timeout(nanoseconds);
}

/// Memory of the caller; null only if it is empty.
inline detail::SourceBytes bytes_of(const void* bytes, std::int64_t size) {
  if (number(size) != 0) not_null(bytes);
  return {static_cast<const std::byte*>(bytes), static_cast<std::size_t>(size)};
}
inline detail::TargetBytes bytes_of(void* bytes, std::int64_t size) {
  if (number(size) != 0) not_null(bytes);
  return {static_cast<std::byte*>(bytes), static_cast<std::size_t>(size)};
}
/// `count` values of the caller.
template <class T>
std::span<const T> values_of(const T* values, std::int64_t count) {
  if (number(count) != 0) not_null(values);
  return {values, static_cast<std::size_t>(count)};
}

inline std::string_view text_or_empty(const char* text) noexcept {
  return text ? std::string_view(text) : std::string_view();
}

/// pmb_access, pmb_model and pmb_path: the value of C++ plus one, 0 for none.
template <class Choice>
std::optional<Choice> choice(std::int32_t value, Choice last) {
  if (value == 0) return {};
  if (value < 0 || value > static_cast<std::int32_t>(last) + 1) {
    throw Misuse{ErrorId::unknown_constant, {static_cast<std::uint32_t>(value)}};
  }
  return static_cast<Choice>(value - 1);
}
inline std::optional<Access> access_of(pmb_access value) {
  return choice(value, Access::bidirectional);
}
inline std::optional<Model> model_of(pmb_model value) {
  return choice(value, Model::explicit_flush);
}
inline std::optional<Path> path_of(pmb_path value) {
  return choice(value, Path::orphaned);
}
template <class Choice>
  requires std::is_enum_v<Choice>
std::int32_t to_c(Choice value) noexcept {
  return static_cast<std::int32_t>(value) + 1;
}

// --------------------------------------------------------------------------------------------------------- structs --

/// Every struct has one version so far. A later one also accepts the sizes of the earlier ones.
template <class Struct>
void check_size(const Struct& given) {
  if (given.struct_bytes != sizeof(Struct))
    throw Misuse{ErrorId::struct_size, {given.struct_bytes, sizeof(Struct)}};
}
template <class Struct>
const Struct& checked(const Struct* given) {
  check_size(*not_null(given));
  return *given;
}
/// For structs that are optional.
template <class Struct>
Struct checked_or_default(const Struct* given) {
  return given ? checked(given) : Struct{};
}
/// Fills a struct of the caller.
template <class Struct>
void fill(Struct* target, Struct values) {
  check_size(*not_null(target));
  values.struct_bytes = target->struct_bytes;
  *target = values;
}
/// An index of the caller into a list.
inline std::size_t index_below(std::int64_t index, std::size_t count) {
  if (number(index) >= count) throw Misuse{ErrorId::no_such_entry, {number(index), count}};
  return static_cast<std::size_t>(index);
}
/// Writes text into memory of the caller, as pmb_plan_describe() says.
void give_text(std::string_view whole, char* text, std::int64_t text_bytes, std::int64_t* length);

ParallelFor parallel_for_of(pmb_parallel_for function, void* user);

// --------------------------------------------------------------------------------------------------------- answers --

/// Runs a call of pmb and returns its status. `body` takes the place of the function of pmb.h that calls answer(), and
/// returns a Result<void>, or nothing if it cannot fail.
template <class Body>
pmb_status answer(Body&& body, std::source_location where = std::source_location::current()) noexcept {
  try {
    if constexpr (std::is_void_v<decltype(body(where))>) {
      body(where);
      return PMB_OK;
    } else {
      const Result<void> result = body(where);
      return result ? PMB_OK : remember(result.error());
    }
  } catch (const Misuse& misuse) {
    return remember(misuse, where);
  } catch (const std::exception&) {
    return remember(Misuse{ErrorId::out_of_host_memory}, where);
  }
}

/// Makes a value of C++ known to C: by its words, or, for an object, by its address.
template <class Out, class Value>
void give(Out& out, Value&& value) {
  out = to_c(value);
}
template <class Handle, class Object>
  requires requires { typename ObjectOf<Handle>::type; }
void give(Handle*& out, Object&& object) {
  out = reinterpret_cast<Handle*>(new typename ObjectOf<Handle>::type{std::forward<Object>(object)});
}

/// The same for a body that returns a value or an object, which is given to `*out`.
template <class Out, class Body>
  requires std::invocable<Body, std::source_location>
pmb_status answer(Out* out, Body&& body,
                  std::source_location where = std::source_location::current()) noexcept {
  return answer(
      [&](std::source_location) -> Result<void> {
        not_null(out);
        auto result = body(where);
        if (!result) return tl::unexpected<Error>(result.error());
        give(*out, std::move(*result));
        return {};
      },
      where);
}

/// For functions that cannot fail: `fallback` for a null object.
template <class Handle, class Value, class Body>
Value answer_or(Handle* handle, Value fallback, Body&& body) noexcept {
  return handle ? static_cast<Value>(body(object(handle))) : fallback;
}

}  // namespace pmb::capi
