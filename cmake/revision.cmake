# pmb_revision(<revision> <file> <folder>): the git revision of a folder, and the file that changes with each commit. Both are
# empty where the folder is not the root of a git tree, as in an unpacked archive.
function(pmb_revision revision file folder)
  execute_process(COMMAND git -C ${folder} rev-parse --show-prefix --git-path logs/HEAD --short HEAD
                  OUTPUT_VARIABLE lines ERROR_QUIET OUTPUT_STRIP_TRAILING_WHITESPACE RESULT_VARIABLE result)
  set(${revision} "" PARENT_SCOPE)
  set(${file} "" PARENT_SCOPE)
  # An empty first line: no folder above this one is the root.
  if(result EQUAL 0 AND lines MATCHES "^\n([^\n]+)\n([0-9a-f]+)$")
    set(${revision} ${CMAKE_MATCH_2} PARENT_SCOPE)
    cmake_path(ABSOLUTE_PATH CMAKE_MATCH_1 BASE_DIRECTORY ${folder})
    set(${file} ${CMAKE_MATCH_1} PARENT_SCOPE)
  endif()
endfunction()
