// SPDX-License-Identifier: MIT
// See gl_spy.hpp.
#include "gl_spy.hpp"

#include <EGL/egl.h>
#include <glad/gl.h>

#include <algorithm>
#include <type_traits>

namespace gl_test {
namespace {

std::vector<SpiedCall>& record() {
  static std::vector<SpiedCall> calls;
  return calls;
}

template <class T>
std::int64_t as_number(T value) {
  if constexpr (std::is_pointer_v<T>) {
    return static_cast<std::int64_t>(reinterpret_cast<std::intptr_t>(value));
  } else {
    return static_cast<std::int64_t>(value);
  }
}

// One function for each index: records the call, then forwards it.
template <class F, std::size_t Index>
struct Hook;

template <class R, class... A, std::size_t Index>
struct Hook<R (*)(A...), Index> {
  static inline R (*real)(A...) = nullptr;
  static inline std::string_view name;

  static R call(A... arguments) {
    record().push_back({name, {as_number(arguments)...}});
    return real(arguments...);
  }
  static void* install(std::string_view as, void* function) {
    name = as;
    real = reinterpret_cast<R (*)(A...)>(function);
    return function == nullptr ? nullptr : reinterpret_cast<void*>(&call);
  }
};

struct Entry {
  std::string_view name;
  void* (*install)(std::string_view, void*);
};

#define PMB_SPIED(name, NAME)                                  \
  Entry {                                                      \
    "gl" #name, &Hook<PFNGL##NAME##PROC, __COUNTER__>::install \
  }

const Entry kSpied[] = {
    PMB_SPIED(BindBuffer, BINDBUFFER),
    PMB_SPIED(BindBufferBase, BINDBUFFERBASE),
    PMB_SPIED(BindBufferRange, BINDBUFFERRANGE),
    PMB_SPIED(BufferData, BUFFERDATA),
    PMB_SPIED(BufferStorage, BUFFERSTORAGE),
    PMB_SPIED(BufferStorageEXT, BUFFERSTORAGEEXT),
    PMB_SPIED(BufferSubData, BUFFERSUBDATA),
    PMB_SPIED(ClientWaitSync, CLIENTWAITSYNC),
    PMB_SPIED(CopyBufferSubData, COPYBUFFERSUBDATA),
    PMB_SPIED(CopyNamedBufferSubData, COPYNAMEDBUFFERSUBDATA),
    PMB_SPIED(CreateBuffers, CREATEBUFFERS),
    PMB_SPIED(DeleteBuffers, DELETEBUFFERS),
    PMB_SPIED(DeleteSync, DELETESYNC),
    PMB_SPIED(FenceSync, FENCESYNC),
    PMB_SPIED(Finish, FINISH),
    PMB_SPIED(Flush, FLUSH),
    PMB_SPIED(FlushMappedBufferRange, FLUSHMAPPEDBUFFERRANGE),
    PMB_SPIED(FlushMappedNamedBufferRange, FLUSHMAPPEDNAMEDBUFFERRANGE),
    PMB_SPIED(GenBuffers, GENBUFFERS),
    PMB_SPIED(GetBufferParameteri64v, GETBUFFERPARAMETERI64V),
    PMB_SPIED(GetBufferParameteriv, GETBUFFERPARAMETERIV),
    PMB_SPIED(GetBufferPointerv, GETBUFFERPOINTERV),
    PMB_SPIED(GetBufferSubData, GETBUFFERSUBDATA),
    PMB_SPIED(GetError, GETERROR),
    PMB_SPIED(GetGraphicsResetStatus, GETGRAPHICSRESETSTATUS),
    PMB_SPIED(GetInteger64v, GETINTEGER64V),
    PMB_SPIED(GetIntegerv, GETINTEGERV),
    PMB_SPIED(GetNamedBufferParameteri64v, GETNAMEDBUFFERPARAMETERI64V),
    PMB_SPIED(GetNamedBufferPointerv, GETNAMEDBUFFERPOINTERV),
    PMB_SPIED(GetNamedBufferSubData, GETNAMEDBUFFERSUBDATA),
    PMB_SPIED(GetString, GETSTRING),
    PMB_SPIED(GetStringi, GETSTRINGI),
    PMB_SPIED(GetSynciv, GETSYNCIV),
    PMB_SPIED(IsBuffer, ISBUFFER),
    PMB_SPIED(IsSync, ISSYNC),
    PMB_SPIED(MapBufferRange, MAPBUFFERRANGE),
    PMB_SPIED(MapNamedBufferRange, MAPNAMEDBUFFERRANGE),
    PMB_SPIED(MemoryBarrier, MEMORYBARRIER),
    PMB_SPIED(NamedBufferData, NAMEDBUFFERDATA),
    PMB_SPIED(NamedBufferStorage, NAMEDBUFFERSTORAGE),
    PMB_SPIED(NamedBufferSubData, NAMEDBUFFERSUBDATA),
    PMB_SPIED(ObjectLabel, OBJECTLABEL),
    PMB_SPIED(UnmapBuffer, UNMAPBUFFER),
    PMB_SPIED(UnmapNamedBuffer, UNMAPNAMEDBUFFER),
    PMB_SPIED(WaitSync, WAITSYNC),
};

#undef PMB_SPIED

}  // namespace

void* GlSpy::load(const char* name) {
  auto* const function = reinterpret_cast<void*>(eglGetProcAddress(name));
  for (const Entry& entry : kSpied) {
    if (entry.name == name) return entry.install(entry.name, function);
  }
  return function;
}

const std::vector<SpiedCall>& GlSpy::calls() {
  return record();
}

void GlSpy::clear() {
  record().clear();
}

std::size_t GlSpy::count(std::string_view name) {
  return static_cast<std::size_t>(std::count_if(record().begin(), record().end(),
                                                [&](const SpiedCall& call) { return call.name == name; }));
}

std::string GlSpy::names() {
  std::string names;
  for (const SpiedCall& call : record()) names += std::string(names.empty() ? "" : " ").append(call.name);
  return names;
}

}  // namespace gl_test
