# SPDX-License-Identifier: MIT
# Completion of sluice's command line for bash.

_sluice() {
  local word=${COMP_WORDS[COMP_CWORD]} previous=${COMP_WORDS[COMP_CWORD - 1]}
  local command="" i
  for ((i = 1; i < COMP_CWORD; i++)); do
    case ${COMP_WORDS[i]} in
    --config | --set | --log-format | --log-level | --limit | --by | --since | --until | --period | --format | --older-than | --keep-bytes | --timeout) ((i++)) ;;
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
  --period)
    mapfile -t COMPREPLY < <(compgen -W "today 24h week 7d month 30d all" -- "$word")
    return
    ;;
  --format)
    mapfile -t COMPREPLY < <(compgen -W "jsonl csv" -- "$word")
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
  --policy)
    mapfile -t COMPREPLY < <(compgen -W "observe balanced saver max never hop: turns:" -- "$word")
    return
    ;;
  --by)
    if [[ $command == audit ]]; then
      mapfile -t COMPREPLY < <(compgen -W "day project model kind session" -- "$word")
      return
    fi
    if [[ $command == stats ]]; then
      mapfile -t COMPREPLY < <(compgen -W "model kind conversation project caller provider session day" -- "$word")
      return
    fi
    ;;
  esac
  case $command in
  "") mapfile -t COMPREPLY < <(compgen -W "run start stop status top reload config audit replay stats history explain ledger models providers classify statusline version help" -- "$word") ;;
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
  top) mapfile -t COMPREPLY < <(compgen -W "--once --config --set --help" -- "$word") ;;
  statusline) mapfile -t COMPREPLY < <(compgen -W "install uninstall --config --set --help" -- "$word") ;;
  reload) mapfile -t COMPREPLY < <(compgen -W "--help" -- "$word") ;;
  config) mapfile -t COMPREPLY < <(compgen -W "show check path schema --json --all --config --set --help" -- "$word") ;;
  audit)
    if [[ $word == -* ]]; then
      mapfile -t COMPREPLY < <(compgen -W "--by --since --until --json --config --set --help" -- "$word")
    else
      mapfile -t COMPREPLY < <(compgen -f -- "$word")
    fi
    ;;
  replay)
    if [[ $word == -* ]]; then
      mapfile -t COMPREPLY < <(compgen -W "--policy --json --config --set --help" -- "$word")
    else
      mapfile -t COMPREPLY < <(compgen -f -- "$word")
    fi
    ;;
  stats) mapfile -t COMPREPLY < <(compgen -W "today 24h week 7d month 30d all --period --by --cache --json --csv --config --set --help" -- "$word") ;;
  history) mapfile -t COMPREPLY < <(compgen -W "--limit --json --config --set --help" -- "$word") ;;
  explain) mapfile -t COMPREPLY < <(compgen -W "last --bodies --json --config --set --help" -- "$word") ;;
  ledger) mapfile -t COMPREPLY < <(compgen -W "verify export prune --period --format --older-than --keep-bytes --dry-run --vacuum --config --set --help" -- "$word") ;;
  models) mapfile -t COMPREPLY < <(compgen -W "update --sources --config --set --help" -- "$word") ;;
  providers) mapfile -t COMPREPLY < <(compgen -W "discover --json --timeout --config --set --help" -- "$word") ;;
  classify) mapfile -t COMPREPLY < <(compgen -W "- --json --config --set --help" -- "$word") ;;
  help) mapfile -t COMPREPLY < <(compgen -W "run start stop status top reload config audit replay stats history explain ledger models providers classify statusline version" -- "$word") ;;
  esac
}

complete -F _sluice sluice
