// SPDX-License-Identifier: MIT
// Everything but headless contexts, which are a library target of their own (pmb/headless.hpp).
#pragma once

#include <pmb/block_pool.hpp>
#include <pmb/context.hpp>
#include <pmb/mapped_buffer.hpp>
#include <pmb/plan.hpp>
#include <pmb/readback_ring.hpp>
#include <pmb/result.hpp>
#include <pmb/store_fence.hpp>
#include <pmb/timeline.hpp>
#include <pmb/transfer.hpp>
#include <pmb/upload_ring.hpp>
#include <pmb/validation.hpp>
