/**
 * A municipal journal (ENŽ) that sends its entries to the register.
 *
 *     npm install
 *     PROTO=... npm run generate && npm run build
 *     PROTO=... VNR_TOKEN=... node built/journal.js ../entries.json localhost:50051 enz-riga
 *
 * What it shows: ids that follow from the journal's own, so that sending again changes nothing; many commands on one stream, results read
 * while sending; a refusal with everything that is wrong, by path. The types come from the published .proto files.
 */

import * as crypto from "node:crypto";
import { once } from "node:events";
import * as fs from "node:fs";
import * as path from "node:path";

import * as grpc from "@grpc/grpc-js";
import * as loader from "@grpc/proto-loader";
import protobuf from "protobufjs";

import type { ProtoGrpcType } from "./generated/intake";
import type { CommandEnvelope } from "./generated/vnr/command/v1/CommandEnvelope";
import type { CommandResult__Output } from "./generated/vnr/command/v1/CommandResult";
import type { Envelope } from "./generated/vnr/command/v1/Envelope";
import type { RecordRef } from "./generated/vnr/command/v1/RecordRef";
import type { RegisterIncident } from "./generated/vnr/command/v1/RegisterIncident";

interface Person {
  name?: string;
  code?: string;
  phone?: string;
  roles: string[];
}

interface Entry {
  no: string;
  line: number;
  written: string;
  happened: string;
  kind: string;
  category: RegisterIncident["category"];
  territory: string;
  place: string;
  text: string;
  persons?: Person[];
  items?: { kind: string; relation: string; value_cents?: number }[];
  result?: string;
}

const PROTO = process.env.PROTO ?? "../../../proto";
const OPTIONS: loader.Options = { keepCase: true, longs: String, enums: String, defaults: true, oneofs: true, includeDirs: [PROTO] };

/** UUID version 5: the same name gives the same id, today and after a crash. */
function uuid5(name: string): string {
  const space = Buffer.from("6ba7b8119dad11d180b400c04fd430c8", "hex");
  const hash = crypto.createHash("sha1").update(space).update(name).digest().subarray(0, 16);
  hash[6] = ((hash[6] ?? 0) & 0x0f) | 0x50;
  hash[8] = ((hash[8] ?? 0) & 0x3f) | 0x80;
  return hash.toString("hex").replace(/(.{8})(.{4})(.{4})(.{4})(.{12})/, "$1-$2-$3-$4-$5");
}

/** Entries of a journal as commands of the register. */
class Journal {
  constructor(private readonly system: string) {}

  private envelope(entry: Entry, step: string): Envelope {
    return {
      command_id: uuid5(`${this.system}|${entry.no}|${step}`),
      occurred_at: entry.happened,
      source: { system: this.system, external_id: entry.no, sequence: entry.line, recorded_at: entry.written },
    };
  }

  /** The register knows the record by the journal's own number: no id of the register has to be kept. */
  private named(entry: Entry): RecordRef {
    return { external: { system: this.system, external_id: entry.no } };
  }

  /** Name, message and id of each. */
  *commands(entry: Entry): Generator<[string, CommandEnvelope, string]> {
    const idOf = (step: string) => uuid5(`${this.system}|${entry.no}|${step}`);
    const envelope = (step: string) => this.envelope(entry, step);
    const place = { territory: entry.territory, text: entry.place };
    const { kind: type_code, category, text: narrative } = entry;
    const register = { channel: "CHANNEL_OWN_INITIATIVE", type_code, category, place, narrative } as const;
    yield ["RegisterIncident", { register_incident: { envelope: envelope("register"), ...register } }, idOf("register")];
    const incident = this.named(entry);
    for (const [index, person] of (entry.persons ?? []).entries()) {
      const subject_id = uuid5(`${this.system}|${entry.no}|person|${index}`);
      const details = { name: person.name ?? "", personal_code: person.code ?? "", phone: person.phone ?? "" };
      const involve = { incident, subject_id, person: details, roles: person.roles };
      const step = `person ${index}`;
      yield ["InvolvePerson", { involve_person: { envelope: envelope(step), ...involve } }, idOf(step)];
    }
    for (const [index, item] of (entry.items ?? []).entries()) {
      const id = uuid5(`${this.system}|${entry.no}|item|${index}`);
      const step = `item ${index}`;
      yield ["InvolveItem", { involve_item: { envelope: envelope(step), incident, id, ...item } }, idOf(step)];
    }
    if (entry.result !== undefined) {
      const result = { envelope: envelope("result"), incident, result_code: entry.result };
      yield ["RecordResult", { record_result: result }, idOf("result")];
    }
  }
}

interface Violation {
  field?: string;
  type?: string;
  description: string;
}

/** All that is wrong with a refused command, in sentences: the details of its status, by their published types. */
function reasons(details: protobuf.Root, result: CommandResult__Output): string[] {
  const wanted = ["google.rpc.BadRequest", "google.rpc.PreconditionFailure"];
  return (result.error?.details ?? []).flatMap((detail) => {
    const any = detail as { type_url?: string; value?: Uint8Array };
    const name = wanted.find((name) => any.type_url?.endsWith(name));
    if (name === undefined || any.value === undefined) return [];
    const type = details.lookupType(name);
    const told = type.toObject(type.decode(any.value)) as { field_violations?: Violation[]; violations?: Violation[] };
    const violations = [...(told.field_violations ?? []), ...(told.violations ?? [])];
    return violations.map((violation) => `${violation.field ?? violation.type}: ${violation.description}`);
  });
}

async function main(): Promise<void> {
  const [file = "../entries.json", target = "localhost:50051", system = "enz-riga"] = process.argv.slice(2);
  const entries = JSON.parse(fs.readFileSync(file, "utf8")) as Entry[];
  const definition = loader.loadSync("vnr/command/v1/intake.proto", OPTIONS);
  const contract = grpc.loadPackageDefinition(definition) as unknown as ProtoGrpcType;
  const details = new protobuf.Root();
  details.resolvePath = (_, name) => (name.startsWith("google/rpc/") ? path.join(PROTO, name) : name);
  details.loadSync("google/rpc/error_details.proto", { keepCase: true });

  const metadata = new grpc.Metadata();
  metadata.set("authorization", `Bearer ${process.env.VNR_TOKEN}`);
  const client = new contract.vnr.command.v1.Intake(target, grpc.credentials.createInsecure());
  const call = client.Submit(metadata);
  const sent = new Map<string, [string, string]>();
  let [done, repeated, refused] = [0, 0, 0];
  const ended = new Promise<void>((resolve, reject) => call.on("end", resolve).on("error", reject));
  call.on("data", (result: CommandResult__Output) => {
    const [number, command] = sent.get(result.command_id) ?? ["?", "?"];
    sent.delete(result.command_id);
    if (result.reply) {
      done += 1;
      repeated += result.reply.repeated ? 1 : 0;
      console.log(`${number} ${command}: ${result.reply.number}, version ${result.reply.version}`);
      return;
    }
    refused += 1;
    console.log(`${number} ${command}: ${result.error?.message}`);
    for (const reason of reasons(details, result)) console.log(`    ${reason}`);
  });

  const journal = new Journal(system);
  for (const entry of entries) {
    for (const [command, message, id] of journal.commands(entry)) {
      sent.set(id, [entry.no, command]);
      // The stream says when it has taken in enough: who goes on regardless fills their own memory.
      if (!call.write(message)) await once(call, "drain");
    }
  }
  call.end();
  await ended;
  client.close();
  console.log(`${done} done (${repeated} of them before), ${refused} refused, ${sent.size} unanswered`);
  process.exitCode = sent.size > 0 ? 1 : 0;
}

main().catch((error: unknown) => {
  console.error(error);
  process.exitCode = 1;
});
