// SPDX-License-Identifier: MIT
// The first program of docs/install.md: numbers go into a GL buffer, and come back.
#include <pmb.h>
#include <stdio.h>
#include <string.h>

static pmb_status send(pmb_context* context, pmb_upload_ring* ring, float back[4]) {
  const float numbers[4] = {1, 2, 3, 4};
  pmb_slice slice;
  pmb_ticket ticket;
  pmb_status status = pmb_upload_ring_acquire(ring, sizeof numbers, 0, &slice);  // reserve shared memory
  if (status == PMB_OK) status = pmb_slice_copy_from(slice, 0, numbers, sizeof numbers);
  if (status == PMB_OK) status = pmb_upload_ring_publish(ring, slice, sizeof numbers);  // visible to the GPU
  const pmb_buffer_target buffer = {.buffer = pmb_slice_buffer(slice)};
  if (status == PMB_OK)
    status = pmb_download(context, buffer, pmb_slice_offset_bytes(slice), back, sizeof numbers);
  if (status == PMB_OK) status = pmb_timeline_mark(context, &ticket);
  if (status == PMB_OK) status = pmb_upload_ring_retire(ring, slice, ticket);  // reusable after the mark
  return status;
}

int main(void) {
  const pmb_ring_options options = {.struct_bytes = sizeof options, .capacity_bytes = 8 << 20};
  pmb_headless_context* headless = NULL;  // no window; the first GPU, or else the CPU
  pmb_context* context = NULL;
  pmb_upload_ring* ring = NULL;
  float back[4] = {0};
  pmb_status status = pmb_headless_context_create(NULL, &headless);
  if (status == PMB_OK) status = pmb_headless_context_make_current(headless);
  if (status == PMB_OK) status = pmb_context_from_current(pmb_headless_context_loader, NULL, &context);
  if (status == PMB_OK) status = pmb_upload_ring_create(context, &options, &ring);
  if (status == PMB_OK) status = send(context, ring, back);
  if (status == PMB_OK)
    printf("%g %g %g %g\n", back[0], back[1], back[2], back[3]);
  else
    fprintf(stderr, "%s\n", pmb_last_error_message());
  pmb_upload_ring_destroy(&ring);
  pmb_context_destroy(&context);
  pmb_headless_context_destroy(&headless);
  return back[3] == 4 ? 0 : 1;
}
