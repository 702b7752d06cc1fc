#!/bin/bash
# Builds the four images with docker or buildah, prints their sizes, and runs each once.
#
# Usage:  tools/images.sh [IMAGE ...]          # request-handler planner job catalog
#
# BASE_IMAGE: Python image to build from, by digest for a release; default python:3.13-slim-trixie.
# BUILDER:    docker or buildah; default: the one whose engine answers. buildah needs none.
#
# What an image adds to its base is limited (see the table below); exit status 1 if one is too large,
# holds what it must not, or does not answer.
set -euo pipefail
cd "$(dirname "$0")/.."

base=${BASE_IMAGE:-docker.io/library/python:3.13-slim-trixie}
revision=$(git rev-parse HEAD 2>/dev/null || echo unknown)

# image: dockerfile, and the MB (10^6 bytes) that it may add to its base
declare -A dockerfiles=(
  [request-handler]=functions/request_handler/Dockerfile [planner]=functions/planner/Dockerfile
  [job]=job_image/Dockerfile [catalog]=catalog/Dockerfile
)
declare -A most_mb=([request-handler]=150 [planner]=1000 [job]=220 [catalog]=1200)

builder=${BUILDER:-}
if [[ -z $builder ]]; then
  if docker info >/dev/null 2>&1; then builder=docker
  elif command -v buildah >/dev/null; then builder=buildah
  else
    echo "images: neither a Docker engine answers nor is buildah installed; install one of them" >&2
    exit 1
  fi
fi
export STORAGE_DRIVER=${STORAGE_DRIVER:-vfs} BUILDAH_ISOLATION=${BUILDAH_ISOLATION:-chroot}

build() { # image
  case $builder in
    docker) docker build --quiet --file "${dockerfiles[$1]}" --build-arg "BASE_IMAGE=$base" \
      --build-arg "REVISION=$revision" --tag "choreo-$1" . >/dev/null ;;
    buildah) buildah bud --quiet --format docker --network host --pull=missing --file "${dockerfiles[$1]}" \
      --build-arg "BASE_IMAGE=$base" --build-arg "REVISION=$revision" --tag "choreo-$1" . >/dev/null ;;
  esac
}

# Runs a command in the image, as its user and with its environment.
run() { # image command...
  local image=$1
  shift
  case $builder in
    docker) docker run --rm --read-only --tmpfs /tmp --network host --entrypoint "$1" "choreo-$image" "${@:2}" ;;
    buildah)
      local container status=0
      container=$(buildah from --pull-never "localhost/choreo-$image")
      buildah run --network host "$container" -- "$@" || status=$?
      buildah rm "$container" >/dev/null
      return "$status" ;;
  esac
}

# buildah loses what a short command prints once in a while, so it is asked again.
added_mb() { # image: size of its own folders, which is what it adds
  local mb try
  for try in 1 2 3; do
    mb=$(measured_mb "$1") && [[ $mb =~ ^[0-9]+$ ]] && echo "$mb" && return 0
  done
  echo "the size of $1 cannot be measured" >&2
  return 1
}

measured_mb() { # image
  run "$1" python -c 'import os
seen = {}
for folder in ("/venv", "/app", "/numba"):
    for path, _, names in os.walk(folder):
        for name in names:
            status = os.lstat(os.path.join(path, name))
            seen[status.st_ino] = status.st_size
print(round(sum(seen.values()) / 1e6))'
}

# Imports everything that an image is for; the job and the request handler prove what they lack.
declare -A checks=(
  [request-handler]='
import importlib.util as find
import functions_framework, choreo.gcp.object_store, choreo.gcp.planning_queue, choreo.gcp.media_links, choreo.gcp.cloud_sql
absent = ["numpy", "librosa", "faiss", "av", "google.generativeai", "pip", "ensurepip"]
serve = ("handle", "http", "/healthz")'
  [planner]='
import importlib.util as find
import functions_framework, numpy, faiss, choreo.music, choreo.vectors, planning.pipeline
import choreo.gcp.render_jobs, choreo.gcp.secrets, choreo.gcp.language_model, choreo.gcp.cloud_sql
absent = ["pip", "ensurepip", "rendering"]
compiles_nothing = True
serve = ("plan_choreography", "cloudevent", None)'
  [job]='
import importlib.util as find
import av, main, execution.run, rendering.render, choreo.gcp.object_store, choreo.gcp.cloud_sql
absent = ["numpy", "scipy", "librosa", "numba", "faiss", "google.generativeai", "google.cloud.pubsub_v1", "grpc", "pip", "ensurepip"]
serve = None'
  [catalog]='
import importlib.util as find
import numpy, catalog, choreo.music, choreo.vectors, choreo_cli.main, alembic, choreo.gcp.object_store
absent = ["functions_framework", "pip", "ensurepip"]
compiles_nothing = True
serve = None'
)

epilogue='
import os, shutil, sys
def there(name):
    try:
        return find.find_spec(name) is not None
    except ModuleNotFoundError:
        return False
held = [name for name in absent if there(name)]
assert not held, f"the image holds {held}"
tools = [name for name in ("uv", "gcc", "cc", "ld", "make") if shutil.which(name)]
assert not tools, f"the image still has {tools}"
assert os.getuid() == 10001, f"it runs as {os.getuid()}"
for_anybody = ("/tmp", "/var/tmp", "/run", "/dev", "/proc", "/sys")
for folder, below, _ in os.walk("/"):
    below[:] = [name for name in below if os.path.join(folder, name) not in for_anybody]
    assert not os.access(folder, os.W_OK), f"its user may write into {folder}"
if "compiles_nothing" in globals():
    import choreo.music.warm_up
    from numba.core.event import install_recorder
    with install_recorder("numba:compile") as compiled:
        choreo.music.warm_up.main()
    assert not compiled.buffer, "an analysis compiles what the build did not"
if serve:
    target, kind, path = serve
    from functions_framework import create_app
    os.environ.setdefault("PLANNER_URL", "http://127.0.0.1:1")
    os.environ.setdefault("RENDER_JOB", "projects/p/locations/l/jobs/j")
    os.environ.setdefault("LIBRARY", "/tmp/library")
    caller = create_app(target, "/app/main.py", kind).test_client()
    if path:
        answer = caller.get(path)
        # Without a database a request handler is up and says 503; anything else is a fault.
        assert answer.status_code in (200, 503), answer.data
    else:
        # A message of no use is acknowledged and dropped, before anything else is touched.
        push = {"message": {"data": "e30=", "messageId": "1"}, "subscription": "projects/p/subscriptions/s"}
        answer = caller.post("/", json=push)
        assert answer.status_code == 200, answer.data
    print(f"{target} answers {answer.status_code}")
print("imports, user, rights and contents are right")
'

failed=0
for image in "${@:-request-handler planner job catalog}"; do
  for one in $image; do
    if [[ -z ${dockerfiles[$one]:-} ]]; then
      echo "images: there is no image $one; there are: ${!dockerfiles[*]}" >&2
      exit 2
    fi
    echo "== $one: building with $builder"
    start=$SECONDS
    # An overlay mount of buildah fails once in a while and works the second time.
    build "$one" || { echo "again"; build "$one"; }
    mb=$(added_mb "$one")
    echo "$one: built in $((SECONDS - start)) s; adds $mb MB to its base, of ${most_mb[$one]}"
    ((mb <= most_mb[$one])) || { echo "$one is too large" >&2; failed=1; }
    run "$one" python -c "${checks[$one]}$epilogue" || { echo "$one does not work" >&2; failed=1; }
  done
done
exit "$failed"
