#!/usr/bin/env python3
"""Compares the Swedish police notices in the register with the file that they were imported from, revision by revision.

    scripts/swedish-notices.py slice polisen-se-revisions-part.jsonl 200 > slice.jsonl     # all with revisions, and 200 without
    export VNR_TOKEN=$(vnr token --institution VP --role officer --purpose investigation)
    scripts/swedish-notices.py check slice.jsonl vnr --data-dir .vnr

It knows nothing of the importer: of the file it takes the first line of an id for the notice and each later one for a revision of it, in
force from `seen_at` on. Of the register it reads what `vnr record history` prints. For each notice it asks twice:

- the whole history: the same revisions, at the same times of their source, each with its text and place, and no other; and
- as known at each revision's time, on the source's axis: exactly the text and the place of that revision; a second before, those of the
  one before it, or nothing.

The text of a revision is `name`, a line feed, and `summary`. The register keeps no white space at the ends of what is sent, so none counts here.
Exit code 1 where something differs.
"""

import datetime
import itertools
import json
import subprocess
import sys
import tempfile

SYSTEM = "polisen-se"
# Differences that are told one by one.
TOLD = 20


def revisions(path):
    """The revisions of each notice, by its name in the register."""
    notices = {}
    with open(path, encoding="utf-8") as lines:
        for line in filter(str.strip, lines):
            revision = json.loads(line)
            notices.setdefault(f"{SYSTEM}/{revision['id']}", []).append(revision)
    return notices


def text(revision):
    parts = [revision["name"].strip(), revision["summary"].strip()]
    return "\n".join(part for part in parts if part)


def place(revision):
    return revision["location"]["name"].strip()


def seen(revision):
    return datetime.datetime.fromtimestamp(revision["seen_at"], datetime.timezone.utc)


def moment(printed):
    return datetime.datetime.fromisoformat(printed.replace("Z", "+00:00"))


class Differences:
    def __init__(self):
        self.count = 0

    def expect(self, what, found, expected):
        if found == expected:
            return True
        self.count += 1
        if self.count <= TOLD:
            print(f"{what}: the register has {found!r}, the file {expected!r}", file=sys.stderr)
        return False


def printed_by(command, arguments, asked=None):
    """The lines that the program prints, one at a time."""
    running = subprocess.Popen([*command, *arguments], stdin=asked, stdout=subprocess.PIPE, text=True, encoding="utf-8")
    for line in running.stdout:
        yield json.loads(line)
    if running.wait() != 0:
        sys.exit(f"{' '.join(arguments)}: exit code {running.returncode}")


def check_history(name, history, notice, differences):
    """The same revisions, each with what the file says of it."""
    entries = history["entries"]
    by_time = [(at, list(of)) for at, of in itertools.groupby(entries, lambda entry: entry.get("source_recorded_at"))]
    times = [at and moment(at) for at, _ in by_time]
    if not differences.expect(f"{name}: times of its revisions", times, [seen(revision) for revision in notice]):
        return
    recorded = [moment(entry["recorded_at"]) for entry in entries]
    differences.expect(f"{name}: recorded here in order", recorded, sorted(recorded))
    for number, (revision, (_, of)) in enumerate(zip(notice, by_time)):
        what = f"{name}, revision {number + 1}"
        happened = {moment(entry["occurred_at"]) for entry in of}
        begun = datetime.datetime.strptime(revision["datetime"], "%Y-%m-%d %H:%M:%S %z")
        differences.expect(f"{what}: happened", happened, {seen(revision) if number else begun})
        if number == 0:
            differences.expect(f"{what}: events", [entry["event"] for entry in of], ["IncidentRegistered"])
            differences.expect(f"{what}: number", of[0]["content"].get("legacy_number"), str(revision["id"]))
            differences.expect(f"{what}: place", of[0]["content"]["place"]["text"], place(revision))
        else:
            events = [entry["event"] for entry in of]
            # Types of the source that are one type of ours reclassify nothing; the same type never does.
            same_type = revision["type"].strip() == notice[number - 1]["type"].strip()
            other = [] if same_type else [["IncidentSupplemented", "IncidentReclassified"]]
            if events not in other:
                differences.expect(f"{what}: events", events, ["IncidentSupplemented"])
        differences.expect(f"{what}: text", of[0]["content"].get("narrative"), text(revision))


def questions(notices):
    """Each moment that is asked about: name, moment, and how many revisions were known then."""
    second = datetime.timedelta(seconds=1)
    for name, notice in notices.items():
        for number, revision in enumerate(notice):
            yield name, seen(revision) - second, number
            yield name, seen(revision), number + 1


def check_known(question, history, notice, differences):
    """What was known then is what the last revision before says, and nothing else."""
    name, at, known = question
    what = f"{name} as known to its source at {at.isoformat()}"
    asked = {"at": moment(history["as_known_at"]["at"]), "axis": history["as_known_at"]["axis"]}
    differences.expect(f"{what}: what was asked", asked, {"at": at, "axis": "source"})
    times = {moment(entry["source_recorded_at"]) for entry in history["entries"]}
    differences.expect(f"{what}: revisions", times, {seen(revision) for revision in notice[:known]})
    facts = {fact: said["value"] for fact, said in history["facts"].items()}
    if known == 0:
        differences.expect(f"{what}: facts", facts, {})
        return
    revision = notice[known - 1]
    differences.expect(f"{what}: text", facts.get("narrative"), text(revision))
    differences.expect(f"{what}: place", facts.get("place", {}).get("text"), place(revision))


def check(path, command):
    notices, differences = revisions(path), Differences()
    history = ["record", "history", "--json", "--reference", "swedish-notices"]
    missing = dict(notices)
    for found in printed_by(command, [*history, "--source", SYSTEM]):
        notice = missing.pop(found["name"], None)
        if differences.expect(f"{found['name']} is in the file, once", notice is not None, True):
            check_history(found["name"], found, notice, differences)
    differences.expect("notices that the register does not have", sorted(missing), [])

    with tempfile.TemporaryFile("w+", encoding="utf-8") as asked:
        for name, at, _ in questions(notices):
            print(name, at.isoformat(), sep="\t", file=asked)
        asked.flush()
        asked.seek(0)
        answers = printed_by(command, [*history, "--axis", "source", "-"], asked)
        count = 0
        for question, found in itertools.zip_longest(questions(notices), answers):
            if question is None or found is None or found["name"] != question[0]:
                sys.exit(f"asked {question}, answered {found and found['name']}")
            check_known(question, found, notices[question[0]], differences)
            count += 1

    revised = sum(len(notice) > 1 for notice in notices.values())
    total = sum(map(len, notices.values()))
    print(f"{len(notices)} notices, {revised} of them revised, {total} revisions, asked for {count} moments: {differences.count} differences")
    return 1 if differences.count else 0


def cut(path, others):
    """All lines of the notices with revisions and of so many others, in their order."""
    notices = revisions(path)
    single = [name for name, notice in notices.items() if len(notice) == 1]
    wanted = {name for name, notice in notices.items() if len(notice) > 1} | set(single[:others])
    with open(path, encoding="utf-8") as lines:
        for line in filter(str.strip, lines):
            if f"{SYSTEM}/{json.loads(line)['id']}" in wanted:
                sys.stdout.write(line)


if __name__ == "__main__":
    match sys.argv[1:]:
        case ["slice", path, others]:
            cut(path, int(others))
        case ["check", path, *command] if command:
            sys.exit(check(path, command))
        case _:
            sys.exit(__doc__)
