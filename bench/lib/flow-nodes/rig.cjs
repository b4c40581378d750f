/**
 * Source, pass-through and sink of bench/flow.ts, inside Node-RED. POST /bench/:source runs one measurement:
 *   closed: the next message leaves when the one before has arrived; gives each message's time in us
 *   open:   `flight` messages are under way at any time; gives messages per second
 *   steady: `rate` messages per second; gives the event-loop delay
 */
const { monitorEventLoopDelay } = require("node:perf_hooks");

const POOL = 8192; // rows, a prime-length cycle away from any period the detector might look for
const PERIOD = 1000; // ms between two samples, by their own clock

/** Correlated AR(1) signals: level 10, deviation about 1. */
function rows(signals) {
  let seed = 12345;
  const uniform = () => (seed = (seed * 1664525 + 1013904223) >>> 0) / 2 ** 32;
  const normal = () => Math.sqrt(-2 * Math.log(1 - uniform())) * Math.cos(2 * Math.PI * uniform());
  const state = new Array(signals).fill(0);
  return Array.from({ length: POOL }, () => {
    const common = normal();
    for (let i = 0; i < signals; i++) state[i] = 0.8 * state[i] + 0.6 * (0.5 * common + 0.8 * normal());
    return state.map((value) => 10 + value);
  });
}

module.exports = function (RED) {
  const sources = new Map();

  function Source(config) {
    RED.nodes.createNode(this, config);
    const pool = rows(config.signals);
    const names = pool[0].map((_, i) => `s${i + 1}`);
    this.at = 0;
    this.scored = 0; // messages that came back with a score
    this.clock = 1.7e12;
    this.next = () => {
      const row = pool[this.at++ % POOL];
      const payload = {};
      for (let i = 0; i < names.length; i++) payload[names[i]] = row[i];
      this.send({ payload, timestamp: (this.clock += PERIOD) });
    };
    sources.set(this.id, this);
  }
  RED.nodes.registerType("bench-source", Source);

  RED.nodes.registerType("bench-pass", function (config) {
    RED.nodes.createNode(this, config);
    this.on("input", (msg, send, done) => {
      send(msg);
      done();
    });
  });

  RED.nodes.registerType("bench-sink", function (config) {
    RED.nodes.createNode(this, config);
    this.on("input", (msg, _send, done) => {
      const source = sources.get(config.source);
      if (typeof msg.anomaly?.score === "number") source.scored++;
      source.arrived?.();
      done();
    });
  });

  function closed(source, { count }) {
    const times = new Float64Array(count);
    source.scored = 0;
    return new Promise((resolve) => {
      let i = 0;
      let left = 0;
      const leave = () => {
        left = performance.now();
        source.next();
      };
      source.arrived = () => {
        times[i++] = (performance.now() - left) * 1000;
        if (i === count) resolve({ times: Array.from(times.sort()), scored: source.scored });
        else setImmediate(leave);
      };
      leave();
    });
  }

  function open(source, { count, flight }) {
    const begun = performance.now();
    return new Promise((resolve) => {
      let sent = 0;
      let arrived = 0;
      source.arrived = () => {
        if (++arrived === count) resolve({ perSecond: (count / (performance.now() - begun)) * 1000 });
        else if (sent < count) {
          sent++;
          source.next();
        }
      };
      for (; sent < Math.min(flight, count); sent++) source.next();
    });
  }

  /** Until `stop` is asked for, or `count` messages have left. */
  function steady(source, { count, rate }) {
    const delay = monitorEventLoopDelay({ resolution: 1 });
    source.arrived = undefined;
    source.stopped = false;
    return new Promise((resolve) => {
      const begun = performance.now();
      let sent = 0;
      delay.enable();
      const tick = () => {
        const due = Math.min(count, ((performance.now() - begun) * rate) / 1000);
        // at most a few at once: catching up after a pause of the machine is not what is measured
        for (let burst = 0; sent < due && burst < 5; burst++, sent++) source.next();
        if (sent < due - 50) sent = Math.floor(due);
        if (sent < count && !source.stopped) setTimeout(tick, 1);
        else {
          delay.disable();
          resolve({ loopP99: delay.percentile(99) / 1e6, loopMax: delay.max / 1e6, seconds: (performance.now() - begun) / 1000 });
        }
      };
      tick();
    });
  }

  const KINDS = { closed, open, steady };
  RED.httpAdmin.post("/bench/:id/stop", (request, response) => {
    sources.get(request.params.id).stopped = true;
    response.json({});
  });
  RED.httpAdmin.post("/bench/:id", (request, response) => {
    KINDS[request.body.kind](sources.get(request.params.id), request.body).then((result) => response.json(result));
  });
  RED.httpAdmin.post("/bench-memory", (_request, response) => {
    globalThis.gc();
    globalThis.gc();
    response.json({ rss: process.memoryUsage.rss(), heap: process.memoryUsage().heapUsed });
  });
};
