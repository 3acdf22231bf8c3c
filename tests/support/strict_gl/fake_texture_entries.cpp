// SPDX-License-Identifier: MIT
//
// The C functions on textures, pixel-store state and framebuffers, one for each GL name.
#include "fake_entries.hpp"
#include "fake_entry.hpp"

namespace strict_gl {

namespace {

constexpr Need kNamed = Need::direct_state_access;

void GLAD_API_PTR gen_textures(GLsizei n, GLuint* names) {
  if (const Entered call("glGenTextures", Need::nothing, n, names); call) call->gen_textures(n, names);
}
void GLAD_API_PTR delete_textures(GLsizei n, const GLuint* names) {
  if (const Entered call("glDeleteTextures", Need::nothing, n, names); call) call->delete_textures(n, names);
}
GLboolean GLAD_API_PTR is_texture(GLuint name) {
  const Entered call("glIsTexture", Need::nothing, name);
  return call ? call->is_texture(name) : static_cast<GLboolean>(GL_FALSE);
}
void GLAD_API_PTR active_texture(GLenum unit) {
  if (const Entered call("glActiveTexture", Need::nothing, Enum{unit}); call) call->active_texture(unit);
}
void GLAD_API_PTR bind_texture(GLenum target, GLuint name) {
  if (const Entered call("glBindTexture", Need::nothing, Enum{target}, name); call)
    call->bind_texture(target, name);
}
void GLAD_API_PTR tex_storage_1d(GLenum target, GLsizei levels, GLenum format, GLsizei width) {
  if (const Entered call("glTexStorage1D", Need::texture_storage, Enum{target}, levels, Enum{format}, width);
      call)
    call->texture_storage(target, levels, format, {0, 0, 0, width, 1, 1});
}
void GLAD_API_PTR tex_storage_2d(GLenum target, GLsizei levels, GLenum format, GLsizei width,
                                 GLsizei height) {
  if (const Entered call("glTexStorage2D", Need::texture_storage, Enum{target}, levels, Enum{format}, width,
                         height);
      call)
    call->texture_storage(target, levels, format, {0, 0, 0, width, height, 1});
}
void GLAD_API_PTR tex_storage_3d(GLenum target, GLsizei levels, GLenum format, GLsizei width, GLsizei height,
                                 GLsizei depth) {
  if (const Entered call("glTexStorage3D", Need::texture_storage, Enum{target}, levels, Enum{format}, width,
                         height, depth);
      call)
    call->texture_storage(target, levels, format, {0, 0, 0, width, height, depth});
}

void write_bound(const Entered& call, GLenum target, GLint level, Box box, GLenum format, GLenum type,
                 std::int64_t size, const void* data) {
  std::int64_t face = -1;
  const Texture texture = call->bound_texture(target, &face);
  if (face >= 0) box.z = face;
  call->tex_sub_image(texture, level, box, format, type, size, data);
}

void GLAD_API_PTR tex_sub_image_1d(GLenum target, GLint level, GLint x, GLsizei width, GLenum format,
                                   GLenum type, const void* data) {
  if (const Entered call("glTexSubImage1D", Need::desktop, Enum{target}, level, x, width, Enum{format},
                         Enum{type}, data);
      call)
    write_bound(call, target, level, {x, 0, 0, width, 1, 1}, format, type, 0, data);
}
void GLAD_API_PTR tex_sub_image_2d(GLenum target, GLint level, GLint x, GLint y, GLsizei width,
                                   GLsizei height, GLenum format, GLenum type, const void* data) {
  if (const Entered call("glTexSubImage2D", Need::nothing, Enum{target}, level, x, y, width, height,
                         Enum{format}, Enum{type}, data);
      call)
    write_bound(call, target, level, {x, y, 0, width, height, 1}, format, type, 0, data);
}
void GLAD_API_PTR tex_sub_image_3d(GLenum target, GLint level, GLint x, GLint y, GLint z, GLsizei width,
                                   GLsizei height, GLsizei depth, GLenum format, GLenum type,
                                   const void* data) {
  if (const Entered call("glTexSubImage3D", Need::nothing, Enum{target}, level, x, y, z, width, height, depth,
                         Enum{format}, Enum{type}, data);
      call)
    write_bound(call, target, level, {x, y, z, width, height, depth}, format, type, 0, data);
}
void GLAD_API_PTR compressed_2d(GLenum target, GLint level, GLint x, GLint y, GLsizei width, GLsizei height,
                                GLenum format, GLsizei size, const void* data) {
  if (const Entered call("glCompressedTexSubImage2D", Need::nothing, Enum{target}, level, x, y, width, height,
                         Enum{format}, size, data);
      call)
    write_bound(call, target, level, {x, y, 0, width, height, 1}, format, 0, size, data);
}
void GLAD_API_PTR compressed_3d(GLenum target, GLint level, GLint x, GLint y, GLint z, GLsizei width,
                                GLsizei height, GLsizei depth, GLenum format, GLsizei size,
                                const void* data) {
  if (const Entered call("glCompressedTexSubImage3D", Need::nothing, Enum{target}, level, x, y, z, width,
                         height, depth, Enum{format}, size, data);
      call)
    write_bound(call, target, level, {x, y, z, width, height, depth}, format, 0, size, data);
}
void GLAD_API_PTR texture_sub_image_1d(GLuint name, GLint level, GLint x, GLsizei width, GLenum format,
                                       GLenum type, const void* data) {
  if (const Entered call("glTextureSubImage1D", kNamed, name, level, x, width, Enum{format}, Enum{type},
                         data);
      call)
    call->tex_sub_image(call->named_texture(name), level, {x, 0, 0, width, 1, 1}, format, type, 0, data);
}
void GLAD_API_PTR texture_sub_image_2d(GLuint name, GLint level, GLint x, GLint y, GLsizei width,
                                       GLsizei height, GLenum format, GLenum type, const void* data) {
  if (const Entered call("glTextureSubImage2D", kNamed, name, level, x, y, width, height, Enum{format},
                         Enum{type}, data);
      call)
    call->tex_sub_image(call->named_texture(name), level, {x, y, 0, width, height, 1}, format, type, 0, data);
}
void GLAD_API_PTR texture_sub_image_3d(GLuint name, GLint level, GLint x, GLint y, GLint z, GLsizei width,
                                       GLsizei height, GLsizei depth, GLenum format, GLenum type,
                                       const void* data) {
  if (const Entered call("glTextureSubImage3D", kNamed, name, level, x, y, z, width, height, depth,
                         Enum{format}, Enum{type}, data);
      call)
    call->tex_sub_image(call->named_texture(name), level, {x, y, z, width, height, depth}, format, type, 0,
                        data);
}
void GLAD_API_PTR compressed_named_2d(GLuint name, GLint level, GLint x, GLint y, GLsizei width,
                                      GLsizei height, GLenum format, GLsizei size, const void* data) {
  if (const Entered call("glCompressedTextureSubImage2D", kNamed, name, level, x, y, width, height,
                         Enum{format}, size, data);
      call)
    call->tex_sub_image(call->named_texture(name), level, {x, y, 0, width, height, 1}, format, 0, size, data);
}
void GLAD_API_PTR compressed_named_3d(GLuint name, GLint level, GLint x, GLint y, GLint z, GLsizei width,
                                      GLsizei height, GLsizei depth, GLenum format, GLsizei size,
                                      const void* data) {
  if (const Entered call("glCompressedTextureSubImage3D", kNamed, name, level, x, y, z, width, height, depth,
                         Enum{format}, size, data);
      call)
    call->tex_sub_image(call->named_texture(name), level, {x, y, z, width, height, depth}, format, 0, size,
                        data);
}
void GLAD_API_PTR get_tex_image(GLenum target, GLint level, GLenum format, GLenum type, void* data) {
  if (const Entered call("glGetTexImage", Need::desktop, Enum{target}, level, Enum{format}, Enum{type}, data);
      call)
    call->get_image(target, level, format, type, data);
}
void GLAD_API_PTR get_compressed_tex_image(GLenum target, GLint level, void* data) {
  if (const Entered call("glGetCompressedTexImage", Need::desktop, Enum{target}, level, data); call)
    call->get_image(target, level, 0, 0, data);
}
void GLAD_API_PTR get_texture_sub_image(GLuint name, GLint level, GLint x, GLint y, GLint z, GLsizei width,
                                        GLsizei height, GLsizei depth, GLenum format, GLenum type,
                                        GLsizei room, void* data) {
  if (const Entered call("glGetTextureSubImage", Need::get_sub_image, name, level, x, y, z, width, height,
                         depth, Enum{format}, Enum{type}, room, data);
      call)
    call->get_sub_image(call->named_texture(name), level, {x, y, z, width, height, depth}, format, type, room,
                        data);
}
void GLAD_API_PTR get_compressed_sub_image(GLuint name, GLint level, GLint x, GLint y, GLint z, GLsizei width,
                                           GLsizei height, GLsizei depth, GLsizei room, void* data) {
  if (const Entered call("glGetCompressedTextureSubImage", Need::get_sub_image, name, level, x, y, z, width,
                         height, depth, room, data);
      call)
    call->get_sub_image(call->named_texture(name), level, {x, y, z, width, height, depth}, 0, 0, room, data);
}
void GLAD_API_PTR get_tex_level_parameter(GLenum target, GLint level, GLenum what, GLint* value) {
  if (const Entered call("glGetTexLevelParameteriv", Need::level_parameter, Enum{target}, level, Enum{what},
                         value);
      call) {
    std::int64_t face = -1;
    call->get_level_parameter(call->bound_texture(target, &face), level, what, value);
  }
}
void GLAD_API_PTR get_texture_level_parameter(GLuint name, GLint level, GLenum what, GLint* value) {
  if (const Entered call("glGetTextureLevelParameteriv", kNamed, name, level, Enum{what}, value); call)
    call->get_level_parameter(call->named_texture(name), level, what, value);
}
void GLAD_API_PTR get_texture_parameter(GLuint name, GLenum what, GLint* value) {
  if (const Entered call("glGetTextureParameteriv", kNamed, name, Enum{what}, value); call)
    call->get_texture_parameter(call->named_texture(name), what, value);
}
void GLAD_API_PTR pixel_store(GLenum name, GLint value) {
  if (const Entered call("glPixelStorei", Need::nothing, Enum{name}, value); call)
    call->pixel_store(name, value);
}
void GLAD_API_PTR gen_framebuffers(GLsizei n, GLuint* names) {
  if (const Entered call("glGenFramebuffers", Need::nothing, n, names); call)
    call->gen_framebuffers(n, names);
}
void GLAD_API_PTR delete_framebuffers(GLsizei n, const GLuint* names) {
  if (const Entered call("glDeleteFramebuffers", Need::nothing, n, names); call)
    call->delete_framebuffers(n, names);
}
void GLAD_API_PTR bind_framebuffer(GLenum target, GLuint name) {
  if (const Entered call("glBindFramebuffer", Need::nothing, Enum{target}, name); call)
    call->bind_framebuffer(target, name);
}
void GLAD_API_PTR framebuffer_texture_1d(GLenum target, GLenum point, GLenum textarget, GLuint name,
                                         GLint level) {
  if (const Entered call("glFramebufferTexture1D", Need::desktop, Enum{target}, Enum{point}, Enum{textarget},
                         name, level);
      call)
    call->framebuffer_texture(target, point, name, level, 0);
}
void GLAD_API_PTR framebuffer_texture_2d(GLenum target, GLenum point, GLenum textarget, GLuint name,
                                         GLint level) {
  if (const Entered call("glFramebufferTexture2D", Need::nothing, Enum{target}, Enum{point}, Enum{textarget},
                         name, level);
      call) {
    const bool face =
        textarget >= GL_TEXTURE_CUBE_MAP_POSITIVE_X && textarget <= GL_TEXTURE_CUBE_MAP_NEGATIVE_Z;
    call->framebuffer_texture(target, point, name, level,
                              face ? textarget - GL_TEXTURE_CUBE_MAP_POSITIVE_X : 0);
  }
}
void GLAD_API_PTR framebuffer_texture_layer(GLenum target, GLenum point, GLuint name, GLint level,
                                            GLint layer) {
  if (const Entered call("glFramebufferTextureLayer", Need::nothing, Enum{target}, Enum{point}, name, level,
                         layer);
      call)
    call->framebuffer_texture(target, point, name, level, layer);
}
GLenum GLAD_API_PTR check_framebuffer_status(GLenum target) {
  const Entered call("glCheckFramebufferStatus", Need::nothing, Enum{target});
  return call ? call->framebuffer_status(target) : 0;
}
void GLAD_API_PTR get_attachment_parameter(GLenum target, GLenum point, GLenum what, GLint* value) {
  if (const Entered call("glGetFramebufferAttachmentParameteriv", Need::nothing, Enum{target}, Enum{point},
                         Enum{what}, value);
      call)
    call->get_attachment_parameter(target, point, what, value);
}
void GLAD_API_PTR read_buffer(GLenum buffer) {
  if (const Entered call("glReadBuffer", Need::nothing, Enum{buffer}); call) call->read_buffer(buffer);
}
void GLAD_API_PTR draw_buffers(GLsizei n, const GLenum* buffers) {
  if (const Entered call("glDrawBuffers", Need::nothing, n, buffers); call) call->draw_buffers();
}
void GLAD_API_PTR read_pixels(GLint x, GLint y, GLsizei width, GLsizei height, GLenum format, GLenum type,
                              void* data) {
  if (const Entered call("glReadPixels", Need::nothing, x, y, width, height, Enum{format}, Enum{type}, data);
      call)
    call->read_pixels({x, y, 0, width, height, 1}, format, type, data);
}

void GLAD_API_PTR gen_renderbuffers(GLsizei n, GLuint* names) {
  if (const Entered call("glGenRenderbuffers", Need::nothing, n, names); call)
    call->gen_renderbuffers(n, names);
}
void GLAD_API_PTR delete_renderbuffers(GLsizei n, const GLuint* names) {
  if (const Entered call("glDeleteRenderbuffers", Need::nothing, n, names); call)
    call->delete_renderbuffers(n, names);
}
void GLAD_API_PTR bind_renderbuffer(GLenum target, GLuint name) {
  if (const Entered call("glBindRenderbuffer", Need::nothing, Enum{target}, name); call)
    call->bind_renderbuffer(name);
}
void GLAD_API_PTR renderbuffer_storage(GLenum target, GLenum format, GLsizei width, GLsizei height) {
  if (const Entered call("glRenderbufferStorage", Need::nothing, Enum{target}, Enum{format}, width, height);
      call)
    call->renderbuffer_storage(format, {0, 0, 0, width, height, 1});
}
void GLAD_API_PTR framebuffer_renderbuffer(GLenum target, GLenum point, GLenum kind, GLuint name) {
  if (const Entered call("glFramebufferRenderbuffer", Need::nothing, Enum{target}, Enum{point}, Enum{kind},
                         name);
      call)
    call->framebuffer_renderbuffer(target, point, name);
}
void GLAD_API_PTR blit_framebuffer(GLint x0, GLint y0, GLint x1, GLint y1, GLint to_x0, GLint to_y0,
                                   GLint to_x1, GLint to_y1, GLbitfield planes, GLenum filter) {
  if (const Entered call("glBlitFramebuffer", Need::nothing, x0, y0, x1, y1, to_x0, to_y0, to_x1, to_y1,
                         planes, Enum{filter});
      call)
    call->blit_framebuffer({x0, y0, x1, y1}, {to_x0, to_y0, to_x1, to_y1}, planes);
}

}  // namespace

std::span<const EntryPoint> texture_entries() {
  static const EntryPoint kEntries[] = {
      entry<PFNGLGENTEXTURESPROC>("glGenTextures", &gen_textures),
      entry<PFNGLDELETETEXTURESPROC>("glDeleteTextures", &delete_textures),
      entry<PFNGLISTEXTUREPROC>("glIsTexture", &is_texture),
      entry<PFNGLACTIVETEXTUREPROC>("glActiveTexture", &active_texture),
      entry<PFNGLBINDTEXTUREPROC>("glBindTexture", &bind_texture),
      entry<PFNGLTEXSTORAGE1DPROC>("glTexStorage1D", &tex_storage_1d),
      entry<PFNGLTEXSTORAGE2DPROC>("glTexStorage2D", &tex_storage_2d),
      entry<PFNGLTEXSTORAGE3DPROC>("glTexStorage3D", &tex_storage_3d),
      entry<PFNGLTEXSUBIMAGE1DPROC>("glTexSubImage1D", &tex_sub_image_1d),
      entry<PFNGLTEXSUBIMAGE2DPROC>("glTexSubImage2D", &tex_sub_image_2d),
      entry<PFNGLTEXSUBIMAGE3DPROC>("glTexSubImage3D", &tex_sub_image_3d),
      entry<PFNGLCOMPRESSEDTEXSUBIMAGE2DPROC>("glCompressedTexSubImage2D", &compressed_2d),
      entry<PFNGLCOMPRESSEDTEXSUBIMAGE3DPROC>("glCompressedTexSubImage3D", &compressed_3d),
      entry<PFNGLTEXTURESUBIMAGE1DPROC>("glTextureSubImage1D", &texture_sub_image_1d),
      entry<PFNGLTEXTURESUBIMAGE2DPROC>("glTextureSubImage2D", &texture_sub_image_2d),
      entry<PFNGLTEXTURESUBIMAGE3DPROC>("glTextureSubImage3D", &texture_sub_image_3d),
      entry<PFNGLCOMPRESSEDTEXTURESUBIMAGE2DPROC>("glCompressedTextureSubImage2D", &compressed_named_2d),
      entry<PFNGLCOMPRESSEDTEXTURESUBIMAGE3DPROC>("glCompressedTextureSubImage3D", &compressed_named_3d),
      entry<PFNGLGETTEXIMAGEPROC>("glGetTexImage", &get_tex_image),
      entry<PFNGLGETCOMPRESSEDTEXIMAGEPROC>("glGetCompressedTexImage", &get_compressed_tex_image),
      entry<PFNGLGETTEXTURESUBIMAGEPROC>("glGetTextureSubImage", &get_texture_sub_image),
      entry<PFNGLGETCOMPRESSEDTEXTURESUBIMAGEPROC>("glGetCompressedTextureSubImage",
                                                   &get_compressed_sub_image),
      entry<PFNGLGETTEXLEVELPARAMETERIVPROC>("glGetTexLevelParameteriv", &get_tex_level_parameter),
      entry<PFNGLGETTEXTURELEVELPARAMETERIVPROC>("glGetTextureLevelParameteriv",
                                                 &get_texture_level_parameter),
      entry<PFNGLGETTEXTUREPARAMETERIVPROC>("glGetTextureParameteriv", &get_texture_parameter),
      entry<PFNGLPIXELSTOREIPROC>("glPixelStorei", &pixel_store),
      entry<PFNGLGENFRAMEBUFFERSPROC>("glGenFramebuffers", &gen_framebuffers),
      entry<PFNGLDELETEFRAMEBUFFERSPROC>("glDeleteFramebuffers", &delete_framebuffers),
      entry<PFNGLBINDFRAMEBUFFERPROC>("glBindFramebuffer", &bind_framebuffer),
      entry<PFNGLFRAMEBUFFERTEXTURE1DPROC>("glFramebufferTexture1D", &framebuffer_texture_1d),
      entry<PFNGLFRAMEBUFFERTEXTURE2DPROC>("glFramebufferTexture2D", &framebuffer_texture_2d),
      entry<PFNGLFRAMEBUFFERTEXTURELAYERPROC>("glFramebufferTextureLayer", &framebuffer_texture_layer),
      entry<PFNGLCHECKFRAMEBUFFERSTATUSPROC>("glCheckFramebufferStatus", &check_framebuffer_status),
      entry<PFNGLGETFRAMEBUFFERATTACHMENTPARAMETERIVPROC>("glGetFramebufferAttachmentParameteriv",
                                                          &get_attachment_parameter),
      entry<PFNGLREADBUFFERPROC>("glReadBuffer", &read_buffer),
      entry<PFNGLDRAWBUFFERSPROC>("glDrawBuffers", &draw_buffers),
      entry<PFNGLREADPIXELSPROC>("glReadPixels", &read_pixels),
      entry<PFNGLGENRENDERBUFFERSPROC>("glGenRenderbuffers", &gen_renderbuffers),
      entry<PFNGLDELETERENDERBUFFERSPROC>("glDeleteRenderbuffers", &delete_renderbuffers),
      entry<PFNGLBINDRENDERBUFFERPROC>("glBindRenderbuffer", &bind_renderbuffer),
      entry<PFNGLRENDERBUFFERSTORAGEPROC>("glRenderbufferStorage", &renderbuffer_storage),
      entry<PFNGLFRAMEBUFFERRENDERBUFFERPROC>("glFramebufferRenderbuffer", &framebuffer_renderbuffer),
      entry<PFNGLBLITFRAMEBUFFERPROC>("glBlitFramebuffer", &blit_framebuffer),
  };
  return kEntries;
}

}  // namespace strict_gl
