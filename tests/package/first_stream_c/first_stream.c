// SPDX-License-Identifier: MIT
// A user's first program in C: bytes go to the GPU through one ring and return through another.
#include <pmb.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const int kSent[4] = {1, 2, 3, 4};

static pmb_status send_and_receive(pmb_context* context, pmb_upload_ring* up, pmb_readback_ring* down,
                                   int* received) {
  pmb_slice slice;
  pmb_pending_readback pending;
  pmb_ticket ticket;
  pmb_status status = pmb_upload_ring_acquire(up, sizeof kSent, 0, &slice);
  if (status == PMB_OK) status = pmb_slice_copy_from(slice, 0, kSent, sizeof kSent);
  if (status == PMB_OK) status = pmb_upload_ring_publish(up, slice, sizeof kSent);
  if (status == PMB_OK) {
    const pmb_buffer_target buffer = {.buffer = pmb_slice_buffer(slice)};
    status = pmb_readback_ring_request(down, buffer, pmb_slice_offset_bytes(slice), sizeof kSent, &pending);
  }
  if (status == PMB_OK) status = pmb_timeline_mark(context, &ticket);
  if (status == PMB_OK)
    status = pmb_pending_readback_copy_to(pending, received, sizeof kSent, INT64_C(60000000000));
  return status;
}

static int failed(void) {
  printf("%s\n", pmb_last_error_message());
  return 1;
}

int main(void) {
  printf("compiled with pmb %s as C, running with %s\n", PMB_VERSION_STRING, pmb_library_version());
  pmb_headless_context* headless = NULL;
  pmb_context* context = NULL;
  if (pmb_headless_context_create(NULL, &headless) != PMB_OK) return getenv("PMB_REQUIRE_GL") ? failed() : 0;
  if (pmb_headless_context_make_current(headless) != PMB_OK) return failed();
  if (pmb_context_from_current(pmb_headless_context_loader, NULL, &context) != PMB_OK) return failed();

  const pmb_ring_options options = {.struct_bytes = sizeof options, .capacity_bytes = 4096};
  pmb_upload_ring* up = NULL;
  pmb_readback_ring* down = NULL;
  int received[4] = {0};
  if (pmb_upload_ring_create(context, &options, &up) != PMB_OK) return failed();
  if (pmb_readback_ring_create(context, &options, &down) != PMB_OK) return failed();
  if (send_and_receive(context, up, down, received) != PMB_OK) return failed();
  const bool returned = memcmp(received, kSent, sizeof kSent) == 0;
  puts(returned ? "the bytes returned" : "other bytes returned");

  pmb_readback_ring_destroy(&down);
  pmb_upload_ring_destroy(&up);
  pmb_context_destroy(&context);
  pmb_headless_context_destroy(&headless);
  return returned ? 0 : 1;
}
