# SPDX-License-Identifier: MIT
# Completes pmb's subcommands and options in bash, as `pmb --help` lists them, and file names.

_pmb() {
  local word=${COMP_WORDS[COMP_CWORD]} subcommand=() words
  ((COMP_CWORD == 1)) || subcommand=("${COMP_WORDS[1]}")
  # Options start with --; subcommands are the first words after "Subcommands:".
  words=$("${COMP_WORDS[0]}" "${subcommand[@]}" --help 2>/dev/null | awk '
    match($0, /^ +(-[a-z],)?--[a-z-]+/) { option = substr($0, RSTART, RLENGTH); sub(/.*--/, "--", option); print option }
    /^Subcommands:/ { names = 1; next }
    names && /^  [a-z]/ { print $1; next }
    { names = 0 }')
  mapfile -t COMPREPLY < <(compgen -W "$words" -- "$word")
}
complete -o default -F _pmb pmb
