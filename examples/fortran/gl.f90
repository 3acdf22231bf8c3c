! SPDX-License-Identifier: MIT
! The functions of OpenGL that the samples call, as libOpenGL exports them. A program copies what it needs and adds its
! own.
module gl
  use, intrinsic :: iso_c_binding
  implicit none

  integer(c_int), parameter :: gl_compute_shader = int(z'91B9', c_int), gl_compile_status = int(z'8B81', c_int), &
    gl_shader_storage_buffer = int(z'90D2', c_int), gl_dynamic_draw = int(z'88E8', c_int)
  integer(c_int32_t), parameter :: gl_buffer_update_barrier_bit = int(z'0200', c_int32_t)

  interface
    function gl_create_shader(kind) bind(C, name="glCreateShader") result(shader)
      import :: c_int
      integer(c_int), value :: kind
      integer(c_int) :: shader
    end function gl_create_shader

    subroutine gl_shader_source(shader, count, strings, lengths) bind(C, name="glShaderSource")
      import :: c_int, c_ptr
      integer(c_int), value :: shader, count
      type(c_ptr), intent(in) :: strings(*)
      integer(c_int), intent(in) :: lengths(*)
    end subroutine gl_shader_source

    subroutine gl_compile_shader(shader) bind(C, name="glCompileShader")
      import :: c_int
      integer(c_int), value :: shader
    end subroutine gl_compile_shader

    subroutine gl_get_shader(shader, name, value) bind(C, name="glGetShaderiv")
      import :: c_int
      integer(c_int), value :: shader, name
      integer(c_int), intent(out) :: value
    end subroutine gl_get_shader

    function gl_create_program() bind(C, name="glCreateProgram") result(program)
      import :: c_int
      integer(c_int) :: program
    end function gl_create_program

    subroutine gl_attach_shader(program, shader) bind(C, name="glAttachShader")
      import :: c_int
      integer(c_int), value :: program, shader
    end subroutine gl_attach_shader

    subroutine gl_link_program(program) bind(C, name="glLinkProgram")
      import :: c_int
      integer(c_int), value :: program
    end subroutine gl_link_program

    subroutine gl_use_program(program) bind(C, name="glUseProgram")
      import :: c_int
      integer(c_int), value :: program
    end subroutine gl_use_program

    subroutine gl_gen_buffers(count, buffers) bind(C, name="glGenBuffers")
      import :: c_int
      integer(c_int), value :: count
      integer(c_int), intent(out) :: buffers(*)
    end subroutine gl_gen_buffers

    subroutine gl_bind_buffer(target, buffer) bind(C, name="glBindBuffer")
      import :: c_int
      integer(c_int), value :: target, buffer
    end subroutine gl_bind_buffer

    subroutine gl_bind_buffer_base(target, index, buffer) bind(C, name="glBindBufferBase")
      import :: c_int
      integer(c_int), value :: target, index, buffer
    end subroutine gl_bind_buffer_base

    subroutine gl_bind_buffer_range(target, index, buffer, offset, size) bind(C, name="glBindBufferRange")
      import :: c_int, c_intptr_t
      integer(c_int), value :: target, index, buffer
      integer(c_intptr_t), value :: offset, size
    end subroutine gl_bind_buffer_range

    subroutine gl_buffer_data(target, size, data, usage) bind(C, name="glBufferData")
      import :: c_int, c_intptr_t, c_ptr
      integer(c_int), value :: target
      integer(c_intptr_t), value :: size
      type(c_ptr), value :: data
      integer(c_int), value :: usage
    end subroutine gl_buffer_data

    subroutine gl_buffer_sub_data(target, offset, size, data) bind(C, name="glBufferSubData")
      import :: c_int, c_intptr_t
      integer(c_int), value :: target
      integer(c_intptr_t), value :: offset, size
      type(*), intent(in) :: data(*)
    end subroutine gl_buffer_sub_data

    subroutine gl_get_buffer_sub_data(target, offset, size, data) bind(C, name="glGetBufferSubData")
      import :: c_int, c_intptr_t
      integer(c_int), value :: target
      integer(c_intptr_t), value :: offset, size
      type(*), intent(inout) :: data(*)
    end subroutine gl_get_buffer_sub_data

    subroutine gl_dispatch_compute(x, y, z) bind(C, name="glDispatchCompute")
      import :: c_int
      integer(c_int), value :: x, y, z
    end subroutine gl_dispatch_compute

    subroutine gl_memory_barrier(barriers) bind(C, name="glMemoryBarrier")
      import :: c_int32_t
      integer(c_int32_t), value :: barriers
    end subroutine gl_memory_barrier
  end interface

contains

  ! Makes a program of one compute shader and uses it.
  subroutine use_compute_shader(source)
    character(len=*, kind=c_char), intent(in), target :: source
    integer(c_int) :: shader, program, compiled
    shader = gl_create_shader(gl_compute_shader)
    call gl_shader_source(shader, 1, [c_loc(source)], [len(source, c_int)])
    call gl_compile_shader(shader)
    call gl_get_shader(shader, gl_compile_status, compiled)
    if (compiled == 0) error stop "the compute shader does not compile"
    program = gl_create_program()
    call gl_attach_shader(program, shader)
    call gl_link_program(program)
    call gl_use_program(program)
  end subroutine use_compute_shader
end module gl
