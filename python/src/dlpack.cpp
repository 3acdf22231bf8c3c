// SPDX-License-Identifier: MIT
#include "dlpack.hpp"

#include <cstdint>
#include <memory>
#include <utility>
#include <vector>

namespace pmb::python {

namespace {

// The binary interface of DLPack 1.0. Names are ours, the order and the types of the members are not.
struct DlpackTensor {
  void* data;
  std::int32_t device_type;
  std::int32_t device;
  std::int32_t dimensions;
  std::uint8_t type_code;
  std::uint8_t type_bits;
  std::uint16_t lanes;
  std::int64_t* extents;
  std::int64_t* strides;  ///< In elements.
  std::uint64_t byte_offset;
};

struct DlpackManaged {
  static constexpr const char* kCapsule = "dltensor";
  DlpackTensor tensor;
  void* context;
  void (*deleter)(DlpackManaged*);
};

/// Since version 1.0.
struct DlpackVersioned {
  static constexpr const char* kCapsule = "dltensor_versioned";
  std::uint32_t major = 1;
  std::uint32_t minor = 0;
  void* context;
  void (*deleter)(DlpackVersioned*);
  std::uint64_t flags;
  DlpackTensor tensor;
};

std::uint8_t type_code_of(const Component& component) noexcept {
  constexpr std::uint8_t kInt = 0;
  constexpr std::uint8_t kUnsigned = 1;
  constexpr std::uint8_t kFloat = 2;
  const char format = *component.format;
  if (format == 'e' || format == 'f') return kFloat;
  return format >= 'a' ? kInt : kUnsigned;
}

/// What a capsule holds.
template <class Managed>
struct Exported {
  Managed managed = {};
  std::vector<std::int64_t> extents;
  std::vector<std::int64_t> strides;
  std::shared_ptr<void> keeper;
};

template <class Managed>
void destroy(Managed* managed) {
  // An interpreter that has ended keeps its memory.
  if (Py_IsInitialized() == 0) return;
  const py::gil_scoped_acquire lock;
  delete static_cast<Exported<Managed>*>(managed->context);
}

template <class Managed>
py::capsule make_capsule(const DeviceBytes& bytes, int device, std::shared_ptr<void> keeper) {
  auto exported = std::make_unique<Exported<Managed>>();
  exported->extents = bytes.extents;
  exported->strides.assign(bytes.extents.size(), 1);
  for (std::size_t i = bytes.extents.size(); i-- > 1;) {
    exported->strides[i - 1] = exported->strides[i] * bytes.extents[i];
  }
  exported->keeper = std::move(keeper);
  exported->managed.context = exported.get();
  exported->managed.deleter = &destroy<Managed>;
  exported->managed.tensor = {.data = reinterpret_cast<void*>(bytes.pointer),
                              .device_type = kDlpackCuda,
                              .device = device,
                              .dimensions = static_cast<std::int32_t>(bytes.extents.size()),
                              .type_code = type_code_of(bytes.component),
                              .type_bits = static_cast<std::uint8_t>(8 * bytes.component.bytes),
                              .lanes = 1,
                              .extents = exported->extents.data(),
                              .strides = exported->strides.data(),
                              .byte_offset = 0};
  // Who takes the array renames the capsule.
  PyObject* const capsule = PyCapsule_New(&exported->managed, Managed::kCapsule, [](PyObject* unused) {
    if (PyCapsule_IsValid(unused, Managed::kCapsule) == 0) return;
    destroy(static_cast<Managed*>(PyCapsule_GetPointer(unused, Managed::kCapsule)));
  });
  if (!capsule) throw py::error_already_set();
  static_cast<void>(exported.release());
  return py::reinterpret_steal<py::capsule>(capsule);
}

}  // namespace

py::capsule make_dlpack_capsule(const DeviceBytes& bytes, int device, std::shared_ptr<void> keeper,
                                bool is_versioned) {
  return is_versioned ? make_capsule<DlpackVersioned>(bytes, device, std::move(keeper))
                      : make_capsule<DlpackManaged>(bytes, device, std::move(keeper));
}

}  // namespace pmb::python
