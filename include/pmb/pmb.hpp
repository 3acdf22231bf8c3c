// SPDX-License-Identifier: MIT
// Everything but what library targets of their own hold: headless contexts (pmb/headless.hpp) and oneTBB's threads
// (pmb/tbb.hpp).
#pragma once

#include <pmb/arena.hpp>
#include <pmb/block_pool.hpp>
#include <pmb/context.hpp>
#include <pmb/copy.hpp>
#include <pmb/frame_grabber.hpp>
#include <pmb/mapped_buffer.hpp>
#include <pmb/plan.hpp>
#include <pmb/readback_ring.hpp>
#include <pmb/result.hpp>
#include <pmb/stats.hpp>
#include <pmb/texture.hpp>
#include <pmb/texture_feeder.hpp>
#include <pmb/timeline.hpp>
#include <pmb/transfer.hpp>
#include <pmb/upload_ring.hpp>
#include <pmb/validation.hpp>
#include <pmb/version.hpp>
