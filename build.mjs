/**
 * Bundles nodes/ and lib/ into dist/ (the type check is `npm run typecheck`; `npm run build` does both).
 *
 *   nodes/<x>/runtime.ts                  dist/nodes/millwright-<x>.js
 *   nodes/<x>/editor.{html,ts}, help.md   dist/nodes/millwright-<x>.html
 *   nodes/<x>/locales/<lang>.json, .md    dist/nodes/locales/<lang>/millwright-<x>.json, .html
 *   icons/*.svg                           dist/nodes/icons/
 *   lib/**\/<name>.child.ts                dist/processes/<name>.js      (own processes, see lib/processes.ts)
 *   code they share                       dist/shared/
 */
import { mkdir, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { watch } from "node:fs";
import { basename, dirname, join } from "node:path";
import { build } from "esbuild";

const root = import.meta.dirname;
const at = (...parts) => join(root, ...parts);
const pack = JSON.parse(await readFile(at("package.json"), "utf8"));
const external = Object.keys({ ...pack.dependencies, ...pack.optionalDependencies });

const written = new Set();

/** Output files are replaced one by one and the stale ones removed last: a running Node-RED never finds dist/ empty. */
async function put(path, content) {
  await mkdir(dirname(at(path)), { recursive: true });
  await writeFile(at(path), content);
  written.add(at(path));
}

async function removeStale() {
  for (const entry of await readdir(at("dist"), { recursive: true, withFileTypes: true })) {
    const path = join(entry.parentPath, entry.name);
    if (entry.isFile() && !written.has(path)) await rm(path);
  }
}

async function nodeFolders() {
  const entries = await readdir(at("nodes"), { withFileTypes: true });
  return entries.filter((e) => e.isDirectory()).map((e) => e.name);
}

async function bundleRuntime(names) {
  const lib = await readdir(at("lib"), { recursive: true });
  const processes = lib.filter((f) => f.endsWith(".child.ts")).map((f) => ({ in: at("lib", f), out: `processes/${basename(f, ".child.ts")}` }));
  const { metafile } = await build({
    entryPoints: [...names.map((name) => ({ in: at("nodes", name, "runtime.ts"), out: `nodes/millwright-${name}` })), ...processes],
    outdir: at("dist"),
    chunkNames: "shared/[name]-[hash]",
    bundle: true,
    splitting: true,
    format: "esm",
    platform: "node",
    target: "node20.19",
    supported: { "top-level-await": false }, // Node-RED 4.1 loads nodes through require()
    external,
    legalComments: "inline",
    logLevel: "warning",
    metafile: true,
    absWorkingDir: root,
  });
  for (const path of Object.keys(metafile.outputs)) written.add(at(path));
}

async function bundleEditor(name) {
  const { outputFiles } = await build({
    entryPoints: [at("nodes", name, "editor.ts")],
    bundle: true,
    write: false,
    format: "iife",
    platform: "browser",
    target: "es2022",
    charset: "utf8",
    tsconfig: at("tsconfig.editor.json"),
    logLevel: "warning",
  });
  const template = await readFile(at("nodes", name, "editor.html"), "utf8");
  const script = `<script type="text/javascript">\n${outputFiles[0].text}</script>\n`;
  await put(`dist/nodes/millwright-${name}.html`, script + template + help(name, await readFile(at("nodes", name, "help.md"), "utf8")));
}

/** Node-RED renders markdown help itself. */
function help(name, markdown) {
  return `<script type="text/markdown" data-help-name="millwright-${name}">\n${markdown.trim()}\n</script>\n`;
}

async function copyLocales(name) {
  for (const file of await readdir(at("nodes", name, "locales"))) {
    const [, language, kind] = /^([\w-]+)\.(json|md)$/.exec(file) ?? [];
    if (language === undefined) throw new Error(`nodes/${name}/locales/${file}: expected <language>.json or <language>.md`);
    const place = `dist/nodes/locales/${language}/millwright-${name}`;
    const text = await readFile(at("nodes", name, "locales", file), "utf8");
    if (kind === "json") await put(`${place}.json`, JSON.stringify(JSON.parse(text)));
    else await put(`${place}.html`, help(name, text));
  }
}

async function bundle() {
  const names = await nodeFolders();
  const declared = Object.entries(pack["node-red"].nodes).map(([type, file]) => `${type} ${file}`);
  const found = names.map((name) => `millwright-${name} dist/nodes/millwright-${name}.js`);
  const wrong = [...declared.filter((d) => !found.includes(d)), ...found.filter((f) => !declared.includes(f))];
  if (wrong.length > 0) throw new Error(`package.json "node-red".nodes and nodes/ differ: ${wrong.join("; ")}`);
  written.clear();
  await bundleRuntime(names);
  for (const name of names) {
    await bundleEditor(name);
    await copyLocales(name);
  }
  for (const icon of await readdir(at("icons"))) await put(`dist/nodes/icons/${icon}`, await readFile(at("icons", icon)));
  await removeStale();
}

await bundle();
if (process.argv.includes("--watch")) {
  let timer;
  const again = () => {
    clearTimeout(timer);
    timer = setTimeout(
      () =>
        bundle().then(
          () => console.log("built"),
          (error) => console.error(error.message),
        ),
      100,
    );
  };
  for (const folder of ["nodes", "lib", "icons"]) watch(at(folder), { recursive: true }, again);
  console.log("watching nodes/, lib/ and icons/");
}
