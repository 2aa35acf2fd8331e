#!/bin/sh
# Makes the first inputs of the fuzz targets: of each golden payload, of each stream, of the mappings, of the examples in PROOFS.md.
set -eu
cd "$(dirname "$0")"
mkdir -p corpus/upcast corpus/hydrate corpus/proof corpus/mapping
cp ../schema/mappings/*.toml corpus/mapping/
awk '/^```/ { inside = !inside; n += inside; next } inside { print > ("corpus/proof/example-" n) }' ../docs/PROOFS.md
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
echo "seeds: $(ls corpus/upcast | wc -l) payloads, $(ls corpus/hydrate | wc -l) records, $(ls corpus/proof | wc -l) proofs, $(ls corpus/mapping | wc -l) mappings"
