# Finds glad 2 and sets PMB_GLAD to its command: a program in PATH or in a usual folder, or a Python module.

# glad 1 has the same name and no --merge.
function(pmb_is_glad_2 result command)
  execute_process(COMMAND ${command} --help OUTPUT_VARIABLE help ERROR_QUIET)
  if(NOT help MATCHES "--merge")
    set(${result} FALSE PARENT_SCOPE)
  endif()
endfunction()

find_program(PMB_GLAD glad VALIDATOR pmb_is_glad_2 DOC "glad 2, which generates the GL loader")
if(NOT PMB_GLAD)
  set(module python3 -m glad)
  set(is_glad TRUE)
  pmb_is_glad_2(is_glad "${module}")
  if(NOT is_glad)
    message(FATAL_ERROR "pmb needs glad 2, which generates its GL loader: a program glad in PATH, a Python module glad, or "
                        "-DPMB_GLAD=<program>. Debian: python3-glad.")
  endif()
  set(PMB_GLAD ${module} CACHE STRING "glad 2, which generates the GL loader" FORCE)
endif()
