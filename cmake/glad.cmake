# Generates the GL loader with glad 2 at build time and wraps it in one internal static library.
#
# MX mode keeps every entry point in a struct, so that pmb owns no global function pointer. The four exported
# loader functions are renamed: a static link beside an application's own glad must not clash.

include(${CMAKE_CURRENT_LIST_DIR}/find_glad.cmake)

set(PMB_GLAD_EXTENSIONS
    GL_ARB_buffer_storage
    GL_ARB_compute_shader
    GL_ARB_copy_buffer
    GL_ARB_direct_state_access
    GL_ARB_draw_indirect
    GL_ARB_get_texture_sub_image
    GL_ARB_map_buffer_alignment
    GL_ARB_map_buffer_range
    GL_ARB_robustness
    GL_ARB_shader_image_load_store
    GL_ARB_shader_storage_buffer_object
    GL_ARB_sync
    GL_ARB_texture_buffer_range
    GL_ARB_texture_storage
    GL_ATI_meminfo
    GL_EXT_buffer_storage
    GL_EXT_robustness
    GL_EXT_texture_buffer
    GL_EXT_texture_compression_s3tc
    GL_EXT_texture_sRGB
    GL_KHR_debug
    GL_KHR_no_error
    GL_KHR_robustness
    GL_KHR_texture_compression_astc_ldr
    GL_NVX_gpu_memory_info)
list(JOIN PMB_GLAD_EXTENSIONS "," PMB_GLAD_EXTENSIONS)

set(PMB_GLAD_DIR ${CMAKE_CURRENT_BINARY_DIR}/glad)
set(PMB_GLAD_SOURCE ${PMB_GLAD_DIR}/src/gl.c)
set(PMB_GLAD_HEADER ${PMB_GLAD_DIR}/include/glad/gl.h)
add_custom_command(
  OUTPUT ${PMB_GLAD_SOURCE} ${PMB_GLAD_HEADER}
  COMMAND ${PMB_GLAD} --quiet --merge --reproducible --api gl:core=4.6,gles2=3.2 --extensions
          ${PMB_GLAD_EXTENSIONS} --out-path ${PMB_GLAD_DIR} c --mx
  COMMENT "Generating the GL loader"
  VERBATIM)

add_library(pmb_glad STATIC ${PMB_GLAD_SOURCE} ${PMB_GLAD_HEADER})
target_include_directories(pmb_glad SYSTEM PUBLIC ${PMB_GLAD_DIR}/include)
foreach(name gladLoadGLContextUserPtr gladLoadGLContext gladLoadGLES2ContextUserPtr gladLoadGLES2Context)
  target_compile_definitions(pmb_glad PUBLIC ${name}=pmb_${name})
endforeach()
set_target_properties(pmb_glad PROPERTIES POSITION_INDEPENDENT_CODE ON C_VISIBILITY_PRESET hidden)
