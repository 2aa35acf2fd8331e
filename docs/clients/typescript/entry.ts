/**
 * Direct entry as a page in a browser does it: gRPC-Web over `fetch`, with nothing but the published contract.
 *
 *     PROTO=... VNR_TOKEN=... node built/entry.js http://localhost:50051
 *
 * What it shows: a draft that is looked at while it is typed, what it is filled in with, what the register knows already of its address
 * and its plate, and the registration at the end. All of `Page` runs in a browser as it is; there the contract comes as JSON (`pbjs`).
 */

import * as path from "node:path";

import protobuf from "protobufjs";

const PROTO = process.env.PROTO ?? "../../../proto";

interface Violation {
  field?: string;
  type?: string;
  rule?: string;
  description: string;
}

interface Known {
  count: number;
  latest: { number: string; type_code: string }[];
}

interface Reply {
  completed: Draft;
  filled: { field: string; from: string }[];
  violations: Violation[];
  missing: string[];
  respond_by: string;
  place?: { incidents: Known } | null;
  vehicles: { index: number; incidents: Known }[];
  known_unread: boolean;
}

interface Draft {
  envelope?: { command_id: string; occurred_at: string };
  channel?: string;
  type_code?: string;
  category?: string;
  place?: { text?: string; territory?: string; address_code?: string };
  narrative?: string;
  reporter?: { name?: string; phone?: string };
}

/** A call that was refused, with all that is wrong. */
class Refused extends Error {
  constructor(readonly code: number, message: string, readonly violations: Violation[]) {
    super(message);
  }
}

/** The register's services, for a page. */
class Page {
  constructor(private readonly contract: protobuf.Root, private readonly address: string, private readonly token: string) {}

  /** One call: a message there, a message back. */
  async call<T>(name: string, message: object): Promise<T> {
    const service = this.contract.lookupService("vnr.command.v1.IncidentService");
    const method = service.methods[name];
    method?.resolve();
    if (!method?.resolvedRequestType || !method.resolvedResponseType) throw new Error(`the contract has no ${name}`);
    const bytes = method.resolvedRequestType.encode(method.resolvedRequestType.fromObject(message)).finish();
    const frame = new Uint8Array(5 + bytes.length);
    new DataView(frame.buffer).setUint32(1, bytes.length);
    frame.set(bytes, 5);
    const response = await fetch(`${this.address}/vnr.command.v1.IncidentService/${name}`, {
      method: "POST",
      headers: {
        "content-type": "application/grpc-web+proto",
        "x-grpc-web": "1",
        authorization: `Bearer ${this.token}`,
        // A page waits no longer than who types does.
        "grpc-timeout": "5S",
      },
      body: frame,
    });
    const body = new Uint8Array(await response.arrayBuffer());
    // A refusal has no body: its status stands in the headers. After a message it stands behind it.
    const status = new Map<string, string>(response.headers.entries());
    let reply: T | undefined;
    for (let at = 0; at < body.length; ) {
      const length = new DataView(body.buffer, at + 1, 4).getUint32(0);
      const part = body.subarray(at + 5, at + 5 + length);
      if (((body[at] ?? 0) & 0x80) !== 0) {
        for (const line of new TextDecoder().decode(part).split("\r\n")) {
          const colon = line.indexOf(":");
          if (colon > 0) status.set(line.slice(0, colon).toLowerCase(), line.slice(colon + 1).trim());
        }
      } else {
        const type = method.resolvedResponseType;
        reply = type.toObject(type.decode(part), { enums: String, longs: String, defaults: true, arrays: true }) as T;
      }
      at += 5 + length;
    }
    const code = Number(status.get("grpc-status") ?? 2);
    if (code !== 0 || reply === undefined) {
      const said = decodeURIComponent(status.get("grpc-message") ?? `HTTP ${response.status}`);
      throw new Refused(code, said, this.violations(status.get("grpc-status-details-bin") ?? ""));
    }
    return reply;
  }

  /** All that is wrong with a refused command: the details of its status, by their published types. */
  private violations(details: string): Violation[] {
    const bytes = Uint8Array.from(atob(details), (letter) => letter.charCodeAt(0));
    const type = this.contract.lookupType("google.rpc.Status");
    const status = type.toObject(type.decode(bytes)) as { details?: { type_url: string; value: Uint8Array }[] };
    return (status.details ?? []).flatMap((detail) => {
      const name = ["google.rpc.BadRequest", "google.rpc.PreconditionFailure"].find((name) => detail.type_url.endsWith(name));
      if (name === undefined) return [];
      const type = this.contract.lookupType(name);
      const told = type.toObject(type.decode(detail.value)) as { field_violations?: Violation[]; violations?: Violation[] };
      return [...(told.field_violations ?? []), ...(told.violations ?? [])];
    });
  }
}

/** What a page would show beside the form. */
function show(title: string, reply: Reply): void {
  console.log(`${title}`);
  for (const wrong of reply.violations) console.log(`    ${wrong.field || wrong.rule}: ${wrong.description}`);
  if (reply.missing.length > 0) console.log(`    still to enter: ${reply.missing.join(", ")}`);
  const named = reply.filled.map(({ field, from }) => `${field} (${from.replace("FILLED_FROM_", "").toLowerCase()})`);
  if (named.length > 0) console.log(`    filled in: ${named.join(", ")}`);
  if (reply.place) console.log(`    earlier at this address: ${told(reply.place.incidents)}`);
  for (const vehicle of reply.vehicles) console.log(`    earlier with this vehicle: ${told(vehicle.incidents)}`);
}

function told(known: Known): string {
  const latest = known.latest.map(({ number, type_code }) => ` ${number} ${type_code}`);
  return [String(known.count), ...latest].join(",");
}

async function main(): Promise<void> {
  const [address = "http://localhost:50051"] = process.argv.slice(2);
  const contract = new protobuf.Root();
  contract.resolvePath = (_, name) => (name.includes("google/protobuf/") ? name : path.join(PROTO, name));
  const files = ["vnr/command/v1/incident.proto", "google/rpc/status.proto", "google/rpc/error_details.proto"];
  contract.loadSync(files, { keepCase: true });
  const page = new Page(contract, address, process.env.VNR_TOKEN ?? "");
  const validate = (draft: Draft, vehicles: object[] = []) =>
    page.call<Reply>("ValidateIncident", { draft, vehicles });

  show("An empty form", await validate({}));
  const typed: Draft = { type_code: "thefft", channel: "CHANNEL_IN_PERSON", category: "CATEGORY_C" };
  show("A slip of the pen", await validate(typed));
  const draft: Draft = {
    ...typed,
    type_code: "theft",
    place: { text: "Brīvības iela 61, Rīga" },
    narrative: "No pagalma pazudis velosipēds; aizbrauca pelēks busiņš.",
    reporter: { name: "Anna Paraudziņa", phone: "+37120000000" },
  };
  const vehicle = { relation: "suspect", plate: "AB-1234" };
  const reply = await validate(draft, [vehicle]);
  show("Seven fields and a plate", reply);
  // What was looked at is what is sent, with the id that it was given: sent twice it is registered once.
  const registered = await page.call<{ number: string; aggregate_id: string }>("RegisterIncident", reply.completed);
  const envelope = { ...reply.completed.envelope, command_id: crypto.randomUUID() };
  await page.call("InvolveVehicle", { envelope, incident: { id: registered.aggregate_id }, ...vehicle });
  console.log(`Registered: ${registered.number}`);

  // The next who types that address or that plate sees it; read models follow within a moment.
  let next = await validate(draft, [vehicle]);
  for (let tries = 0; tries < 50 && next.vehicles[0]?.incidents.count !== 1; tries += 1) {
    await new Promise((resolve) => setTimeout(resolve, 100));
    next = await validate(draft, [vehicle]);
  }
  show("The same address again", next);
  try {
    await page.call("RegisterIncident", { ...next.completed, category: "CATEGORY_UNSPECIFIED" });
  } catch (error) {
    if (!(error instanceof Refused)) throw error;
    console.log(`Refused with ${error.code}: ${error.violations.map(({ field }) => field).join(", ")}`);
  }
}

main().catch((error: unknown) => {
  console.error(error);
  process.exitCode = 1;
});
