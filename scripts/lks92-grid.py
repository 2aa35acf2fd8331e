#!/usr/bin/env python3
"""Writes what PROJ says of a grid over Latvia: what our own LKS-92 is compared with. Needs pyproj.

    python3 scripts/lks92-grid.py > domain/src/values/lks92-grid.csv
"""
import pyproj

to_plane = pyproj.Transformer.from_crs("EPSG:4326", "EPSG:3059")
print("latitude_e6,longitude_e6,northing_tenth_mm,easting_tenth_mm")
for latitude in range(55_650_001, 58_150_000, 99_991):
    for longitude in range(20_500_003, 28_250_000, 249_989):
        northing, easting = to_plane.transform(latitude / 1e6, longitude / 1e6)
        print(latitude, longitude, round(northing * 1e4), round(easting * 1e4), sep=",")
