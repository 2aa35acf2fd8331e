#!/bin/sh
# Makes the first inputs of the fuzz targets out of the golden payloads: one for each of them, and one record for each stream.
set -eu
cd "$(dirname "$0")"
mkdir -p corpus/upcast corpus/hydrate
for folder in ../schema/golden/*/; do
    stream=$(basename "$folder")
    : >"corpus/hydrate/$stream"
    for file in "$folder"*.json; do
        name=$(basename "$file" .json)
        event=${name%%.*}
        version=${name#*.v}
        version=${version%%.*}
        payload=$(tr -d '\n' <"$file")
        printf '%s\n%s\n%s' "$event" "$version" "$payload" >"corpus/upcast/$stream-$name"
        printf '%s %s %s\n' "$event" "$version" "$payload" >>"corpus/hydrate/$stream"
    done
done
echo "seeds: $(ls corpus/upcast | wc -l) payloads, $(ls corpus/hydrate | wc -l) records"
