# Read by `run` and `screenshots`: sets node, ALPHA_CHROMIUM and installs the packages, or ends
# with 77 and a line that says what is missing.
node=$(command -v node || command -v nodejs) || { echo "skipped: there is no node" >&2; exit 77; }
if ! "$node" -e 'process.exit(process.versions.node.split(".")[0] >= 18 ? 0 : 1)'; then
  echo "skipped: $("$node" --version) is older than Node 18" >&2
  exit 77
fi

for name in "${ALPHA_CHROMIUM:-}" chromium chromium-browser google-chrome; do
  [ -n "$name" ] && chromium=$(command -v "$name") && break
done
[ -n "${chromium:-}" ] || { echo "skipped: there is no chromium" >&2; exit 77; }
export ALPHA_CHROMIUM="$chromium"

# npm writes this file at the end of what it installs.
installed="$here/node_modules/.package-lock.json"
if [ ! -e "$installed" ] || [ "$here/package-lock.json" -nt "$installed" ]; then
  if ! (cd "$here" && npm ci --prefer-offline --no-audit --no-fund --loglevel=error >&2); then
    echo "skipped: 'npm ci' in tests/web has failed" >&2
    exit 77
  fi
  touch "$installed"
fi
