/**
 * An agent of 3 MB that speaks just enough ACP: bash. 500 Node processes would need the memory of the machine, and what
 * agents need is not what is measured.
 */

const update =
  '{"jsonrpc":"2.0","method":"session/update","params":{"sessionId":"s","update":{"sessionUpdate":"agent_message_chunk","content":{"type":"text","text":"still at work on it"}}}}'

/**
 * The script. It says something every 5 seconds until it is stopped. Where its prompt has the word FLOOD, it prints that
 * many bytes of updates and ends.
 * @param started a folder in which each agent leaves a file when it is at work.
 */
export function bashAgent(started: string, floodBytes: number): string {
  return `
answer() { printf '{"jsonrpc":"2.0","id":%s,"result":%s}\\n' "$id" "$1"; }
while IFS= read -r line; do
  id=\${line#*\\"id\\":}; id=\${id%%[,\\}]*}
  case $line in
    *'"method":"initialize"'*) answer '{"protocolVersion":1,"agentCapabilities":{}}';;
    *'"method":"session/new"'*) answer '{"sessionId":"s"}';;
    *'"method":"session/prompt"'*FLOOD*)
      : > '${started}/'$$; yes '${update}' | head -c ${floodBytes - (floodBytes % (update.length + 1))}; answer '{"stopReason":"end_turn"}';;
    *'"method":"session/prompt"'*)
      : > '${started}/'$$; prompt=$id
      while printf '%s\\n' '${update}'; do
        if IFS= read -r -t 5 line; then case $line in *session/cancel*) break;; esac; elif [ $? -le 128 ]; then exit; fi
      done
      id=$prompt; answer '{"stopReason":"cancelled"}';;
  esac
done`
}
