// The graphql-ws client against a server. Usage: node socket.mjs URL TOKEN BRIEF_TOKEN
import assert from "node:assert/strict";
import { createClient } from "graphql-ws";
import WebSocket from "ws";

const [url, token, brief] = process.argv.slice(2);
const client = (connectionParams, on = {}) =>
  createClient({ url, webSocketImpl: WebSocket, connectionParams, retryAttempts: 0, lazy: true, on });

const all = (c, query) =>
  new Promise((resolve, reject) => {
    const items = [];
    c.subscribe({ query }, { next: (item) => items.push(item), error: reject, complete: () => resolve(items) });
  });

// A query over the socket.
const c = client({ token });
assert.deepEqual(await all(c, "{ __typename }"), [{ data: { __typename: "Query" } }]);

// A mutation and an unsound document are refused without ending the socket.
await assert.rejects(all(c, "mutation { __typename }"), (e) => e[0].extensions.code === "GRAPHQL_VALIDATION_FAILED");
await assert.rejects(all(c, "{ nothing }"), (e) => e[0].extensions.code === "GRAPHQL_VALIDATION_FAILED");
assert.equal((await all(c, "{ __typename }")).length, 1);
await c.dispose();

// Authorization as a header value in the payload is taken too; a wrong token ends the socket with 4403.
const bearer = client({ Authorization: `Bearer ${token}` });
assert.equal((await all(bearer, "{ __typename }")).length, 1);
await bearer.dispose();
await assert.rejects(all(client({ token: "forged" }), "{ __typename }"), (e) => e.code === 4403);

// The socket ends with its token.
const ended = new Promise((resolve) => {
  const b = client({ token: brief }, { closed: resolve });
  b.subscribe({ query: "subscription { projectionLag { name } }" }, { next() {}, error() {}, complete() {} });
});
assert.equal((await ended).code, 4403);

// Another subprotocol is not spoken.
const other = new WebSocket(url, "graphql-ws");
const [code] = await new Promise((resolve) => {
  other.on("close", (...a) => resolve(a));
  other.on("error", () => resolve([4406]));
});
assert.equal(code, 4406);
console.log("graphql-ws: queries, refusals, end of token and subprotocol are as they must be");
