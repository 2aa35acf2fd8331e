#!/usr/bin/env python3
"""A municipal journal (ENŽ) that sends its entries to the register.

    pip install -r requirements.txt
    python -m grpc_tools.protoc -I PROTO --python_out=. --grpc_python_out=. PROTO/vnr/command/v1/*.proto
    VNR_TOKEN=... python journal.py --target localhost:50051 --system enz-riga ../entries.json

What it shows: ids that follow from the journal's own, so that sending again changes nothing; many commands on one stream, results read
while sending; a refusal with everything that is wrong, by path.
"""

import argparse
import json
import os
import sys
import uuid

import grpc
from google.rpc import error_details_pb2, status_pb2
from grpc_status import rpc_status  # noqa: F401  (single calls: rpc_status.from_call(error))

from vnr.command.v1 import common_pb2 as common
from vnr.command.v1 import incident_pb2 as incident
from vnr.command.v1 import intake_pb2 as intake
from vnr.command.v1 import intake_pb2_grpc as services


class Journal:
    """Entries of a journal as commands of the register."""

    def __init__(self, system):
        self.system = system

    def envelope(self, entry, step):
        # The same entry and step give the same id, today and after a crash: a command takes effect once.
        name = f"{self.system}|{entry['no']}|{step}"
        return common.Envelope(
            command_id=str(uuid.uuid5(uuid.NAMESPACE_URL, name)),
            occurred_at=entry["happened"],
            source=common.Source(
                system=self.system, external_id=entry["no"], sequence=entry["line"], recorded_at=entry["written"]
            ),
        )

    def named(self, entry):
        # The register knows the record by the journal's own number: no id of the register has to be kept.
        return common.RecordRef(external=common.ExternalRef(system=self.system, external_id=entry["no"]))

    def commands(self, entry):
        yield intake.CommandEnvelope(
            register_incident=incident.RegisterIncident(
                envelope=self.envelope(entry, "register"),
                channel=common.CHANNEL_OWN_INITIATIVE,
                type_code=entry["kind"],
                category=entry["category"],
                place=common.Place(territory=entry["territory"], text=entry["place"]),
                narrative=entry["text"],
            )
        )
        for index, person in enumerate(entry.get("persons", [])):
            subject = uuid.uuid5(uuid.NAMESPACE_URL, f"{self.system}|{entry['no']}|person|{index}")
            details = incident.PersonDetails(
                name=person.get("name", ""), personal_code=person.get("code", ""), phone=person.get("phone", "")
            )
            yield intake.CommandEnvelope(
                involve_person=incident.InvolvePerson(
                    envelope=self.envelope(entry, f"person {index}"),
                    incident=self.named(entry),
                    subject_id=str(subject),
                    person=details,
                    roles=person["roles"],
                )
            )
        for index, item in enumerate(entry.get("items", [])):
            yield intake.CommandEnvelope(
                involve_item=incident.InvolveItem(
                    envelope=self.envelope(entry, f"item {index}"),
                    incident=self.named(entry),
                    id=str(uuid.uuid5(uuid.NAMESPACE_URL, f"{self.system}|{entry['no']}|item|{index}")),
                    **item,
                )
            )
        if "result" in entry:
            yield intake.CommandEnvelope(
                record_result=incident.RecordResult(
                    envelope=self.envelope(entry, "result"), incident=self.named(entry), result_code=entry["result"]
                )
            )


def reasons(error: status_pb2.Status):
    """All that is wrong, in sentences."""
    for detail in error.details:
        bad, rules = error_details_pb2.BadRequest(), error_details_pb2.PreconditionFailure()
        if detail.Unpack(bad):
            yield from (f"{wrong.field}: {wrong.description}" for wrong in bad.field_violations)
        elif detail.Unpack(rules):
            yield from (f"{broken.type}: {broken.description}" for broken in rules.violations)


def main():
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("entries", help="file of entries (JSON)")
    arguments.add_argument("--target", default="localhost:50051")
    arguments.add_argument("--system", default="enz-riga", help="name of this journal in the register")
    options = arguments.parse_args()

    journal = Journal(options.system)
    with open(options.entries, encoding="utf-8") as file:
        entries = json.load(file)
    sent, done, repeated, refused = {}, 0, 0, 0

    def stream():
        for entry in entries:
            for command in journal.commands(entry):
                message = getattr(command, command.WhichOneof("command"))
                sent[message.envelope.command_id] = (entry["no"], type(message).__name__)
                yield command

    metadata = [("authorization", f"Bearer {os.environ['VNR_TOKEN']}")]
    with grpc.insecure_channel(options.target) as channel:
        for result in services.IntakeStub(channel).Submit(stream(), metadata=metadata):
            number, command = sent.pop(result.command_id)
            if result.WhichOneof("outcome") == "reply":
                done, repeated = done + 1, repeated + result.reply.repeated
                print(f"{number} {command}: {result.reply.number}, version {result.reply.version}")
            else:
                refused += 1
                print(f"{number} {command}: {result.error.message}")
                for reason in reasons(result.error):
                    print(f"    {reason}")
    print(f"{done} done ({repeated} of them before), {refused} refused, {len(sent)} unanswered")
    return 1 if sent else 0


if __name__ == "__main__":
    sys.exit(main())
