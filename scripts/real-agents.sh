#!/usr/bin/env bash
# Installs the real agent programs outside of the repository, once for each version, and runs the tests that drive them
# against a model server on this machine, in the sandbox unless SANDBOX=off: test/unit/agents/real-*. It takes
# some minutes. With --where-possible it ends well where the programs cannot be installed, and says why.
set -eu
optional=
if [ "${1:-}" = --where-possible ]; then
  optional=1
  shift
fi
cd "$(dirname "$0")/.."
codex=2.6.0
opencode=1.18.33
export REAL_AGENTS="${XDG_CACHE_HOME:-$HOME/.cache}/tutti-real-agents/codex-acp-$codex-opencode-$opencode"
if [ ! -e "$REAL_AGENTS/complete" ]; then
  rm -rf "$REAL_AGENTS"
  mkdir -p "$REAL_AGENTS"
  npm install --prefix "$REAL_AGENTS" --no-audit --no-fund --no-save --loglevel=error --fetch-retries=1 \
    "@agentclientprotocol/codex-acp@$codex" "opencode-ai@$opencode" || {
    echo "skipped: codex and opencode cannot be installed from the registry of npm"
    [ -n "$optional" ]
    exit
  }
  touch "$REAL_AGENTS/complete"
fi
exec npx vitest run --project adapters test/unit/agents/real- "$@"
