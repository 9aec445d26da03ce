# SPDX-License-Identifier: MIT
# Completion of sluice's command line for bash.

_sluice() {
  local word=${COMP_WORDS[COMP_CWORD]} previous=${COMP_WORDS[COMP_CWORD - 1]}
  local command="" i
  for ((i = 1; i < COMP_CWORD; i++)); do
    case ${COMP_WORDS[i]} in
    --config | --set | --log-format | --log-level | --limit) ((i++)) ;;
    -*) ;;
    *)
      command=${COMP_WORDS[i]}
      break
      ;;
    esac
  done
  case $previous in
  --config)
    mapfile -t COMPREPLY < <(compgen -f -- "$word")
    return
    ;;
  --log-format)
    mapfile -t COMPREPLY < <(compgen -W "text json" -- "$word")
    return
    ;;
  --log-level)
    mapfile -t COMPREPLY < <(compgen -W "error warn info debug" -- "$word")
    return
    ;;
  esac
  case $command in
  "") mapfile -t COMPREPLY < <(compgen -W "run start stop status reload config stats history models version help" -- "$word") ;;
  run)
    if ((i + 1 < COMP_CWORD)); then
      mapfile -t COMPREPLY < <(compgen -f -- "$word")
    elif [[ $word == -* ]]; then
      mapfile -t COMPREPLY < <(compgen -W "--no-env --config --set --help" -- "$word")
    else
      mapfile -t COMPREPLY < <(compgen -c -W "claude codex gemini opencode" -- "$word" | sort -u)
    fi
    ;;
  start) mapfile -t COMPREPLY < <(compgen -W "--daemon --log-format --log-level --config --set --help" -- "$word") ;;
  stop) mapfile -t COMPREPLY < <(compgen -W "--now --help" -- "$word") ;;
  status) mapfile -t COMPREPLY < <(compgen -W "--json --help" -- "$word") ;;
  reload) mapfile -t COMPREPLY < <(compgen -W "--help" -- "$word") ;;
  config) mapfile -t COMPREPLY < <(compgen -W "show check path schema --json --all --config --set --help" -- "$word") ;;
  stats) mapfile -t COMPREPLY < <(compgen -W "today week month all --json --config --set --help" -- "$word") ;;
  history) mapfile -t COMPREPLY < <(compgen -W "--limit --json --config --set --help" -- "$word") ;;
  models) mapfile -t COMPREPLY < <(compgen -W "update --sources --config --set --help" -- "$word") ;;
  help) mapfile -t COMPREPLY < <(compgen -W "run start stop status reload config stats history models version" -- "$word") ;;
  esac
}

complete -F _sluice sluice
