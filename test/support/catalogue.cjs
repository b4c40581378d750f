// Loaded before node-red-dev: answers its two requests (the palette catalogue, the published versions of Node-RED) without a network.
const { createRequire } = require("node:module");
const axios = createRequire(process.env.NODE_RED_DEV_ENTRY)("axios");

const ANSWERS = {
  "https://catalogue.nodered.org/catalogue.json": { modules: [] },
  "https://registry.npmjs.org/node-red": {
    "dist-tags": { latest: "5.0.7", "v4-maintenance": "4.1.15" },
    versions: { "5.0.7": { engines: { node: ">=22.9" } } },
  },
};
axios.get = async (url) => ({ data: ANSWERS[url] });
