/**
 * A Node-RED node file that opens a running Node-RED to the tests, over the admin API (see test/support/node-red.ts).
 * Bodies are v8-serialised, so that NaN, undefined and typed arrays survive.
 */
const v8 = require("node:v8");
const { monitorEventLoopDelay } = require("node:perf_hooks");

module.exports = function (RED) {
  const watched = new Map(); // node id -> messages delivered to it
  const statuses = new Map(); // node id -> every status it showed
  const delay = monitorEventLoopDelay({ resolution: 1 });
  delay.enable();

  RED.hooks.add("onReceive.probe", ({ destination, msg }) => {
    watched.get(destination.id)?.push(RED.util.cloneMessage(msg));
  });
  RED.events.on("node-status", ({ id, status }) => {
    if (!statuses.has(id)) statuses.set(id, []);
    statuses.get(id).push(status);
  });

  const reply = (response, value) => response.type("application/octet-stream").send(v8.serialize(value));
  const route = (path, answer) =>
    RED.httpAdmin.post(path, (request, response) => {
      const chunks = [];
      request.on("data", (chunk) => chunks.push(chunk));
      request.on("end", () => {
        try {
          reply(response, answer(chunks.length > 0 ? v8.deserialize(Buffer.concat(chunks)) : undefined, request.params.id));
        } catch (error) {
          response.status(500).send(String(error));
        }
      });
    });

  route("/probe/watch", (ids) => {
    for (const id of ids) watched.set(id, []);
  });
  route("/probe/received/:id", (_, id) => watched.get(id));
  route("/probe/statuses/:id", (_, id) => statuses.get(id) ?? []);
  route("/probe/send/:id", (messages, id) => {
    const node = RED.nodes.getNode(id);
    if (!node) throw new Error(`no node ${id}`);
    for (const message of messages) node.receive(message);
  });
  route("/probe/process", (reset) => {
    const usage = { ...process.memoryUsage(), loopP99: delay.percentile(99) / 1e6, loopMax: delay.max / 1e6, pid: process.pid };
    if (reset) delay.reset();
    return usage;
  });
};
