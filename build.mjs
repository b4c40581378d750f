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
import { cp, mkdir, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { existsSync, watch } from "node:fs";
import { basename, join } from "node:path";
import { build } from "esbuild";

const root = import.meta.dirname;
const at = (...parts) => join(root, ...parts);
const pack = JSON.parse(await readFile(at("package.json"), "utf8"));
const external = Object.keys({ ...pack.dependencies, ...pack.optionalDependencies });

async function nodeFolders() {
  const entries = await readdir(at("nodes"), { withFileTypes: true });
  return entries.filter((e) => e.isDirectory()).map((e) => e.name);
}

async function bundleRuntime(names) {
  const lib = await readdir(at("lib"), { recursive: true });
  const processes = lib.filter((f) => f.endsWith(".child.ts")).map((f) => ({ in: at("lib", f), out: `processes/${basename(f, ".child.ts")}` }));
  await build({
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
  });
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
  await writeFile(at("dist/nodes", `millwright-${name}.html`), script + template + help(name, await readFile(at("nodes", name, "help.md"), "utf8")));
}

/** Node-RED renders markdown help itself. */
function help(name, markdown) {
  return `<script type="text/markdown" data-help-name="millwright-${name}">\n${markdown.trim()}\n</script>\n`;
}

async function copyLocales(name) {
  for (const file of await readdir(at("nodes", name, "locales"))) {
    const [, language, kind] = /^([\w-]+)\.(json|md)$/.exec(file) ?? [];
    if (language === undefined) throw new Error(`nodes/${name}/locales/${file}: expected <language>.json or <language>.md`);
    const folder = at("dist/nodes/locales", language);
    await mkdir(folder, { recursive: true });
    const text = await readFile(at("nodes", name, "locales", file), "utf8");
    if (kind === "json") await writeFile(join(folder, `millwright-${name}.json`), JSON.stringify(JSON.parse(text)));
    else await writeFile(join(folder, `millwright-${name}.html`), help(name, text));
  }
}

async function bundle() {
  const names = await nodeFolders();
  const declared = Object.entries(pack["node-red"].nodes).map(([type, file]) => `${type} ${file}`);
  const found = names.map((name) => `millwright-${name} dist/nodes/millwright-${name}.js`);
  const wrong = [...declared.filter((d) => !found.includes(d)), ...found.filter((f) => !declared.includes(f))];
  if (wrong.length > 0) throw new Error(`package.json "node-red".nodes and nodes/ differ: ${wrong.join("; ")}`);
  await rm(at("dist"), { recursive: true, force: true });
  await mkdir(at("dist/nodes"), { recursive: true });
  await bundleRuntime(names);
  for (const name of names) {
    await bundleEditor(name);
    await copyLocales(name);
  }
  if (existsSync(at("icons"))) await cp(at("icons"), at("dist/nodes/icons"), { recursive: true });
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
