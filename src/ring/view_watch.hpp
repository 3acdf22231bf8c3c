// SPDX-License-Identifier: MIT
// What validation knows of a view of bytes that arrived. It outlives ring, pool and context, as a view may.
#pragma once

#include <memory>
#include <pmb/readback_ring.hpp>
#include <pmb/validation.hpp>
#include <string>

#include "context/context_state.hpp"

namespace pmb::detail {

struct ViewWatch {
  std::weak_ptr<const void> lifetime;  ///< Expires when the bytes are released.
  ValidationSink sink;
  std::string label;
  Report report;
};

/// The view of `bytes`. With a sink it is watched, until the owner of the bytes resets `lifetime`.
inline ReadView make_view(std::span<const std::byte> bytes, const ContextState& context,
                          std::shared_ptr<const void>& lifetime, const Report& report) {
  if (!context.validating()) return ReadView(bytes);
  if (!lifetime) lifetime = std::make_shared<char>();
  return ReadView(bytes, std::make_shared<const ViewWatch>(ViewWatch{lifetime, context.options.validation,
                                                                     std::string(report.label), report}));
}

}  // namespace pmb::detail
