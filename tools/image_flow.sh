#!/bin/bash
# One video through the built images: request handler, planner and render job, on one machine.
#
# Usage:  tools/image_flow.sh LIBRARY          # a library, as `make demo` leaves it; it is copied
#
# The images come from tools/images.sh. The job's image also runs the local jobs service, which
# starts its main.py as Cloud Run would. Needs buildah. Exit status 0 when the video was made.
set -euo pipefail
cd "$(dirname "$0")/.."

if [[ $# != 1 || ! -f $1/choreo.db ]]; then
  echo "usage: tools/image_flow.sh LIBRARY; LIBRARY must hold choreo.db, which make demo writes" >&2
  exit 2
fi
export STORAGE_DRIVER=${STORAGE_DRIVER:-vfs} BUILDAH_ISOLATION=${BUILDAH_ISOLATION:-chroot}
folder=$(mktemp -d)
cp -r "$1" "$folder/library"
# The images run as a user without rights, who has to write here.
chmod -R a+rwX "$folder"

free_port() { python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])'; }
handler=$(free_port) planner=$(free_port) jobs=$(free_port)
containers=() groups=()

finish() {
  for group in "${groups[@]}"; do kill -TERM -- "-$group" 2>/dev/null || true; done
  wait || true
  for container in "${containers[@]}"; do buildah rm "$container" >/dev/null 2>&1 || true; done
  rm -rf "$folder"
}
trap finish EXIT

start() { # image, variables..., --, command...
  local image=$1 variables=()
  shift
  while [[ $1 != -- ]]; do variables+=(--env "$1"); shift; done
  shift
  local container
  container=$(buildah from --pull-never "localhost/choreo-$image")
  containers+=("$container")
  setsid buildah run --network host --env LIBRARY=/library "${variables[@]}" \
    --volume "$folder/library:/library" --volume "$PWD/local_emulators:/app/local_emulators:ro" \
    "$container" -- "$@" >"$folder/$image.log" 2>&1 &
  groups+=("$!")
}

ready() { # port
  for _ in $(seq 120); do
    if (exec 3<>"/dev/tcp/127.0.0.1/$1") 2>/dev/null; then return 0; fi
    sleep 0.5
  done
  tail -n 20 "$folder"/*.log >&2
  return 1
}

start job SCRATCH_DIR=/library -- \
  python -m local_emulators.jobs_service --port "$jobs" --python python --script /app/main.py
start planner "PORT=$planner" "PLANNER_URL=http://127.0.0.1:$planner" \
  RENDER_JOB=projects/choreo-local/locations/local/jobs/render "JOBS_API_ENDPOINT=http://127.0.0.1:$jobs" -- \
  functions-framework --source=/app/main.py --target=plan_choreography --signature-type=cloudevent
start request-handler "PORT=$handler" "PLANNER_URL=http://127.0.0.1:$planner" -- \
  functions-framework --source=/app/main.py --target=handle --signature-type=http
for port in "$jobs" "$planner" "$handler"; do ready "$port"; done

python3 tools/smoke.py "http://127.0.0.1:$handler" --video || { tail -n 20 "$folder"/*.log >&2; exit 1; }
video=$(find "$folder/library/media/outputs" -name '*.mp4' -newer "$folder/request-handler.log" | head -n 1)
echo "made by the images: $(stat -c %s "$video") bytes"
