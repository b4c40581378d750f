/**
 * `npm start [-- --port N] [--host ADDRESS] [--user FOLDER]`: installs, builds, and starts Node-RED with the demo flow. Its user folder is
 * .node-red/ in the project (ignored by git): delete it to begin afresh. Listens on this machine only unless --host says otherwise.
 */
import { spawn } from "node:child_process";
import { randomBytes } from "node:crypto";
import { copyFileSync, existsSync, lstatSync, mkdirSync, symlinkSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { dirname, join, relative, resolve } from "node:path";
import { parseArgs } from "node:util";
import { build, install, requireNode, ROOT, stop } from "./prepare.mjs";

const PACKAGES = { "@millwright/node-red-ai": ROOT, "@flowfuse/node-red-dashboard": join(ROOT, "node_modules", "@flowfuse", "node-red-dashboard") };

function readArguments() {
  try {
    const { values } = parseArgs({
      options: {
        port: { type: "string", default: "1880" },
        host: { type: "string", default: "127.0.0.1" },
        user: { type: "string", default: join(ROOT, ".node-red") },
      },
    });
    const port = Number(values.port);
    if (!Number.isInteger(port) || port < 1 || port > 65535) stop(`--port must be an integer in 1..65535, got ${values.port}`);
    return { port, host: values.host, user: resolve(values.user) };
  } catch (error) {
    return stop(`${error.message}\nUsage: npm start -- --port 1880 --host 127.0.0.1 --user FOLDER`);
  }
}

function requireFree(port, host) {
  return new Promise((resolve) => {
    const server = createServer();
    server.once("error", (error) => {
      if (error.code === "EADDRINUSE") stop(`Port ${port} is already in use (another Node-RED?). Choose another one: npm start -- --port ${port + 1}`);
      stop(`Cannot listen on ${host}:${port}: ${error.message}`);
    });
    server.listen(port, host, () => server.close(resolve));
  });
}

function settings() {
  return `// Settings of the Node-RED that \`npm start\` runs. Written once; yours to change: https://nodered.org/docs/user-guide/runtime/configuration
module.exports = {
  flowFile: "flows.json",
  credentialSecret: "${randomBytes(32).toString("hex")}",
  telemetry: { enabled: false, updateNotification: false },
  editorTheme: { tours: false, projects: { enabled: false } },
};
`;
}

function present(path) {
  return lstatSync(path, { throwIfNoEntry: false }) !== undefined;
}

/** Settings, package list and the demo flow, each written only where it is missing; the packages are links into this project. */
function prepareUserFolder(user) {
  mkdirSync(user, { recursive: true });
  const write = (name, text) => existsSync(join(user, name)) || writeFileSync(join(user, name), text);
  write("settings.js", settings());
  const dependencies = Object.fromEntries(Object.entries(PACKAGES).map(([name, folder]) => [name, `file:${relative(user, folder)}`]));
  write("package.json", `${JSON.stringify({ name: "millwright-demo", private: true, dependencies }, null, 2)}\n`);
  for (const [name, folder] of Object.entries(PACKAGES)) {
    const place = join(user, "node_modules", name);
    if (present(place)) continue;
    mkdirSync(dirname(place), { recursive: true });
    symlinkSync(folder, place, process.platform === "win32" ? "junction" : "dir");
  }
  if (!existsSync(join(user, "flows.json"))) copyFileSync(join(ROOT, "examples", "flows", "pump-station.json"), join(user, "flows.json"));
}

/** Waits until the editor answers, then says where everything is. */
async function announce(child, url) {
  while (child.exitCode === null) {
    const answer = await fetch(url).catch(() => undefined);
    if (answer?.ok) {
      console.log(`\n  Editor:     ${url}/\n  Dashboard:  ${url}/dashboard\n\n  Stop with Ctrl+C.\n`);
      return;
    }
    await new Promise((resolve) => setTimeout(resolve, 250));
  }
}

const { port, host, user } = readArguments();
requireNode();
await requireFree(port, host);
install();
build();
prepareUserFolder(user);

const nodeRed = join(ROOT, "node_modules", "node-red", "red.js");
const child = spawn(process.execPath, [nodeRed, "--userDir", user, "--port", String(port), "-D", `uiHost=${host}`], { cwd: user, stdio: "inherit" });
for (const signal of ["SIGINT", "SIGTERM"]) process.on(signal, () => child.kill(signal));
child.on("exit", (code, signal) => process.exit(signal ? 0 : (code ?? 1)));
await announce(child, `http://${host === "0.0.0.0" ? "127.0.0.1" : host}:${port}`);
