// SPDX-License-Identifier: MIT
// Rendered frames on the CPU from C: each arrives two frames later, in place.
#define GL_GLEXT_PROTOTYPES
#include <GL/glcorearb.h>
#include <pmb.h>
#include <stdio.h>

enum { kWidth = 320, kHeight = 180, kFrames = 100 };

static bool fail(const char* what) {
  fprintf(stderr, "%s: %s\n", what, pmb_last_error_message());
  return false;
}

static void draw(int number) {
  GLuint names[2];
  if (number == 0) {
    glGenTextures(1, &names[0]);
    glBindTexture(GL_TEXTURE_2D, names[0]);
    glTexStorage2D(GL_TEXTURE_2D, 1, GL_RGBA8, kWidth, kHeight);
    glGenFramebuffers(1, &names[1]);
    glBindFramebuffer(GL_FRAMEBUFFER, names[1]);
    glFramebufferTexture2D(GL_FRAMEBUFFER, GL_COLOR_ATTACHMENT0, GL_TEXTURE_2D, names[0], 0);
  }
  glClearColor((float)number / 255.0f, 0, 0, 1);
  glClear(GL_COLOR_BUFFER_BIT);
}

// Takes the frames that are due; at most `latency` stay in flight.
static bool take(pmb_frame_grabber* grabber, uint32_t latency) {
  pmb_frame* frame = NULL;
  pmb_status status = PMB_OK;
  while ((status = pmb_frame_grabber_next(grabber, latency, &frame)) == PMB_OK) {
    const unsigned char* pixels = pmb_frame_bytes(frame);
    const bool right = pixels[0] == (unsigned char)pmb_frame_number(frame);
    pmb_frame_release(&frame);
    if (!right) return fail("a frame is wrong");
  }
  return status == PMB_WOULD_BLOCK || fail("next");
}

static bool grab_all(pmb_frame_grabber* grabber) {
  const pmb_pixel_rectangle all = {.width = kWidth, .height = kHeight};
  for (int number = 0; number < kFrames; ++number) {
    draw(number);
    if (pmb_frame_grabber_grab(grabber, &all) != PMB_OK) return fail("grab");
    if (!take(grabber, 2)) return false;
  }
  return take(grabber, 0);
}

int main(void) {
  pmb_headless_context* headless = NULL;
  pmb_context* context = NULL;
  pmb_frame_grabber* grabber = NULL;
  if (pmb_headless_context_create(NULL, &headless) != PMB_OK) return !fail("headless");
  if (pmb_headless_context_make_current(headless) != PMB_OK) return !fail("current");
  if (pmb_context_from_current(pmb_headless_context_loader, NULL, &context) != PMB_OK)
    return !fail("context");
  if (pmb_frame_grabber_create(context, NULL, &grabber) != PMB_OK) return !fail("create");
  const bool good = grab_all(grabber);
  pmb_frame_grabber_destroy(&grabber);
  pmb_context_destroy(&context);
  pmb_headless_context_destroy(&headless);
  return good ? 0 : 1;
}
