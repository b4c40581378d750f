/** node-red-node-test-helper set to the Node-RED under test (NODE_RED_PATH), for tests that load a node in this process. */
import { createRequire } from "node:module";
import helper from "node-red-node-test-helper";
import { NODE_RED_PATH } from "./node-red.ts";

helper.init(createRequire(`${NODE_RED_PATH}/package.json`).resolve(NODE_RED_PATH));
export { helper };
