#!/usr/bin/env bash
# Runs what the image runs, where there is no container engine: the packages of the Dockerfile in an empty folder, its files,
# its command, an ordinary user, a root that cannot be written. By hand: scripts/image.sh
set -euo pipefail
cd "$(dirname "$0")/.."
place=$(mktemp -d)
app=$place/tutti data=$place/data
trap 'rm -rf "$place"' EXIT
mkdir -p "$app" "$data" "$place/home"

echo "== npm ci --omit=dev --ignore-scripts"
cp package.json package-lock.json app.yml "$app"
cp -r drizzle src "$app"
(cd "$app" && npm ci --omit=dev --ignore-scripts --no-audit --no-fund >/dev/null)
du -sh "$app/node_modules" | sed 's/^/   packages: /'

node=${NODE:-$(realpath node_modules/node/bin/node)}
uid=10001
chown -R "$uid:$uid" "$data" "$place/home" 2>/dev/null || true
chmod 755 "$place" "$app"

# The image's root: ours, read-only, with /tutti and /data as the Dockerfile has them.
inside() {
  local as=(--unshare-user --uid "$uid" --gid "$uid")
  [ "$(id -u)" = 0 ] && as=()
  local run=(bwrap "${as[@]}" --ro-bind / / --dev /dev --proc /proc --tmpfs /tmp --bind "$place" "$place"
    --ro-bind "$app" "$app" --bind "$data" "$data" --chdir "$app" --die-with-parent --clearenv
    --setenv PATH "$PATH" --setenv HOME "$place/home" --setenv NODE_ENV production --setenv DATA_DIR "$data" --setenv HOST 127.0.0.1 --setenv PORT 0)
  if [ "$(id -u)" = 0 ]; then setpriv --reuid "$uid" --regid "$uid" --clear-groups "${run[@]}" "$@"; else "${run[@]}" "$@"; fi
}

echo "== as an ordinary user, with a root that cannot be written"
inside sh -c 'test "$(id -u)" != 0 && ! touch /tutti-was-here 2>/dev/null && ! touch src/tutti-was-here 2>/dev/null'
echo "== tutti --version"
inside "$node" src/tutti.js --version
echo "== tutti doctor (nothing is set up: it says so and ends with 1)"
inside "$node" src/tutti.js doctor >"$place/doctor.txt" && { echo "it found nothing to do"; exit 1; }
grep -q 'the app is not registered yet' "$place/doctor.txt"
echo "== tutti serve (the set-up page)"
inside "$node" src/tutti.js serve >"$place/said.txt" 2>&1 &
pid=$!
for _ in $(seq 200); do grep -q 'Not set up yet' "$place/said.txt" && break; sleep 0.1; done
kill "$pid" 2>/dev/null || true
wait "$pid" 2>/dev/null || true
grep -q 'cannot be written' "$place/said.txt" && echo "   the set-up page needs a place for .env, as it says: give the credentials as variables or by file"
grep -q 'Not set up yet\|cannot be written' "$place/said.txt" || { cat "$place/said.txt"; exit 1; }
echo "the image's commands work"
