#!/usr/bin/env python3
"""Writes schema/reference/territories.csv from the official classifier (ATVK, Central Statistical Bureau, CC BY 4.0).

    python3 scripts/territories.py ATVK2021.csv > schema/reference/territories.csv

The official file has the codes that hold now, and those before them by name of code only. Here each code that ever held since 1 July 2021
has a line of its own. Where a row names no change it holds since then, whatever the row's date says: rows are dated anew when the
municipality above them gets another code.
"""
import csv
import datetime
import sys

BEGIN = "2021-07-01"
# Codes that hold no longer, which the official file names as predecessors: their names and levels.
ENDED = {
    "0023400": ("Ādažu pagasts", "2"),
    "0034420": ("Ķekavas pagasts", "2"),
    "0039410": ("Mārupes pagasts", "2"),
    "0038000": ("Madonas novads", "1"),
    "0055000": ("Varakļānu novads", "1"),
    "0055200": ("Varakļāni", "2"),
    "0055400": ("Murmastienes pagasts", "2"),
    "0055410": ("Varakļānu pagasts", "2"),
}
# What the official file does not say: a municipality that was joined to another one is a predecessor too.
JOINED = {"0038001": ["0055000"]}


def iso(text):
    return datetime.datetime.strptime(text, "%d.%m.%Y").date().isoformat() if text else ""


def main(path):
    table = {}
    with open(path, encoding="utf-8-sig") as official:
        for row in csv.DictReader(official):
            code = row["Kods"]
            changed = bool(row["Veiktās izmaiņas"])
            table[code] = {
                "name": row["Nosaukums"],
                "level": row["Līmenis"],
                "from": iso(row["Spēkā no"]) if changed else BEGIN,
                "to": iso(row["Spēkā līdz"]),
                "before": set(row["Kods pirms izmaiņām"].replace(",", " ").split()) | set(JOINED.get(code, [])),
                "after": set(),
            }
    for code, (name, level) in ENDED.items():
        begins = {new["from"] for new in table.values() if code in new["before"]}
        assert len(begins) == 1, f"{code} ends on one day, not on {begins}"
        table[code] = {"name": name, "level": level, "from": BEGIN, "to": begins.pop(), "before": set(), "after": set()}
    for code, entry in table.items():
        for before in entry["before"]:
            table[before]["after"].add(code)
    out = csv.writer(sys.stdout, lineterminator="\n")
    out.writerow(["code", "name", "level", "valid_from", "valid_to", "predecessors", "successors"])
    for code, entry in sorted(table.items()):
        links = [" ".join(sorted(entry["before"])), " ".join(sorted(entry["after"]))]
        out.writerow([code, entry["name"], entry["level"], entry["from"], entry["to"], *links])


main(sys.argv[1])
